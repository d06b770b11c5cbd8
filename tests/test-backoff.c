/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The delay before the next try. */
#include "daemon/backoff.h"

static void
test_range(void)
{
    static const guint ms[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
    static const guint many[] = { 31, 32, 33, 64, G_MAXUINT };
    for (guint i = 0; i < 1000; i++) {
        for (guint tries = 0; tries < G_N_ELEMENTS(ms); tries++) {
            guint delay = xpv_backoff_ms(tries);
            g_assert_cmpuint(delay, >=, ms[tries] * 8 / 10);
            g_assert_cmpuint(delay, <=, ms[tries] * 12 / 10);
        }
        for (guint j = 0; j < G_N_ELEMENTS(many); j++)
            g_assert_cmpuint(xpv_backoff_ms(many[j]), >=, 48000);
    }
}

/* Hosts that lose the same server at once do not all come back at once. */
static void
test_jitter(void)
{
    g_autoptr(GHashTable) delays = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < 1000; i++)
        g_hash_table_add(delays, GUINT_TO_POINTER(xpv_backoff_ms(0)));
    g_assert_cmpuint(g_hash_table_size(delays), >, 100);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backoff/range", test_range);
    g_test_add_func("/backoff/jitter", test_jitter);
    return g_test_run();
}
