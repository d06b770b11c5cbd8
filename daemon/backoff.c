/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/backoff.h"

#define FIRST_MS 1000U
#define LAST_MS 60000U

guint
xpv_backoff_ms(guint tries)
{
    guint ms = tries < 6 ? MIN(FIRST_MS << tries, LAST_MS) : LAST_MS;
    return (guint)(ms * g_random_double_range(0.8, 1.2));
}
