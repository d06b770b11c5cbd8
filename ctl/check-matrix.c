/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check --matrix: table 12.1 as the Guide prints it. Each cell is judged by the kernel of its row in the first
 * supported update of that RHEL. */
#include "common/guide.h"
#include "ctl/check.h"
#include "ctl/json.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/table.h"

static const XpvCtlColumn columns[] = {
    { "VARIANT", 0, 0 }, { "RHEL 3", 0, 0 }, { "RHEL 4", 0, 0 }, { "RHEL 5", 0, 0 }
};
#define N_RELEASES (G_N_ELEMENTS(columns) - 1)

static const XpvCtlColumn kernel_columns[] = { { "RHEL", 0, 0 },
                                               { "COMPATIBLE KERNELS, OF THESE UPDATES OR NEWER", 0, 0 } };

/* Returns: an array of XpvCtlObject, row by row */
static GPtrArray *
judge_cells(const XpvCtlFacts *facts)
{
    g_auto(GStrv) packages = xpv_guide_cells();
    GPtrArray *cells = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_ctl_object_free);
    for (char **package = packages; *package; package++) {
        g_autoptr(XpvReport) report = xpv_report_parse(*package, -1);
        g_ptr_array_add(cells, xpv_ctl_facts_judge(facts, report));
    }
    g_assert(cells->len % N_RELEASES == 0);
    return cells;
}

static gboolean
has_word(const XpvCtlObject *cell, guint property, const char *word)
{
    g_autofree const char **words = g_variant_get_strv(cell->values[property], NULL);
    return g_strv_contains(words, word);
}

static gboolean
is_empty(const XpvCtlObject *cell)
{
    return has_word(cell, XPV_CTL_DOMAIN_REASONS, xpv_reason_to_word(XPV_REASON_KERNEL_VARIANT_UNSUPPORTED));
}

static char *
render_cells(const XpvCtlOutput *output, const GPtrArray *cells)
{
    g_autoptr(XpvCtlTable) table = xpv_ctl_table_new(columns, G_N_ELEMENTS(columns));
    for (guint i = 0; i < cells->len; i++) {
        const XpvCtlObject *cell = cells->pdata[i];
        const char *verdict = xpv_ctl_object_string(cell, XPV_CTL_DOMAIN_VERDICT);
        if (i % N_RELEASES == 0)
            xpv_ctl_table_add(table, xpv_ctl_object_text(cell, XPV_CTL_DOMAIN_VARIANT), XPV_CTL_STYLE_NONE);
        if (is_empty(cell))
            xpv_ctl_table_add(table, g_strdup("-"), XPV_CTL_STYLE_FAINT);
        else
            xpv_ctl_table_add(table, g_strdup(verdict), xpv_ctl_verdict_style(verdict));
    }
    return xpv_ctl_table_render(table, output);
}

/* Returns: (nullable) NULL if there is none */
static char *
render_kernels(const XpvCtlOutput *output, const GPtrArray *cells)
{
    g_autoptr(XpvCtlTable) table = xpv_ctl_table_new(kernel_columns, G_N_ELEMENTS(kernel_columns));
    gboolean is_any = FALSE;
    for (guint release = 0; release < N_RELEASES; release++) {
        for (guint i = release; i < cells->len; i += N_RELEASES) {
            const char *verdict = xpv_ctl_object_string(cells->pdata[i], XPV_CTL_DOMAIN_VERDICT);
            if (!g_str_equal(verdict, xpv_verdict_to_word(XPV_VERDICT_COMPATIBLE)))
                continue;
            is_any = TRUE;
            xpv_ctl_table_add(table, xpv_ctl_object_text(cells->pdata[i], XPV_CTL_DOMAIN_RELEASE), XPV_CTL_STYLE_NONE);
            xpv_ctl_table_add(table, xpv_ctl_object_text(cells->pdata[i], XPV_CTL_DOMAIN_KERNEL), XPV_CTL_STYLE_NONE);
        }
    }
    return is_any ? xpv_ctl_table_render(table, output) : NULL;
}

/* Prints each warning that any cell has. */
static void
print_warnings(XpvCtlOutput *output, const GPtrArray *cells)
{
    for (XpvWarning warning = 0; warning < XPV_WARNING_MAX; warning++) {
        const char *word = xpv_warning_to_word(warning);
        gboolean is_given = FALSE;
        for (guint i = 0; i < cells->len; i++)
            is_given = is_given || has_word(cells->pdata[i], XPV_CTL_DOMAIN_WARNINGS, word);
        if (is_given)
            xpv_ctl_output_sentence(output, "Warning: ", XPV_CTL_STYLE_NONE, xpv_ctl_warning_phrase(word));
    }
}

static void
print_human(XpvCtl *ctl, const XpvCtlFacts *facts, const GPtrArray *cells)
{
    XpvCtlOutput *output = &ctl->output;
    XpvCtlTally tally = { 0 };
    for (guint i = 0; i < cells->len; i++) {
        if (!is_empty(cells->pdata[i]))
            xpv_ctl_tally_add(&tally, xpv_ctl_object_string(cells->pdata[i], XPV_CTL_DOMAIN_VERDICT));
    }
    g_autofree char *table = render_cells(output, cells);
    g_autofree char *kernels = render_kernels(output, cells);
    g_autofree char *summary = xpv_ctl_facts_summary(facts, &tally, "kernel");

    xpv_ctl_output_write(output, table);
    if (xpv_ctl_tally_total(&tally) < cells->len)
        xpv_ctl_output_sentence(output, "-: ", XPV_CTL_STYLE_NONE,
                                "incompatible on any host, as table 12.1 does not support it");
    xpv_ctl_output_write(output, "\n");
    if (kernels) {
        xpv_ctl_output_write(output, kernels);
        xpv_ctl_output_write(output, "\n");
    }
    print_warnings(output, cells);
    xpv_ctl_output_sentence(output, "", XPV_CTL_STYLE_NONE, summary);
}

static void
print_json(XpvCtl *ctl, const XpvCtlFacts *facts, const GPtrArray *cells)
{
    g_autoptr(XpvCtlObject) host = xpv_ctl_facts_host(facts);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < cells->len; i++) {
        g_autofree char *line = xpv_ctl_json_pair(cells->pdata[i], host, XPV_CTL_OF_REPORT);
        g_string_append(text, line);
    }
    xpv_ctl_output_write(&ctl->output, text->str);
}

void
xpv_ctl_check_matrix(XpvCtl *ctl, const XpvCtlFacts *facts)
{
    g_autoptr(GPtrArray) cells = judge_cells(facts);
    if (ctl->json)
        print_json(ctl, facts, cells);
    else
        print_human(ctl, facts, cells);
}
