/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/facts.h"

G_DEFINE_QUARK(xpv_facts_error, xpv_facts_error)

static gboolean
set_architecture(XpvHost *host, XpvVirtualization *virtualization, const char *value)
{
    const guint hosts =
        XPV_BIT(XPV_ARCH_UNKNOWN) | XPV_BIT(XPV_ARCH_I686) | XPV_BIT(XPV_ARCH_X86_64) | XPV_BIT(XPV_ARCH_IA64);
    XpvArch arch;
    if (!xpv_arch_from_word(value, &arch) || !(hosts & XPV_BIT(arch)))
        return FALSE;
    host->architecture = arch;
    return TRUE;
}

static gboolean
set_processor(XpvHost *host, XpvVirtualization *virtualization, const char *value)
{
    return xpv_processor_from_word(value, &host->processor);
}

static gboolean
set_kernel(XpvHost *host, XpvVirtualization *virtualization, const char *value)
{
    host->update = xpv_host_update_from_kernel(value);
    return TRUE;
}

static gboolean
set_virtualization(XpvHost *host, XpvVirtualization *virtualization, const char *value)
{
    return xpv_virtualization_from_word(value, virtualization);
}

static const struct {
    const char *key;
    gboolean (*set)(XpvHost *host, XpvVirtualization *virtualization, const char *value);
    const char *words;
} facts[] = {
    [XPV_FACT_HOST_KERNEL] = { "host-kernel", set_kernel, "any" },
    [XPV_FACT_HOST_ARCHITECTURE] = { "host-architecture", set_architecture, "i686, x86_64 or ia64" },
    [XPV_FACT_HOST_PROCESSOR] = { "host-processor", set_processor, "intel or amd" },
    [XPV_FACT_VIRTUALIZATION] = { "virtualization", set_virtualization, "hvm, pv or pvh" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(facts) == XPV_FACT_MAX);

const char *
xpv_fact_key(XpvFact fact)
{
    return facts[fact].key;
}

gboolean
xpv_facts_set(XpvHost *host, XpvVirtualization *virtualization, const char *key, const char *value, GError **error)
{
    for (guint i = 0; i < G_N_ELEMENTS(facts); i++) {
        if (!g_str_equal(key, facts[i].key) || (i == XPV_FACT_VIRTUALIZATION && !virtualization))
            continue;
        if (facts[i].set(host, virtualization, value))
            return TRUE;
        g_set_error(error, XPV_FACTS_ERROR, XPV_FACTS_ERROR_UNKNOWN_WORD,
                    "%s cannot be “%s”; it is %s, or empty if not known", key, value, facts[i].words);
        return FALSE;
    }
    g_set_error(error, XPV_FACTS_ERROR, XPV_FACTS_ERROR_UNKNOWN_KEY,
                "There is no fact “%s”; the facts are host-architecture, host-processor, host-kernel%s", key,
                virtualization ? " and virtualization" : "");
    return FALSE;
}
