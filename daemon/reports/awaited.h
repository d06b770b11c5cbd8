/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose first word a complete answer waits for, but not for long: what a source's is_settled() and settled() are made
 * of. */
#pragma once

#include <glib.h>

typedef struct _XpvAwaited XpvAwaited;

/* xpv_awaited_new:
 * @settled: nobody is awaited any more, or the time is up; from the main loop, not from within a call */
XpvAwaited *xpv_awaited_new(void (*settled)(gpointer data), gpointer data);
void xpv_awaited_free(XpvAwaited *awaited);

/* xpv_awaited_add: a second begins with the first. */
void xpv_awaited_add(XpvAwaited *awaited, const char *key);

/* xpv_awaited_remove: @key has said what it can, or has gone. Who is not awaited is passed over. */
void xpv_awaited_remove(XpvAwaited *awaited, const char *key);

/* xpv_awaited_clear: nobody will say anything soon. */
void xpv_awaited_clear(XpvAwaited *awaited);

gboolean xpv_awaited_is_empty(const XpvAwaited *awaited);
