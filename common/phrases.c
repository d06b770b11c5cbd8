/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/phrases.h"

const char *
xpv_reason_phrase(XpvReason reason)
{
    static const char *const phrases[] = {
        [XPV_REASON_CONTROL_DOMAIN] = "is the control domain",
        [XPV_REASON_NOT_XEN] = "does not run on Xen",
        [XPV_REASON_PARAVIRTUALIZED_GUEST] = "is para-virtualized and needs no such drivers",
        [XPV_REASON_GUEST_NOT_COVERED] = "is no RHEL 3, 4 or 5",
        [XPV_REASON_KERNEL_PENDING] = "has just started and may still report its kernel",
        [XPV_REASON_KERNEL_NOT_REPORTED] = "reports no kernel",
        [XPV_REASON_KERNEL_UNRECOGNIZED] = "report is not a kernel",
        [XPV_REASON_KERNEL_AMBIGUOUS] = "report fits several kernels",
        [XPV_REASON_HOST_UNKNOWN] = "host architecture is not known",
        [XPV_REASON_GUEST_RELEASE_UNSUPPORTED] = "guest release is too old",
        [XPV_REASON_KERNEL_VARIANT_UNSUPPORTED] = "kernel variant is not supported",
        [XPV_REASON_HOST_ARCHITECTURE_MISMATCH] = "needs another host architecture",
        [XPV_REASON_PROCESSOR_MISMATCH] = "kernel is compiled for another processor",
        [XPV_REASON_HOST_RELEASE_UNSUPPORTED] = "host release is too old",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(phrases) == XPV_REASON_MAX);
    return phrases[reason];
}

const char *
xpv_warning_phrase(XpvWarning warning)
{
    static const char *const phrases[] = {
        [XPV_WARNING_HOST_RELEASE_UNVERIFIED] = "host kernel is not RHEL 5's, or not known",
        [XPV_WARNING_HOST_PROCESSOR_UNKNOWN] = "host processor is not known and was not checked",
        [XPV_WARNING_GUIDE_DISAGREES] = "the Guide's own prose supports 32-bit guests on 64-bit hosts",
        [XPV_WARNING_BOOT_DISK_PARAVIRTUALIZED] = "GRUB cannot read a boot disk on the xen bus",
        [XPV_WARNING_RELEASE_CONFLICT] = "libvirt's metadata names another RHEL than the kernel",
        [XPV_WARNING_DRIVER_PACKAGE_MISSING] = "the guest has no kmod-xenpv package, which its drivers come from",
        [XPV_WARNING_DRIVERS_ACTIVE_UNSUPPORTED] = "para-virtualized drivers are active nevertheless",
        [XPV_WARNING_DRIVERS_NOT_ACTIVE] = "para-virtualized drivers are not active",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(phrases) == XPV_WARNING_MAX);
    return phrases[warning];
}
