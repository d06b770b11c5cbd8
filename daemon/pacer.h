/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rate limit for things that may change all the time: one read at a time for each key, and a rest after each read.
 *
 * A rest takes a quarter of a second. It doubles, up to a second, as long as the key changes again during the rest. So
 * a single change is noticed at once, and a guest that changes all the time costs the host next to nothing. */
#pragma once

#include <glib.h>

typedef struct _XpvPacer XpvPacer;

/* xpv_pacer_read: begins to read @key, and calls none of these functions. Call xpv_pacer_done() when the read has
 * ended.
 */
typedef void (*XpvPacerRead)(const char *key, gpointer data);

XpvPacer *xpv_pacer_new(XpvPacerRead read, gpointer data);
void xpv_pacer_free(XpvPacer *pacer);

/* xpv_pacer_want: has @key read: now, or as soon as its present read and rest are over. */
void xpv_pacer_want(XpvPacer *pacer, const char *key);

/* xpv_pacer_want_now: the same, but without waiting for the rest. */
void xpv_pacer_want_now(XpvPacer *pacer, const char *key);

/* xpv_pacer_done: the read of @key has ended. Unknown keys are ignored. */
void xpv_pacer_done(XpvPacer *pacer, const char *key);

/* xpv_pacer_rest: lets @key rest for so many µs from now, unless its rest is longer already. */
void xpv_pacer_rest(XpvPacer *pacer, const char *key, gint64 us);

/* xpv_pacer_forget: forgets @key and its rest: when it is wanted again, it is read at once. */
void xpv_pacer_forget(XpvPacer *pacer, const char *key);

/* xpv_pacer_clear: forgets all keys. */
void xpv_pacer_clear(XpvPacer *pacer);
