/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “xenstore” in builds without libxenstore: it has nothing to tell. */
#include "daemon/reports/reports.h"

static gpointer
start(const XpvReportContext *context)
{
    return NULL;
}

const XpvReportSource xpv_report_xenstore = { .start = start };
