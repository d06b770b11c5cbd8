/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "ctl/check.h"
#include "ctl/json.h"
#include "ctl/layout.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"

/* The column in which a report begins, after the longest verdict. */
#define COLUMN 16

/* Takes the facts that options give; the others are those of this host, or with --all-hosts of none. */
static gboolean
gather_facts(XpvCtlFacts *facts, const XpvCtl *ctl, GError **error)
{
    if (ctl->all_hosts)
        xpv_ctl_facts_of_no_host(facts);
    else
        xpv_ctl_facts_of_this_host(facts);
    for (guint i = 0; i < XPV_FACT_MAX; i++) {
        g_autoptr(GError) wrong = NULL;
        if (ctl->facts[i] && !xpv_ctl_facts_set(facts, i, ctl->facts[i], &wrong)) {
            g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_USAGE, "--%s", wrong->message);
            return FALSE;
        }
    }
    return TRUE;
}

static void
append_line(GString *out, const char *label, const char *text, guint width)
{
    if (*text == '\0')
        return;
    guint indent = xpv_ctl_layout_indent(COLUMN, width);
    g_autofree char *line = g_strconcat(label, text, NULL);
    xpv_ctl_layout_pad(out, 0, indent);
    xpv_ctl_layout_wrap(out, line, indent, indent, width);
    g_string_append_c(out, '\n');
}

static char *
render(const XpvCtlOutput *output, const XpvCtlObject *result)
{
    const char *verdict = xpv_ctl_object_string(result, XPV_CTL_DOMAIN_VERDICT);
    g_autofree char *kernel = xpv_ctl_object_text(result, XPV_CTL_DOMAIN_KERNEL);
    g_autofree char *explanation = xpv_ctl_object_text(result, XPV_CTL_DOMAIN_EXPLANATION);
    g_autofree char *remedy = xpv_ctl_object_text(result, XPV_CTL_DOMAIN_REMEDY);
    g_autofree const char **warnings = g_variant_get_strv(result->values[XPV_CTL_DOMAIN_WARNINGS], NULL);

    GString *text = g_string_new(NULL);
    guint indent = xpv_ctl_layout_indent(COLUMN, output->width);
    guint start = MAX(xpv_ctl_layout_width(verdict) + 1, indent);
    xpv_ctl_output_append(output, text, verdict, xpv_ctl_verdict_style(verdict));
    xpv_ctl_layout_pad(text, xpv_ctl_layout_width(verdict), start);
    xpv_ctl_layout_wrap(text, kernel, start, indent, output->width);
    g_string_append_c(text, '\n');
    append_line(text, "", explanation, output->width);
    append_line(text, "What to do: ", remedy, output->width);
    for (guint i = 0; warnings[i]; i++)
        append_line(text, "Warning: ", xpv_ctl_warning_phrase(warnings[i]), output->width);
    return g_string_free(text, FALSE);
}

/* Skips blank reports. Returns: FALSE if the output can no longer be written. */
static gboolean
check_report(XpvCtl *ctl, const XpvCtlFacts *facts, const char *data, gssize length, XpvCtlTally *tally)
{
    g_autoptr(XpvReport) report = xpv_report_parse(data, length);
    if (!report)
        return TRUE;
    if (ctl->all_hosts)
        return xpv_ctl_check_all_hosts(ctl, facts, report, tally);
    g_autoptr(XpvCtlObject) result = xpv_ctl_facts_judge(facts, report);
    xpv_ctl_tally_add(tally, xpv_ctl_object_string(result, XPV_CTL_DOMAIN_VERDICT));
    g_autofree char *text =
        ctl->json ? xpv_ctl_json_line(NULL, result, XPV_CTL_OF_REPORT) : render(&ctl->output, result);
    return xpv_ctl_output_write(&ctl->output, text);
}

/* Keeps one byte more than a report may have, so that a longer one is noticed. Returns: FALSE at the end, or FALSE and
 * errno after an error, which ferror() tells. */
static gboolean
read_line(FILE *stream, GByteArray *line)
{
    int c;
    g_byte_array_set_size(line, 0);
    while ((c = getc_unlocked(stream)) != EOF && c != '\n') {
        const guint8 byte = (guint8)c;
        if (line->len <= XPV_REPORT_MAX)
            g_byte_array_append(line, &byte, 1);
    }
    return c != EOF || (line->len > 0 && !ferror(stream));
}

static gboolean
check_stdin(XpvCtl *ctl, const XpvCtlFacts *facts, XpvCtlTally *tally, GError **error)
{
    g_autoptr(GByteArray) line = g_byte_array_new();
    while (read_line(stdin, line)) {
        if (!check_report(ctl, facts, (const char *)line->data, line->len, tally))
            return TRUE;
    }
    if (ferror(stdin)) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "cannot read standard input: %s", g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

static void
print_summary(XpvCtl *ctl, const XpvCtlFacts *facts, const XpvCtlTally *tally)
{
    g_autofree char *summary = xpv_ctl_facts_summary(facts, tally, "report");
    xpv_ctl_output_write(&ctl->output, "\n");
    xpv_ctl_output_sentence(&ctl->output, "", XPV_CTL_STYLE_NONE, summary);
}

static gboolean
run(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    g_auto(XpvCtlFacts) facts = { 0 };
    XpvCtlTally tally = { 0 };
    if (!gather_facts(&facts, ctl, error))
        return FALSE;
    if (ctl->matrix)
        xpv_ctl_check_matrix(ctl, &facts); /* it is about no guest, so the exit status says nothing */

    for (char **argument = ctl->arguments; *argument; argument++) {
        if (!g_str_equal(*argument, "-"))
            check_report(ctl, &facts, *argument, -1, &tally);
        else if (!check_stdin(ctl, &facts, &tally, error))
            return FALSE;
    }
    if (!ctl->matrix && xpv_ctl_tally_total(&tally) == 0) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_USAGE,
                    "there is nothing to check: every report is empty or blank");
        return FALSE;
    }
    if (!ctl->json && !ctl->all_hosts && !ctl->matrix)
        print_summary(ctl, &facts, &tally);
    *ret_status = xpv_ctl_tally_exit(&tally);
    return TRUE;
}

const XpvCtlVerb xpv_ctl_verb_check = {
    .name = "check",
    .argument = "KERNEL…",
    .description = "Judge reports without the daemon; - reads one from each line",
    .minimum = 1,
    .maximum = G_MAXUINT,
    .takes = XPV_CTL_TAKES_JSON | XPV_CTL_TAKES_FACTS,
    .run = run,
};
