/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts about a host, and how their words are read. */
#pragma once

#include "common/words.h"

typedef struct {
    const char *hypervisor; /* libvirt's type: "Xen", "TEST", "QEMU"; borrowed, not NULL */
    XpvArch architecture;   /* of its kernel: XPV_ARCH_I686, _X86_64, _IA64, or _UNKNOWN */
    XpvProcessor processor;
    gint update; /* of RHEL 5; -1: its kernel does not belong to RHEL 5, or is not known */
} XpvHost;

/* xpv_host_is_xen: whether the tables apply. libvirt's own test driver counts as Xen. */
gboolean xpv_host_is_xen(const XpvHost *host);

/* xpv_host_update_from_kernel: the update of RHEL 5 that a kernel belongs to, by uname -r or its package; -1: none. */
gint xpv_host_update_from_kernel(const char *kernel);

/* xpv_host_release: the release of RHEL 5 for an update, "5.4". Returns: (transfer full) "" for -1 */
char *xpv_host_release(gint update);

/* xpv_host_architecture_from_machine: from uname -m or virNodeInfo.model ("i386", "athlon", "amd64" …);
 * XPV_ARCH_UNKNOWN if no RHEL 5 Xen host has it. */
XpvArch xpv_host_architecture_from_machine(const char *machine);

/* xpv_host_processor_from_vendor: from "GenuineIntel", "Intel", "AuthenticAMD", "AMD". */
XpvProcessor xpv_host_processor_from_vendor(const char *vendor);

/* xpv_host_processor_from_cpuinfo: from the text of /proc/cpuinfo. */
XpvProcessor xpv_host_processor_from_cpuinfo(const char *cpuinfo);

/* xpv_uri_is_local: whether a libvirt URI is for this machine, that is, names no other host. */
gboolean xpv_uri_is_local(const char *uri);
