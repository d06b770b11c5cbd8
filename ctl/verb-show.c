/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/text.h"
#include "ctl/bus.h"
#include "ctl/json.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"

/* Each word with its phrase: people read the phrase, and search for the word. */
static char *
explain_words(GVariant *words, const char *(*phrase_of)(const char *word))
{
    g_autoptr(GString) text = g_string_new(NULL);
    GVariantIter iter;
    const char *word;
    g_variant_iter_init(&iter, words);
    while (g_variant_iter_next(&iter, "&s", &word)) {
        const char *phrase = phrase_of(word);
        g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", word);
        if (phrase != word)
            g_string_append_printf(text, " (%s)", phrase);
    }
    return xpv_text_clean(text->str, -1, 0);
}

static char *
value_text(const XpvCtlObject *domain, guint property)
{
    if (property == XPV_CTL_DOMAIN_REASONS)
        return explain_words(domain->values[property], xpv_ctl_reason_phrase);
    if (property == XPV_CTL_DOMAIN_WARNINGS)
        return explain_words(domain->values[property], xpv_ctl_warning_phrase);
    return xpv_ctl_object_text(domain, property);
}

static char *
render_sheet(const XpvCtlOutput *output, const XpvCtlObject *domain)
{
    const char *verdict = xpv_ctl_object_string(domain, XPV_CTL_DOMAIN_VERDICT);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < XPV_CTL_DOMAIN_MAX; i++) {
        g_autofree char *value = value_text(domain, i);
        xpv_ctl_output_sheet(output, text, domain->interface, i, value,
                             i == XPV_CTL_DOMAIN_VERDICT ? xpv_ctl_verdict_style(verdict) : XPV_CTL_STYLE_NONE);
    }
    return g_string_free(text, FALSE);
}

static gboolean
run(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    g_autoptr(GDBusConnection) connection = xpv_ctl_bus_open(ctl->host, error);
    g_autoptr(XpvCtlObject) host = connection ? xpv_ctl_bus_host(connection, error) : NULL;
    g_autoptr(XpvCtlObject) domain = host ? xpv_ctl_bus_domain(connection, ctl->arguments[0], error) : NULL;
    if (!domain) {
        g_autofree char *warning = host ? xpv_ctl_host_warning(host) : NULL;
        if (warning)
            xpv_ctl_complain(warning);
        return FALSE;
    }

    g_autofree char *text =
        ctl->json ? xpv_ctl_json_line(NULL, domain, XPV_CTL_EVERYWHERE) : render_sheet(&ctl->output, domain);
    xpv_ctl_output_write(&ctl->output, text);
    xpv_ctl_warn_of_host(ctl, host);
    return TRUE;
}

const XpvCtlVerb xpv_ctl_verb_show = {
    .name = "show",
    .argument = "DOMAIN",
    .description = "Everything about one domain, by its name or UUID",
    .minimum = 1,
    .maximum = 1,
    .takes = XPV_CTL_TAKES_JSON | XPV_CTL_TAKES_HOST,
    .run = run,
};
