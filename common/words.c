/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/words.h"

static gboolean
find_word(const char *const *words, guint n, const char *word, guint *ret_index)
{
    for (guint i = 0; i < n; i++) {
        if (g_strcmp0(words[i], word) == 0) {
            *ret_index = i;
            return TRUE;
        }
    }
    return FALSE;
}

static const char **
list_words(const char *const *words, guint n, guint set)
{
    const char **list = g_new0(const char *, (gsize)__builtin_popcount(set) + 1);
    guint length = 0;
    for (guint i = 0; i < n; i++) {
        if (set & XPV_BIT(i))
            list[length++] = words[i];
    }
    return list;
}

/* @lists: set → its words, of all sets that were asked for: they are few, and thousands of domains have the same */
static const char *const *
set_to_words(GHashTable **lists, const char *const *words, guint n, guint set)
{
    static GMutex lock;
    g_mutex_lock(&lock);
    if (!*lists)
        *lists = g_hash_table_new(NULL, NULL);
    const char **list = g_hash_table_lookup(*lists, GUINT_TO_POINTER(set));
    if (!list) {
        list = list_words(words, n, set);
        g_hash_table_insert(*lists, GUINT_TO_POINTER(set), list);
    }
    g_mutex_unlock(&lock);
    return list;
}

#define DEFINE_WORDS(Type, name, MAX)                                                                                  \
    G_STATIC_ASSERT(G_N_ELEMENTS(name##_words) == (MAX));                                                              \
    const char *xpv_##name##_to_word(Type value)                                                                       \
    {                                                                                                                  \
        g_return_val_if_fail((guint)value < (MAX), "");                                                                \
        return name##_words[value];                                                                                    \
    }                                                                                                                  \
    gboolean xpv_##name##_from_word(const char *word, Type *ret_value)                                                 \
    {                                                                                                                  \
        guint i;                                                                                                       \
        if (!find_word(name##_words, (MAX), word, &i))                                                                 \
            return FALSE;                                                                                              \
        *ret_value = (Type)i;                                                                                          \
        return TRUE;                                                                                                   \
    }

#define DEFINE_SET(name, MAX)                                                                                          \
    const char *const *xpv_##name##s_to_words(guint set)                                                               \
    {                                                                                                                  \
        static GHashTable *lists;                                                                                      \
        return set_to_words(&lists, name##_words, (MAX), set);                                                         \
    }

static const char *const verdict_words[] = {
    [XPV_VERDICT_COMPATIBLE] = "compatible",
    [XPV_VERDICT_INCOMPATIBLE] = "incompatible",
    [XPV_VERDICT_UNKNOWN] = "unknown",
    [XPV_VERDICT_NOT_APPLICABLE] = "not-applicable",
};
DEFINE_WORDS(XpvVerdict, verdict, XPV_VERDICT_MAX)

static const char *const reason_words[] = {
    [XPV_REASON_CONTROL_DOMAIN] = "control-domain",
    [XPV_REASON_NOT_XEN] = "not-xen",
    [XPV_REASON_PARAVIRTUALIZED_GUEST] = "paravirtualized-guest",
    [XPV_REASON_GUEST_NOT_COVERED] = "guest-not-covered",
    [XPV_REASON_KERNEL_PENDING] = "kernel-pending",
    [XPV_REASON_KERNEL_NOT_REPORTED] = "kernel-not-reported",
    [XPV_REASON_KERNEL_UNRECOGNIZED] = "kernel-unrecognized",
    [XPV_REASON_KERNEL_AMBIGUOUS] = "kernel-ambiguous",
    [XPV_REASON_HOST_UNKNOWN] = "host-unknown",
    [XPV_REASON_GUEST_RELEASE_UNSUPPORTED] = "guest-release-unsupported",
    [XPV_REASON_KERNEL_VARIANT_UNSUPPORTED] = "kernel-variant-unsupported",
    [XPV_REASON_HOST_ARCHITECTURE_MISMATCH] = "host-architecture-mismatch",
    [XPV_REASON_PROCESSOR_MISMATCH] = "processor-mismatch",
    [XPV_REASON_HOST_RELEASE_UNSUPPORTED] = "host-release-unsupported",
};
DEFINE_WORDS(XpvReason, reason, XPV_REASON_MAX)
DEFINE_SET(reason, XPV_REASON_MAX)

static const char *const warning_words[] = {
    [XPV_WARNING_HOST_RELEASE_UNVERIFIED] = "host-release-unverified",
    [XPV_WARNING_HOST_PROCESSOR_UNKNOWN] = "host-processor-unknown",
    [XPV_WARNING_GUIDE_DISAGREES] = "guide-disagrees",
    [XPV_WARNING_BOOT_DISK_PARAVIRTUALIZED] = "boot-disk-paravirtualized",
    [XPV_WARNING_RELEASE_CONFLICT] = "release-conflict",
    [XPV_WARNING_DRIVER_PACKAGE_MISSING] = "driver-package-missing",
    [XPV_WARNING_DRIVERS_ACTIVE_UNSUPPORTED] = "drivers-active-unsupported",
    [XPV_WARNING_DRIVERS_NOT_ACTIVE] = "drivers-not-active",
};
DEFINE_WORDS(XpvWarning, warning, XPV_WARNING_MAX)
DEFINE_SET(warning, XPV_WARNING_MAX)

static const char *const arch_words[] = {
    [XPV_ARCH_UNKNOWN] = "",
    [XPV_ARCH_ATHLON] = "athlon",
    [XPV_ARCH_I386] = "i386",
    [XPV_ARCH_I586] = "i586",
    [XPV_ARCH_I686] = "i686",
    [XPV_ARCH_IA32E] = "ia32e",
    [XPV_ARCH_X86_64] = "x86_64",
    [XPV_ARCH_IA64] = "ia64",
    [XPV_ARCH_PPC] = "ppc",
    [XPV_ARCH_PPC64] = "ppc64",
    [XPV_ARCH_PPC64ISERIES] = "ppc64iseries",
    [XPV_ARCH_PPC64PSERIES] = "ppc64pseries",
    [XPV_ARCH_S390] = "s390",
    [XPV_ARCH_S390X] = "s390x",
};
DEFINE_WORDS(XpvArch, arch, XPV_ARCH_MAX)
DEFINE_SET(arch, XPV_ARCH_MAX)

static const char *const flavour_words[] = {
    [XPV_FLAVOUR_NONE] = "",           [XPV_FLAVOUR_SMP] = "smp",
    [XPV_FLAVOUR_HUGEMEM] = "hugemem", [XPV_FLAVOUR_LARGESMP] = "largesmp",
    [XPV_FLAVOUR_PAE] = "PAE",         [XPV_FLAVOUR_XEN] = "xen",
    [XPV_FLAVOUR_XENU] = "xenU",       [XPV_FLAVOUR_DEBUG] = "debug",
    [XPV_FLAVOUR_KDUMP] = "kdump",     [XPV_FLAVOUR_BOOT] = "BOOT",
    [XPV_FLAVOUR_UEK] = "uek",         [XPV_FLAVOUR_RT] = "rt",
};
DEFINE_WORDS(XpvFlavour, flavour, XPV_FLAVOUR_MAX)

static const char *const processor_words[] = {
    [XPV_PROCESSOR_UNKNOWN] = "",
    [XPV_PROCESSOR_INTEL] = "intel",
    [XPV_PROCESSOR_AMD] = "amd",
};
DEFINE_WORDS(XpvProcessor, processor, XPV_PROCESSOR_MAX)

static const char *const virtualization_words[] = {
    [XPV_VIRTUALIZATION_UNKNOWN] = "",
    [XPV_VIRTUALIZATION_HVM] = "hvm",
    [XPV_VIRTUALIZATION_PV] = "pv",
    [XPV_VIRTUALIZATION_PVH] = "pvh",
};
DEFINE_WORDS(XpvVirtualization, virtualization, XPV_VIRTUALIZATION_MAX)

static const char *const driver_source_words[] = {
    [XPV_DRIVER_SOURCE_NONE] = "",
    [XPV_DRIVER_SOURCE_KMOD_XENPV] = "kmod-xenpv",
    [XPV_DRIVER_SOURCE_BUILT_IN] = "built-in",
};
DEFINE_WORDS(XpvDriverSource, driver_source, XPV_DRIVER_SOURCE_MAX)

static const char *const drivers_words[] = {
    [XPV_DRIVERS_UNKNOWN] = "unknown",
    [XPV_DRIVERS_ACTIVE] = "active",
    [XPV_DRIVERS_INACTIVE] = "inactive",
};
DEFINE_WORDS(XpvDrivers, drivers, XPV_DRIVERS_MAX)
