/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reports/reports.h"

#include "common/text.h"

#define SOURCE(constant, object, word) &xpv_report_##object,
static const XpvReportSource *const sources[] = { XPV_REPORT_SOURCES(SOURCE) };
#undef SOURCE

#define WORD(constant, object, word) word,
static const char *const words[] = { XPV_REPORT_SOURCES(WORD) };
#undef WORD

struct _XpvReports {
    gpointer selves[G_N_ELEMENTS(sources)];
};

XpvReports *
xpv_reports_new(const XpvReportContext *context)
{
    XpvReports *reports = g_new0(XpvReports, 1);
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]->start)
            reports->selves[i] = sources[i]->start(context);
    }
    return reports;
}

void
xpv_reports_free(XpvReports *reports)
{
    if (!reports)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]->stop)
            sources[i]->stop(reports->selves[i]);
    }
    g_free(reports);
}

void
xpv_reports_ask(XpvReports *reports, const XpvDomainXml *xml, XpvSaid *ret_said)
{
    *ret_said = (XpvSaid){ .source = "" };
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        gboolean had_report = ret_said->report != NULL;
        sources[i]->ask(reports->selves[i], xml, ret_said);
        if (ret_said->report && !had_report)
            ret_said->source = words[i];
    }
}

void
xpv_reports_reload(XpvReports *reports)
{
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]->reload)
            sources[i]->reload(reports->selves[i]);
    }
}

void
xpv_reports_run_began(XpvReports *reports, const char *uuid, gint id, gboolean is_booted)
{
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]->run_began)
            sources[i]->run_began(reports->selves[i], uuid, id, is_booted);
    }
}

void
xpv_reports_forget(XpvReports *reports, const char *uuid)
{
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]->forget)
            sources[i]->forget(reports->selves[i], uuid);
    }
}

gboolean
xpv_reports_are_settled(const XpvReports *reports)
{
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (sources[i]->is_settled && !sources[i]->is_settled(reports->selves[i]))
            return FALSE;
    }
    return TRUE;
}

void
xpv_said_clear(XpvSaid *said)
{
    g_clear_pointer(&said->report, g_free);
    g_clear_pointer(&said->others, g_ptr_array_unref);
    xpv_system_clear(&said->system);
}

void
xpv_said_report(XpvSaid *said, const char *report)
{
    g_autofree char *text = report ? xpv_text_clean(report, -1, 1) : g_strdup("");
    if (*text == '\0')
        return;
    if (!said->report) {
        said->report = g_strdup(report);
        return;
    }
    if (!said->others)
        said->others = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(said->others, g_strdup(report));
}
