/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The delay before the next try: 1 s at first, doubled each time, up to 60 s. A random fifth is added or subtracted, so
 * that many hosts do not come back at the same moment. */
#pragma once

#include <glib.h>

/* xpv_backoff_ms: the next delay. @tries: the number of tries that failed; 0 for the first delay. */
guint xpv_backoff_ms(guint tries);
