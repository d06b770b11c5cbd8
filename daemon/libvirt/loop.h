/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's event loop on GLib's main loop.
 *
 * libvirt's client pauses the watch of its socket during each call, on the thread of the call, and sets a timer anew at
 * each answer. Sources of GLib would wake the main thread for that each time. So one epoll descriptor has all that
 * libvirt watches, and another thread changes it without waking anybody. */
#pragma once

/* xpv_libvirt_loop_attach: once, on the main thread, before libvirt is used. */
void xpv_libvirt_loop_attach(void);
