/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domains whose first read the first refresh waits for, but not for long. Report sources implement is_settled() and
 * settled() with it. */
#pragma once

#include <glib.h>

typedef struct _XpvAwaited XpvAwaited;

/* xpv_awaited_new:
 * @settled: no key is awaited any more, or the time is over; called from the main loop, not from within a function */
XpvAwaited *xpv_awaited_new(void (*settled)(gpointer data), gpointer data);
void xpv_awaited_free(XpvAwaited *awaited);

/* xpv_awaited_add: the first key starts a timeout of one second. */
void xpv_awaited_add(XpvAwaited *awaited, const char *key);

/* xpv_awaited_remove: @key was read, or is gone. A key that is not awaited is ignored. */
void xpv_awaited_remove(XpvAwaited *awaited, const char *key);

/* xpv_awaited_clear: no key will be read soon. */
void xpv_awaited_clear(XpvAwaited *awaited);

gboolean xpv_awaited_is_empty(const XpvAwaited *awaited);
