/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels of a guest, merged from the rpm database, /boot and the boot loader. */
#pragma once

#include "common/inspection.h"
#include "inspect/menu.h"
#include "inspect/rpm-header.h"

/* The list is cut to so many; those of the boot loader come first. */
#define XPV_KERNELS_MAX 256U

/* xpv_kernels_is_bootable: whether a package with this name has a kernel to boot: "kernel", "kernel-PAE". */
gboolean xpv_kernels_is_bootable(const char *package_name);

/* xpv_kernels_is_driver: whether it has the para-virtualized drivers: "kmod-xenpv", "kmod-xenpv-PAE". */
gboolean xpv_kernels_is_driver(const char *package_name);

/* xpv_kernels_architecture: the architecture that a kernel is compiled for, by its config-*, if certain: the file
 * does not tell ia32e from x86_64. @config: any bytes. Returns: "" if not known; static */
const char *xpv_kernels_architecture(const char *config);

/* xpv_kernels_merge: fills in kernels and the default one.
 * @packages: of XpvRpmPackage, bootable
 * @images: (element-type utf8): uname -r of those in /boot
 * @menu: (nullable) */
void xpv_kernels_merge(XpvInspection *inspection, const GPtrArray *packages, const GPtrArray *images,
                       const XpvMenu *menu);
