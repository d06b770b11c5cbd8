/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “metadata”: an admin or a provisioning tool writes it into the domain's libvirt metadata. */
#include "daemon/reports/reports.h"

static void
ask(gpointer self, const XpvDomainXml *xml, XpvSaid *said)
{
    xpv_said_report(said, xml->metadata_kernel);
    said->acknowledged = said->acknowledged || xml->acknowledged;
}

const XpvReportSource xpv_report_metadata = { .ask = ask };
