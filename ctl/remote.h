/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system bus of another host, reached in the way of systemd's own tools: ssh runs systemd-stdio-bridge there. */
#pragma once

#include <gio/gio.h>

/* xpv_ctl_remote_open: blocks until ssh has connected; ssh may ask the user for a password. ssh ends with the
 * connection, and with this process.
 * @host: [USER@]HOST[:PORT]; any bytes
 * Errors: XPV_CTL_ERROR, with a sentence; ssh has written its own message to standard error */
GDBusConnection *xpv_ctl_remote_open(const char *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ctl_remote_host: Returns: (nullable) as it was opened; NULL: the connection is to this host. */
const char *xpv_ctl_remote_host(GDBusConnection *connection);

/* xpv_ctl_remote_listen: after the connection was lost: blocks until ssh has said why, or a second has passed. */
void xpv_ctl_remote_listen(GDBusConnection *connection);
