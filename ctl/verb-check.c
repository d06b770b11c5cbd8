/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "common/facts.h"
#include "common/judge.h"
#include "common/text.h"
#include "ctl/json.h"
#include "ctl/layout.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/this-host.h"
#include "ctl/verbs.h"
#include "ctl/verdict.h"

/* Where the text of a report begins: after the longest verdict. */
#define COLUMN 16

/* What reports are judged against. */
typedef struct {
    XpvHost host;
    XpvVirtualization virtualization;
    char *kernel; /* the host's */
} Facts;

static void
facts_clear(Facts *facts)
{
    g_free(facts->kernel);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Facts, facts_clear)

static gboolean
set_fact(Facts *facts, XpvCtlFact fact, const char *value, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    if (!xpv_facts_set(&facts->host, &facts->virtualization, xpv_ctl_fact_key(fact), valid, &wrong)) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_USAGE, "--%s", wrong->message);
        return FALSE;
    }
    if (fact == XPV_CTL_FACT_HOST_KERNEL) {
        g_free(facts->kernel);
        facts->kernel = xpv_text_clean(valid, -1, XPV_TEXT_PUBLISHED_MAX);
    }
    return TRUE;
}

static gboolean
gather_facts(Facts *facts, const XpvCtl *ctl, GError **error)
{
    xpv_ctl_this_host(&facts->host, &facts->kernel);
    facts->virtualization = XPV_VIRTUALIZATION_HVM;
    for (guint i = 0; i < XPV_CTL_FACT_MAX; i++) {
        if (ctl->facts[i] && !set_fact(facts, i, ctl->facts[i], error))
            return FALSE;
    }
    return TRUE;
}

static XpvCtlObject *
judge(const Facts *facts, const XpvReport *report)
{
    const XpvGuest guest = { .id = -1, .virtualization = facts->virtualization, .report = report };
    g_autoptr(XpvJudgement) judgement = xpv_judge(&facts->host, &guest);
    g_autofree const char **reasons = xpv_reasons_to_words(judgement->reasons);
    g_autofree const char **warnings = xpv_warnings_to_words(judgement->warnings);
    g_autofree const char **archs = xpv_archs_to_words(judgement->required_archs);
    const char *driver_source = xpv_driver_source_to_word(judgement->driver_source);

    GVariantDict results;
    g_variant_dict_init(&results, NULL);
    g_variant_dict_insert(&results, "Kernel", "s", xpv_report_text(report));
    g_variant_dict_insert(&results, "Verdict", "s", xpv_verdict_to_word(judgement->verdict));
    g_variant_dict_insert(&results, "Reasons", "^as", reasons);
    g_variant_dict_insert(&results, "Warnings", "^as", warnings);
    g_variant_dict_insert(&results, "Release", "s", judgement->release);
    g_variant_dict_insert(&results, "Variant", "s", judgement->variant);
    g_variant_dict_insert(&results, "Processor", "s", xpv_processor_to_word(judgement->processor));
    g_variant_dict_insert(&results, "RequiredHostArchitectures", "^as", archs);
    g_variant_dict_insert(&results, "DriverSource", "s", driver_source);
    g_variant_dict_insert(&results, "Explanation", "s", judgement->explanation);
    g_variant_dict_insert(&results, "Remedy", "s", judgement->remedy);
    return xpv_ctl_object_new(&xpv_ctl_domain_interface, g_variant_dict_end(&results));
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

/* Returns: FALSE where nobody reads on. Blank reports are skipped. */
static gboolean
check_report(XpvCtl *ctl, const Facts *facts, const char *data, gssize length, XpvCtlTally *tally)
{
    g_autoptr(XpvReport) report = xpv_report_parse(data, length);
    if (!report)
        return TRUE;
    g_autoptr(XpvCtlObject) result = judge(facts, report);
    xpv_ctl_tally_add(tally, xpv_ctl_object_string(result, XPV_CTL_DOMAIN_VERDICT));
    g_autofree char *text =
        ctl->json ? xpv_ctl_json_line(NULL, result, XPV_CTL_OF_REPORT) : render(&ctl->output, result);
    return xpv_ctl_output_write(&ctl->output, text);
}

/* One byte more than is read of a report tells that it is longer. Returns: FALSE at the end. */
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
    return c != EOF || line->len > 0;
}

static gboolean
check_stdin(XpvCtl *ctl, const Facts *facts, XpvCtlTally *tally, GError **error)
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
print_summary(XpvCtl *ctl, const Facts *facts, const XpvCtlTally *tally)
{
    g_autofree char *counts = xpv_ctl_tally_text(tally, "report");
    g_autofree char *release = facts->host.update >= 0 ? g_strdup_printf("5.%d", facts->host.update) : g_strdup("");
    g_autofree char *host = xpv_ctl_host_text("", xpv_arch_to_word(facts->host.architecture),
                                              xpv_processor_to_word(facts->host.processor), facts->kernel, release);
    g_autofree char *line = g_strdup_printf("%s — as on a Xen host, %s", counts, host);
    xpv_ctl_output_write(&ctl->output, "\n");
    xpv_ctl_output_sentence(&ctl->output, "", XPV_CTL_STYLE_NONE, line);
}

gboolean
xpv_ctl_check(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    g_auto(Facts) facts = { 0 };
    XpvCtlTally tally = { 0 };
    if (!gather_facts(&facts, ctl, error))
        return FALSE;

    for (char **argument = ctl->arguments; *argument; argument++) {
        if (!g_str_equal(*argument, "-"))
            check_report(ctl, &facts, *argument, -1, &tally);
        else if (!check_stdin(ctl, &facts, &tally, error))
            return FALSE;
    }
    if (!ctl->json && xpv_ctl_tally_total(&tally) > 0)
        print_summary(ctl, &facts, &tally);
    *ret_status = xpv_ctl_tally_exit(&tally);
    return TRUE;
}
