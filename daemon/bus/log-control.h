/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.freedesktop.LogControl1: the log's level and target, for "systemctl service-log-level" and -target. */
#pragma once

#include <systemd/sd-bus.h>

/* xpv_log_control_add: puts the object on the bus. Anybody may read; only privileged users may set.
 * Returns: negative errno if it fails. */
int xpv_log_control_add(sd_bus *bus);
