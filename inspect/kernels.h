/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels of a guest: what the rpm database, /boot and the boot loader tell of them, put together. */
#pragma once

#include "common/inspection.h"
#include "inspect/menu.h"
#include "inspect/rpm-header.h"

/* More are not told; those that the boot loader has come first. */
#define XPV_KERNELS_MAX 256U

/* xpv_kernels_is_bootable: whether a package of that name has a kernel to boot: "kernel", "kernel-PAE". */
gboolean xpv_kernels_is_bootable(const char *package_name);

/* xpv_kernels_is_driver: whether it has the para-virtualized drivers: "kmod-xenpv", "kmod-xenpv-PAE". */
gboolean xpv_kernels_is_driver(const char *package_name);

/* xpv_kernels_architecture: that a kernel is compiled for, by its config-*. Only what is certain: nothing there tells
 * ia32e from x86_64. @config: any bytes. Returns: "" where not known; static */
const char *xpv_kernels_architecture(const char *config);

/* xpv_kernels_merge: fills in kernels and the default one.
 * @packages: of XpvRpmPackage, bootable
 * @images: (element-type utf8): what uname -r says of those in /boot
 * @menu: (nullable) */
void xpv_kernels_merge(XpvInspection *inspection, const GPtrArray *packages, const GPtrArray *images,
                       const XpvMenu *menu);
