/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often something is read that may change all the time: one read of it at a time, and a rest after each.
 *
 * A rest takes a quarter of a second. It doubles, up to a second, as long as something has changed again by its end. So
 * one change is noticed at once, and a guest that never stops costs the host next to nothing. */
#pragma once

#include <glib.h>

typedef struct _XpvPacer XpvPacer;

/* xpv_pacer_read: begin to read @key, and call xpv_pacer_done() once that has ended; not from within this. */
typedef void (*XpvPacerRead)(const char *key, gpointer data);

XpvPacer *xpv_pacer_new(XpvPacerRead read, gpointer data);
void xpv_pacer_free(XpvPacer *pacer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvPacer, xpv_pacer_free)

/* xpv_pacer_want: has @key read: now, or else as soon as the read under way has ended and it has rested. */
void xpv_pacer_want(XpvPacer *pacer, const char *key);

/* xpv_pacer_want_now: the same, but does not wait for the rest. */
void xpv_pacer_want_now(XpvPacer *pacer, const char *key);

/* xpv_pacer_done: the read of @key has ended. What is not known is passed over. */
void xpv_pacer_done(XpvPacer *pacer, const char *key);

/* xpv_pacer_rest: @key rests for that long from now, in µs, if not for longer already. */
void xpv_pacer_rest(XpvPacer *pacer, const char *key, gint64 us);

/* xpv_pacer_forget: @key is not read any more, and has no rest to wait for when it is wanted again. */
void xpv_pacer_forget(XpvPacer *pacer, const char *key);

/* xpv_pacer_clear: forgets all. */
void xpv_pacer_clear(XpvPacer *pacer);
