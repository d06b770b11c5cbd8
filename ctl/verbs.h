/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's verbs, each in a file of its own. */
#pragma once

#include "ctl/ctl.h"
#include "ctl/table.h"

gboolean xpv_ctl_list(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);
gboolean xpv_ctl_show(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);
gboolean xpv_ctl_host(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);
gboolean xpv_ctl_check(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);
gboolean xpv_ctl_metrics(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);
gboolean xpv_ctl_monitor(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);
gboolean xpv_ctl_gate(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);

/* xpv_ctl_add_domain: name, state, verdict, kernel and why, as a row's cells. */
void xpv_ctl_add_domain(XpvCtlTable *table, const XpvCtlObject *domain);

/* xpv_ctl_warn_of_host: warns if libvirt does not answer, as the output may then be old. */
void xpv_ctl_warn_of_host(XpvCtl *ctl, const XpvCtlObject *host);
