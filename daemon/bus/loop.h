/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd-bus on GLib's main loop. */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* xpv_bus_loop_attach: lets the default main context serve the bus.
 * @disconnected: called once, when the bus has gone; the bus is then served no more
 * Returns: (transfer full) destroy and unreference it to detach. */
GSource *xpv_bus_loop_attach(sd_bus *bus, void (*disconnected)(gpointer data), gpointer data);
