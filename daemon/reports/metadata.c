/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “metadata”: an admin or a provisioning tool writes it into the domain's libvirt metadata. */
#include "daemon/reports/reports.h"

static void
ask(gpointer self, const XpvDomainXml *xml, XpvReported *reported)
{
    xpv_reported_add(reported, xml->metadata_kernel);
    reported->acknowledged = reported->acknowledged || xml->acknowledged;
}

const XpvReportSource xpv_report_metadata = { .ask = ask };
