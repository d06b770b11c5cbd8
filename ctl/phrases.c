/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/phrases.h"

#include "common/text.h"
#include "common/words.h"

#define SEE_WHY "“journalctl -u xenpv-compatd” tells why."

const char *
xpv_ctl_reason_phrase(const char *word)
{
    static const char *const phrases[] = {
        [XPV_REASON_CONTROL_DOMAIN] = "is the control domain",
        [XPV_REASON_NOT_XEN] = "does not run on Xen",
        [XPV_REASON_PARAVIRTUALIZED_GUEST] = "is para-virtualized and needs no such drivers",
        [XPV_REASON_GUEST_NOT_COVERED] = "is no RHEL 3, 4 or 5",
        [XPV_REASON_KERNEL_PENDING] = "has just started and may still report its kernel",
        [XPV_REASON_KERNEL_NOT_REPORTED] = "reports no kernel",
        [XPV_REASON_KERNEL_UNRECOGNIZED] = "reports what is no kernel",
        [XPV_REASON_KERNEL_AMBIGUOUS] = "report fits several kernels",
        [XPV_REASON_HOST_UNKNOWN] = "host architecture is not known",
        [XPV_REASON_GUEST_RELEASE_UNSUPPORTED] = "guest release is too old",
        [XPV_REASON_KERNEL_VARIANT_UNSUPPORTED] = "kernel variant is not supported",
        [XPV_REASON_HOST_ARCHITECTURE_MISMATCH] = "needs another host architecture",
        [XPV_REASON_PROCESSOR_MISMATCH] = "kernel is compiled for another processor",
        [XPV_REASON_HOST_RELEASE_UNSUPPORTED] = "host release is too old",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(phrases) == XPV_REASON_MAX);

    XpvReason reason;
    return xpv_reason_from_word(word, &reason) ? phrases[reason] : word;
}

const char *
xpv_ctl_warning_phrase(const char *word)
{
    static const char *const phrases[] = {
        [XPV_WARNING_HOST_RELEASE_UNVERIFIED] = "host kernel is none of RHEL 5, or not known",
        [XPV_WARNING_HOST_PROCESSOR_UNKNOWN] = "host processor is not known and was not checked",
        [XPV_WARNING_GUIDE_DISAGREES] = "the Guide's own prose supports 32-bit guests on 64-bit hosts",
        [XPV_WARNING_BOOT_DISK_PARAVIRTUALIZED] = "GRUB cannot read a boot disk on the xen bus",
        [XPV_WARNING_RELEASE_CONFLICT] = "libvirt's metadata names another RHEL than the kernel",
        [XPV_WARNING_DRIVERS_NOT_ACTIVE] = "para-virtualized drivers are not active",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(phrases) == XPV_WARNING_MAX);

    XpvWarning warning;
    return xpv_warning_from_word(word, &warning) ? phrases[warning] : word;
}

char *
xpv_ctl_domain_why(const XpvCtlObject *domain)
{
    g_autofree const char **reasons = g_variant_get_strv(domain->values[XPV_CTL_DOMAIN_REASONS], NULL);
    g_autofree const char **warnings = g_variant_get_strv(domain->values[XPV_CTL_DOMAIN_WARNINGS], NULL);
    g_autoptr(GString) why = g_string_new(NULL);

    /* In front, where a narrow terminal does not cut them off. */
    if (xpv_ctl_object_boolean(domain, XPV_CTL_DOMAIN_STALE))
        g_string_append(why, "(stale) ");
    if (xpv_ctl_object_boolean(domain, XPV_CTL_DOMAIN_ACKNOWLEDGED))
        g_string_append(why, "(acknowledged) ");

    if (reasons[0])
        g_string_append(why, xpv_ctl_reason_phrase(reasons[0]));
    for (guint i = 0; !reasons[0] && warnings[i]; i++)
        g_string_append_printf(why, "%s%s", i == 0 ? "but " : ", ", xpv_ctl_warning_phrase(warnings[i]));
    return xpv_text_clean(why->str, -1, 0);
}

char *
xpv_ctl_host_text(const char *name, const char *architecture, const char *processor, const char *kernel,
                  const char *release)
{
    const char *const facts[] = { name, architecture, processor };
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(facts); i++) {
        if (*facts[i] != '\0')
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", facts[i]);
    }
    if (*kernel != '\0')
        g_string_append_printf(text, "%skernel %s", text->len > 0 ? ", " : "", kernel);
    if (*kernel != '\0' && *release != '\0')
        g_string_append_printf(text, " (RHEL %s)", release);
    if (text->len == 0)
        g_string_append(text, "of which nothing is known");
    return g_string_free(text, FALSE);
}

char *
xpv_ctl_host_warning(const XpvCtlObject *host)
{
    if (xpv_ctl_object_boolean(host, XPV_CTL_HOST_CONNECTED))
        return NULL;
    g_autofree char *uri = xpv_ctl_object_text(host, XPV_CTL_HOST_URI);
    g_autofree char *last_update = xpv_ctl_object_text(host, XPV_CTL_HOST_LAST_UPDATE);
    if (*last_update == '\0')
        return g_strdup_printf("libvirt (%s) does not answer, and nothing has been read from it yet; " SEE_WHY, uri);
    return g_strdup_printf("libvirt (%s) does not answer; what is known is as of %s; " SEE_WHY, uri, last_update);
}
