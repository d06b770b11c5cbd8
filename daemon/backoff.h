/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long to wait before the next try: from 1 s, doubled each time, up to 60 s, give or take a fifth, so that many
 * hosts that lost the same thing do not come back at once. */
#pragma once

#include <glib.h>

/* xpv_backoff_ms: the next delay. @tries: how many have failed; 0 for the first delay. */
guint xpv_backoff_ms(guint tries);
