/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's answers, over the system bus of this host or another. Calls start the daemon if they can.
 *
 * Errors are XPV_CTL_ERROR, with a sentence that says what was tried and what helps. */
#pragma once

#include <gio/gio.h>

#include "ctl/object.h"

/* xpv_ctl_bus_open: @host: (nullable) as for xpv_ctl_remote_open(); NULL: this host */
GDBusConnection *xpv_ctl_bus_open(const char *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_bus_ping: whether the daemon answers. Does not start it. */
gboolean xpv_ctl_bus_ping(GDBusConnection *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_bus_host: the Manager's properties. */
XpvCtlObject *xpv_ctl_bus_host(GDBusConnection *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_bus_domains: Returns: (transfer full) XpvCtlObjects, sorted by name in byte order. */
GPtrArray *xpv_ctl_bus_domains(GDBusConnection *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_bus_domain: @domain: any bytes: a name, or else a UUID */
XpvCtlObject *xpv_ctl_bus_domain(GDBusConnection *connection, const char *domain,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_bus_explain: turns an error of GDBus into one of XPV_CTL_ERROR. @error: (transfer full) */
GError *xpv_ctl_bus_explain(GDBusConnection *connection, GError *error);
