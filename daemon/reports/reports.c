/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reports/reports.h"

#include "common/text.h"

typedef struct {
    const XpvReportSource *functions;
    const char *word;
    gpointer self;
} Source;

#define SOURCE(constant, object, word) { &xpv_report_##object, word, NULL },
static const Source sources[] = { XPV_REPORT_SOURCES(SOURCE) };
#undef SOURCE

struct _XpvReports {
    Source started[G_N_ELEMENTS(sources) + 1]; /* and an empty one behind them */
};

XpvReports *
xpv_reports_new(const XpvReportContext *context)
{
    XpvReports *reports = g_new0(XpvReports, 1);
    Source *end = reports->started;
    for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
        Source source = sources[i];
        if (!source.functions->start || (source.self = source.functions->start(context)))
            *end++ = source;
    }
    return reports;
}

void
xpv_reports_free(XpvReports *reports)
{
    if (!reports)
        return;
    for (const Source *source = reports->started; source->functions; source++) {
        if (source->functions->stop)
            source->functions->stop(source->self);
    }
    g_free(reports);
}

void
xpv_reports_ask(XpvReports *reports, const XpvDomainXml *xml, XpvReported *ret_reported)
{
    *ret_reported = (XpvReported){ .source = "" };
    for (const Source *source = reports->started; source->functions; source++) {
        gboolean had_report = ret_reported->report != NULL;
        source->functions->ask(source->self, xml, ret_reported);
        if (ret_reported->report && !had_report)
            ret_reported->source = source->word;
    }
}

void
xpv_reports_reload(XpvReports *reports)
{
    for (const Source *source = reports->started; source->functions; source++) {
        if (source->functions->reload)
            source->functions->reload(source->self);
    }
}

void
xpv_reports_run_began(XpvReports *reports, const char *uuid, gint id, gboolean is_booted)
{
    for (const Source *source = reports->started; source->functions; source++) {
        if (source->functions->run_began)
            source->functions->run_began(source->self, uuid, id, is_booted);
    }
}

void
xpv_reports_forget(XpvReports *reports, const char *uuid)
{
    for (const Source *source = reports->started; source->functions; source++) {
        if (source->functions->forget)
            source->functions->forget(source->self, uuid);
    }
}

gboolean
xpv_reports_are_settled(const XpvReports *reports)
{
    for (const Source *source = reports->started; source->functions; source++) {
        if (source->functions->is_settled && !source->functions->is_settled(source->self))
            return FALSE;
    }
    return TRUE;
}

void
xpv_reported_clear(XpvReported *reported)
{
    g_clear_pointer(&reported->report, g_free);
    g_clear_pointer(&reported->others, g_ptr_array_unref);
    xpv_system_clear(&reported->system);
}

void
xpv_reported_add(XpvReported *reported, const char *report)
{
    g_autofree char *text = report ? xpv_text_clean(report, -1, 1) : g_strdup("");
    if (*text == '\0')
        return;
    if (!reported->report) {
        reported->report = g_strdup(report);
        return;
    }
    if (!reported->others)
        reported->others = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(reported->others, g_strdup(report));
}
