/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public words: each enumeration is published as strings from one table.
 *
 * Words are part of the public interface and never change their meaning.
 * If an enumeration has a member for "not known", that member is 0; its word is "", or "unknown" for XpvDrivers.
 * xpv_<enum>_to_word() returns a static string; xpv_<enum>_from_word() returns FALSE if no member has the word. */
#pragma once

#include <glib.h>

typedef enum {
    XPV_VERDICT_COMPATIBLE,
    XPV_VERDICT_INCOMPATIBLE,
    XPV_VERDICT_UNKNOWN,
    XPV_VERDICT_NOT_APPLICABLE,
    XPV_VERDICT_MAX
} XpvVerdict;

/* In the order in which they are published. */
typedef enum {
    XPV_REASON_CONTROL_DOMAIN,
    XPV_REASON_NOT_XEN,
    XPV_REASON_PARAVIRTUALIZED_GUEST,
    XPV_REASON_GUEST_NOT_COVERED,
    XPV_REASON_KERNEL_PENDING,
    XPV_REASON_KERNEL_NOT_REPORTED,
    XPV_REASON_KERNEL_UNRECOGNIZED,
    XPV_REASON_KERNEL_AMBIGUOUS,
    XPV_REASON_HOST_UNKNOWN,
    XPV_REASON_GUEST_RELEASE_UNSUPPORTED,
    XPV_REASON_KERNEL_VARIANT_UNSUPPORTED,
    XPV_REASON_HOST_ARCHITECTURE_MISMATCH,
    XPV_REASON_PROCESSOR_MISMATCH,
    XPV_REASON_HOST_RELEASE_UNSUPPORTED,
    XPV_REASON_MAX
} XpvReason;

typedef enum {
    XPV_WARNING_HOST_RELEASE_UNVERIFIED,
    XPV_WARNING_HOST_PROCESSOR_UNKNOWN,
    XPV_WARNING_GUIDE_DISAGREES,
    XPV_WARNING_BOOT_DISK_PARAVIRTUALIZED,
    XPV_WARNING_RELEASE_CONFLICT,
    XPV_WARNING_DRIVER_PACKAGE_MISSING,
    XPV_WARNING_DRIVERS_ACTIVE_UNSUPPORTED,
    XPV_WARNING_DRIVERS_NOT_ACTIVE,
    XPV_WARNING_MAX
} XpvWarning;

/* RPM architectures of kernel packages. */
typedef enum {
    XPV_ARCH_UNKNOWN,
    XPV_ARCH_ATHLON,
    XPV_ARCH_I386,
    XPV_ARCH_I586,
    XPV_ARCH_I686,
    XPV_ARCH_IA32E,
    XPV_ARCH_X86_64,
    XPV_ARCH_IA64,
    XPV_ARCH_PPC,
    XPV_ARCH_PPC64,
    XPV_ARCH_PPC64ISERIES,
    XPV_ARCH_PPC64PSERIES,
    XPV_ARCH_S390,
    XPV_ARCH_S390X,
    XPV_ARCH_MAX
} XpvArch;

/* A package with a bootable image is named kernel-FLAVOUR; uname -r has the flavour after VERSION-RELEASE. */
typedef enum {
    XPV_FLAVOUR_NONE,
    XPV_FLAVOUR_SMP,
    XPV_FLAVOUR_HUGEMEM,
    XPV_FLAVOUR_LARGESMP,
    XPV_FLAVOUR_PAE,
    XPV_FLAVOUR_XEN,
    XPV_FLAVOUR_XENU,
    XPV_FLAVOUR_DEBUG,
    XPV_FLAVOUR_KDUMP,
    XPV_FLAVOUR_BOOT,
    XPV_FLAVOUR_UEK,
    XPV_FLAVOUR_RT,
    XPV_FLAVOUR_MAX
} XpvFlavour;

/* The processor that a RHEL 3 kernel is compiled for, or that a host has. */
typedef enum { XPV_PROCESSOR_UNKNOWN, XPV_PROCESSOR_INTEL, XPV_PROCESSOR_AMD, XPV_PROCESSOR_MAX } XpvProcessor;

typedef enum {
    XPV_VIRTUALIZATION_UNKNOWN,
    XPV_VIRTUALIZATION_HVM,
    XPV_VIRTUALIZATION_PV,
    XPV_VIRTUALIZATION_PVH,
    XPV_VIRTUALIZATION_MAX
} XpvVirtualization;

typedef enum {
    XPV_DRIVER_SOURCE_NONE,
    XPV_DRIVER_SOURCE_KMOD_XENPV,
    XPV_DRIVER_SOURCE_BUILT_IN,
    XPV_DRIVER_SOURCE_MAX
} XpvDriverSource;

/* Whether the front ends of a guest's para-virtualized devices are connected. */
typedef enum { XPV_DRIVERS_UNKNOWN, XPV_DRIVERS_ACTIVE, XPV_DRIVERS_INACTIVE, XPV_DRIVERS_MAX } XpvDrivers;

#define XPV_DECLARE_WORDS(Type, name)                                                                                  \
    const char *xpv_##name##_to_word(Type value);                                                                      \
    gboolean xpv_##name##_from_word(const char *word, Type *ret_value) G_GNUC_WARN_UNUSED_RESULT;

XPV_DECLARE_WORDS(XpvVerdict, verdict)
XPV_DECLARE_WORDS(XpvReason, reason)
XPV_DECLARE_WORDS(XpvWarning, warning)
XPV_DECLARE_WORDS(XpvArch, arch)
XPV_DECLARE_WORDS(XpvFlavour, flavour)
XPV_DECLARE_WORDS(XpvProcessor, processor)
XPV_DECLARE_WORDS(XpvVirtualization, virtualization)
XPV_DECLARE_WORDS(XpvDriverSource, driver_source)
XPV_DECLARE_WORDS(XpvDrivers, drivers)

/* A set of an enumeration's members, for reasons, warnings, flavours and architectures. */
#define XPV_BIT(member) (1U << (member))

#define XPV_ARCHS_X86_64 (XPV_BIT(XPV_ARCH_IA32E) | XPV_BIT(XPV_ARCH_X86_64))
#define XPV_ARCHS_X86                                                                                                  \
    (XPV_BIT(XPV_ARCH_ATHLON) | XPV_BIT(XPV_ARCH_I386) | XPV_BIT(XPV_ARCH_I586) | XPV_BIT(XPV_ARCH_I686) |             \
     XPV_ARCHS_X86_64)

/* xpv_words: the words of a set, in the enumeration's order.
 * Returns: a NULL-terminated array; static. */
const char *const *xpv_reasons_to_words(guint set);
const char *const *xpv_warnings_to_words(guint set);
const char *const *xpv_archs_to_words(guint set);
