/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/phrases.h"

#include "common/phrases.h"
#include "common/text.h"
#include "common/words.h"

#define SEE_WHY "“journalctl -u xenpv-compatd” says why."

const char *
xpv_ctl_reason_phrase(const char *word)
{
    XpvReason reason;
    return xpv_reason_from_word(word, &reason) ? xpv_reason_phrase(reason) : word;
}

const char *
xpv_ctl_warning_phrase(const char *word)
{
    XpvWarning warning;
    return xpv_warning_from_word(word, &warning) ? xpv_warning_phrase(warning) : word;
}

char *
xpv_ctl_domain_why(const XpvCtlObject *domain)
{
    g_autofree const char **reasons = g_variant_get_strv(domain->values[XPV_CTL_DOMAIN_REASONS], NULL);
    g_autofree const char **warnings = g_variant_get_strv(domain->values[XPV_CTL_DOMAIN_WARNINGS], NULL);
    g_autoptr(GString) why = g_string_new(NULL);

    /* At the front, so that a narrow terminal does not cut them off. */
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
xpv_ctl_host_text(const XpvCtlObject *host)
{
    const guint facts[] = { XPV_CTL_HOST_HOST_NAME, XPV_CTL_HOST_HOST_ARCHITECTURE, XPV_CTL_HOST_HOST_PROCESSOR };
    g_autofree char *kernel = xpv_ctl_object_text(host, XPV_CTL_HOST_HOST_KERNEL);
    g_autofree char *release = xpv_ctl_object_text(host, XPV_CTL_HOST_HOST_RELEASE);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(facts); i++) {
        g_autofree char *fact = xpv_ctl_object_text(host, facts[i]);
        if (*fact != '\0')
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", fact);
    }
    if (*kernel != '\0')
        g_string_append_printf(text, "%skernel %s", text->len > 0 ? ", " : "", kernel);
    if (*kernel != '\0' && *release != '\0')
        g_string_append_printf(text, " (RHEL %s)", release);
    if (text->len == 0)
        g_string_append(text, "with no known facts");
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
    return g_strdup_printf("libvirt (%s) does not answer; the data is from %s; " SEE_WHY, uri, last_update);
}
