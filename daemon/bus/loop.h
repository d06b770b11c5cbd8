/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd-bus on GLib's main loop. */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* xpv_bus_loop_attach: serves the bus in the default main context.
 * @disconnected: called once, when the connection has ended; the bus is no longer served then
 * Returns: (transfer full) destroy and unreference it to detach. */
GSource *xpv_bus_loop_attach(sd_bus *bus, void (*disconnected)(gpointer data), gpointer data);
