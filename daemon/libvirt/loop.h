/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's event loop on GLib's main loop.
 *
 * libvirt's client pauses the watch of its socket during each call, on the thread of the call, and sets a timer anew at
 * each answer. Sources of GLib would wake the main thread for that each time. So one source has an epoll descriptor of
 * all sockets, and the time of the timer that is due first. Another thread changes both without waking anybody. */
#pragma once

#include <glib.h>

/* xpv_libvirt_loop_attach: once, on the main thread, before libvirt is used. Callbacks run on the main thread; their
 * data is freed on another one, which xpv_workers_wait_for_abandoned() waits for. */
gboolean xpv_libvirt_loop_attach(GError **error);
