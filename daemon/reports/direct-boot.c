/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “direct-boot”: the file name of the kernel with which the host boots the domain. */
#include "daemon/reports/reports.h"

static void
ask(gpointer self, const XpvDomainXml *xml, XpvReported *reported)
{
    xpv_reported_add(reported, xml->boot_kernel);
}

const XpvReportSource xpv_report_direct_boot = { .ask = ask };
