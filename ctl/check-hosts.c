/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check --all-hosts: judges a report for every host that the tables distinguish. */
#include "common/guide.h"
#include "ctl/check.h"
#include "ctl/json.h"
#include "ctl/layout.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/table.h"

static const XpvCtlColumn columns[] = { { "HOST", 0, 0 }, { "VERDICT", 0, 0 }, { "WHY", 16, 0 } };

typedef struct {
    XpvCtlFacts facts;
    XpvCtlObject *result;
} Row;

static void
clear_row(gpointer data)
{
    Row *row = data;
    xpv_ctl_facts_clear(&row->facts);
    xpv_ctl_object_free(row->result);
}

/* Returns: an array of Row, one for each host */
static GArray *
judge_rows(const XpvCtlFacts *facts, const XpvReport *report)
{
    guint n;
    const XpvHost *hosts = xpv_guide_hosts(&n);
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(Row));
    g_array_set_clear_func(rows, clear_row);
    for (guint i = 0; i < n; i++) {
        Row row = { .facts = *facts };
        row.facts.kernel = g_strdup(facts->kernel);
        row.facts.host.architecture = hosts[i].architecture;
        row.facts.host.processor = hosts[i].processor;
        row.result = xpv_ctl_facts_judge(&row.facts, report);
        g_array_append_val(rows, row);
    }
    return rows;
}

/* Whether two hosts differ only in the processor, and it makes no difference. */
static gboolean
is_same(const Row *a, const Row *b)
{
    return a->facts.host.architecture == b->facts.host.architecture && xpv_ctl_object_same(a->result, b->result);
}

static char *
render_table(const XpvCtlOutput *output, const GArray *rows)
{
    g_autoptr(XpvCtlTable) table = xpv_ctl_table_new(columns, G_N_ELEMENTS(columns));
    for (guint i = 0; i < rows->len;) {
        const Row *row = &g_array_index(rows, Row, i);
        g_autoptr(GString) host = g_string_new(xpv_arch_to_word(row->facts.host.architecture));
        const char *separator = ", ";
        for (; i < rows->len && is_same(row, &g_array_index(rows, Row, i)); i++) {
            XpvProcessor processor = g_array_index(rows, Row, i).facts.host.processor;
            g_string_append_printf(host, "%s%s", separator, xpv_processor_to_word(processor));
            separator = " or ";
        }
        const char *verdict = xpv_ctl_object_string(row->result, XPV_CTL_DOMAIN_VERDICT);
        xpv_ctl_table_add(table, g_strdup(host->str), XPV_CTL_STYLE_NONE);
        xpv_ctl_table_add(table, g_strdup(verdict), xpv_ctl_verdict_style(verdict));
        xpv_ctl_table_add(table, xpv_ctl_domain_why(row->result), XPV_CTL_STYLE_NONE);
    }
    return xpv_ctl_table_render(table, output);
}

static char *
render(const XpvCtlOutput *output, const XpvCtlFacts *facts, const GArray *rows, const XpvCtlTally *tally)
{
    g_autofree char *kernel = xpv_ctl_object_text(g_array_index(rows, Row, 0).result, XPV_CTL_DOMAIN_KERNEL);
    g_autofree char *table = render_table(output, rows);
    g_autofree char *summary = xpv_ctl_facts_summary(facts, tally, "host");

    GString *text = g_string_new(NULL);
    xpv_ctl_layout_wrap(text, kernel, 0, 0, output->width);
    g_string_append_printf(text, "\n%s\n", table);
    xpv_ctl_layout_wrap(text, summary, 0, 0, output->width);
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

static char *
render_json(const GArray *rows)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < rows->len; i++) {
        const Row *row = &g_array_index(rows, Row, i);
        g_autoptr(XpvCtlObject) host = xpv_ctl_facts_host(&row->facts);
        g_autofree char *line = xpv_ctl_json_pair(row->result, host, XPV_CTL_OF_REPORT);
        g_string_append(text, line);
    }
    return g_string_free(text, FALSE);
}

/* Incompatible: on all hosts. Unknown: on one host at least, and compatible on none. */
static XpvVerdict
best_verdict(const XpvCtlTally *tally)
{
    if (tally->counts[XPV_VERDICT_COMPATIBLE] > 0)
        return XPV_VERDICT_COMPATIBLE;
    return tally->counts[XPV_VERDICT_INCOMPATIBLE] == xpv_ctl_tally_total(tally) ? XPV_VERDICT_INCOMPATIBLE
                                                                                 : XPV_VERDICT_UNKNOWN;
}

gboolean
xpv_ctl_check_all_hosts(XpvCtl *ctl, const XpvCtlFacts *facts, const XpvReport *report, XpvCtlTally *tally)
{
    g_autoptr(GArray) rows = judge_rows(facts, report);
    XpvCtlTally hosts = { 0 };
    for (guint i = 0; i < rows->len; i++)
        xpv_ctl_tally_add(&hosts, xpv_ctl_object_string(g_array_index(rows, Row, i).result, XPV_CTL_DOMAIN_VERDICT));

    if (!ctl->json && xpv_ctl_tally_total(tally) > 0)
        xpv_ctl_output_write(&ctl->output, "\n");
    xpv_ctl_tally_add(tally, xpv_verdict_to_word(best_verdict(&hosts)));
    g_autofree char *text = ctl->json ? render_json(rows) : render(&ctl->output, facts, rows, &hosts);
    return xpv_ctl_output_write(&ctl->output, text);
}
