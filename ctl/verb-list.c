/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/bus.h"
#include "ctl/json.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"

static const XpvCtlColumn columns[] = {
    { "NAME", 12, 0 }, { "STATE", 0, 2 }, { "VERDICT", 0, 0 }, { "KERNEL", 10, 1 }, { "WHY", 16, 3 },
};

void
xpv_ctl_add_domain(XpvCtlTable *table, const XpvCtlObject *domain)
{
    const char *verdict = xpv_ctl_object_string(domain, XPV_CTL_DOMAIN_VERDICT);
    xpv_ctl_table_add(table, xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_NAME), XPV_CTL_STYLE_NONE);
    xpv_ctl_table_add(table, xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_STATE), XPV_CTL_STYLE_NONE);
    xpv_ctl_table_add(table, xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_VERDICT), xpv_ctl_verdict_style(verdict));
    xpv_ctl_table_add(table, xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_KERNEL), XPV_CTL_STYLE_NONE);
    xpv_ctl_table_add(table, xpv_ctl_domain_why(domain), XPV_CTL_STYLE_NONE);
}

static char *
render_table(const XpvCtl *ctl, const GPtrArray *domains)
{
    g_autoptr(XpvCtlTable) table = xpv_ctl_table_new(columns, G_N_ELEMENTS(columns));
    for (guint i = 0; i < domains->len; i++)
        xpv_ctl_add_domain(table, domains->pdata[i]);
    return xpv_ctl_table_render(table, &ctl->output);
}

static char *
summary(const XpvCtlTally *tally, const XpvCtlObject *host)
{
    g_autofree char *text = xpv_ctl_host_text(host);
    g_autofree char *counts = xpv_ctl_tally_text(tally, "domain");
    return g_strdup_printf("%s — on host %s", counts, text);
}

static void
print_human(XpvCtl *ctl, const GPtrArray *domains, const XpvCtlTally *tally, const XpvCtlObject *host)
{
    if (domains->len > 0) {
        g_autofree char *table = render_table(ctl, domains);
        xpv_ctl_output_write(&ctl->output, table);
        xpv_ctl_output_write(&ctl->output, "\n");
    }
    g_autofree char *text = summary(tally, host);
    xpv_ctl_output_sentence(&ctl->output, "", XPV_CTL_STYLE_NONE, text);
}

static void
print_json(XpvCtl *ctl, const GPtrArray *domains)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < domains->len; i++) {
        g_autofree char *line = xpv_ctl_json_line(NULL, domains->pdata[i], XPV_CTL_EVERYWHERE);
        g_string_append(text, line);
    }
    xpv_ctl_output_write(&ctl->output, text->str);
}

static gboolean
run(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    g_autoptr(GDBusConnection) connection = xpv_ctl_bus_open(ctl->host, error);
    g_autoptr(XpvCtlObject) host = connection ? xpv_ctl_bus_host(connection, error) : NULL;
    g_autoptr(GPtrArray) domains = host ? xpv_ctl_bus_domains(connection, error) : NULL;
    if (!domains)
        return FALSE;

    XpvCtlTally tally = { 0 };
    for (guint i = 0; i < domains->len; i++)
        xpv_ctl_tally_add(&tally, xpv_ctl_object_string(domains->pdata[i], XPV_CTL_DOMAIN_VERDICT));

    if (ctl->json)
        print_json(ctl, domains);
    else
        print_human(ctl, domains, &tally, host);
    xpv_ctl_warn_of_host(ctl, host);
    if (ctl->fail)
        *ret_status = xpv_ctl_tally_exit(&tally);
    return TRUE;
}

const XpvCtlVerb xpv_ctl_verb_list = {
    .name = "list",
    .description = "Every domain, one a line, its verdict and why (the default)",
    .takes = XPV_CTL_TAKES_JSON | XPV_CTL_TAKES_HOST | XPV_CTL_TAKES_FAIL,
    .run = run,
};
