/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system bus of another host, reached as systemd's own tools reach it: ssh runs systemd-stdio-bridge there. */
#pragma once

#include <gio/gio.h>

/* xpv_ctl_remote_open: blocks as long as ssh takes, which may ask its user for a password. ssh ends with the
 * connection, and with this process.
 * @host: [USER@]HOST[:PORT]; any bytes
 * Errors: XPV_CTL_ERROR, with a sentence; what ssh itself says has gone to standard error */
GDBusConnection *xpv_ctl_remote_open(const char *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_remote_host: Returns: (nullable) as it was opened; NULL: the connection is to this host. */
const char *xpv_ctl_remote_host(GDBusConnection *connection);

/* xpv_ctl_remote_listen: of a connection that has gone, blocks until ssh has said why, or a second has passed. */
void xpv_ctl_remote_listen(GDBusConnection *connection);
