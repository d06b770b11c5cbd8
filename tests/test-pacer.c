/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often a key is read that changes all the time. The test counts reads and compares no times. */
#include "daemon/pacer.h"
#include "tests/loop.h"

#define KEY "guest"

typedef struct {
    XpvPacer *pacer;
    GHashTable *reads; /* key → number of reads */
} Fixture;

static void
on_read(const char *key, gpointer data)
{
    Fixture *fixture = data;
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(fixture->reads, key));
    g_hash_table_replace(fixture->reads, g_strdup(key), GUINT_TO_POINTER(n + 1));
}

static guint
count(Fixture *fixture, const char *key)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(fixture->reads, key));
}

static void
set_up(Fixture *fixture, gconstpointer unused)
{
    fixture->pacer = xpv_pacer_new(on_read, fixture);
    fixture->reads = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void
tear_down(Fixture *fixture, gconstpointer unused)
{
    xpv_pacer_free(fixture->pacer);
    g_hash_table_unref(fixture->reads);
}

/* The first change is read at once. Changes during a read cost one more read. */
static void
test_one_at_a_time(Fixture *fixture, gconstpointer unused)
{
    for (guint i = 0; i < 100; i++)
        xpv_pacer_want(fixture->pacer, KEY);
    g_assert_cmpuint(count(fixture, KEY), ==, 1);
    let_pass(600);
    g_assert_cmpuint(count(fixture, KEY), ==, 1); /* however long the read takes */

    xpv_pacer_done(fixture->pacer, KEY);
    g_assert_cmpuint(count(fixture, KEY), ==, 1); /* it rests */
    wait_until(count(fixture, KEY) == 2);
    xpv_pacer_done(fixture->pacer, KEY);
    let_pass(1200);
    g_assert_cmpuint(count(fixture, KEY), ==, 2); /* nothing changed any more */
}

/* A key that never stops changing is read four times in the first two seconds, then once a second. */
static void
test_flood(Fixture *fixture, gconstpointer unused)
{
    gint64 began = g_get_monotonic_time();
    guint reads = 0;
    while (reads < 5) {
        xpv_pacer_want(fixture->pacer, KEY);
        if (count(fixture, KEY) == reads) {
            g_main_context_iteration(NULL, TRUE);
            continue;
        }
        reads = count(fixture, KEY);
        xpv_pacer_done(fixture->pacer, KEY);
    }
    gint64 seconds = (g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    g_assert_cmpint(reads, <=, 3 + seconds);
}

/* A key that was quiet for a while is read at once again. */
static void
test_rested(Fixture *fixture, gconstpointer unused)
{
    xpv_pacer_want(fixture->pacer, KEY);
    xpv_pacer_done(fixture->pacer, KEY);
    let_pass(600);
    xpv_pacer_want(fixture->pacer, KEY);
    g_assert_cmpuint(count(fixture, KEY), ==, 2);
}

static void
test_now(Fixture *fixture, gconstpointer unused)
{
    xpv_pacer_want(fixture->pacer, KEY);
    xpv_pacer_want_now(fixture->pacer, KEY);
    g_assert_cmpuint(count(fixture, KEY), ==, 1); /* it is being read */
    xpv_pacer_done(fixture->pacer, KEY);
    xpv_pacer_want_now(fixture->pacer, KEY);
    g_assert_cmpuint(count(fixture, KEY), ==, 2); /* it need not rest */
    xpv_pacer_done(fixture->pacer, KEY);
    let_pass(600);
    g_assert_cmpuint(count(fixture, KEY), ==, 2);
}

/* A longer rest of one key does not delay another. */
static void
test_rest(Fixture *fixture, gconstpointer unused)
{
    xpv_pacer_rest(fixture->pacer, KEY, (gint64)3600 * G_USEC_PER_SEC);
    xpv_pacer_want(fixture->pacer, KEY);
    xpv_pacer_want(fixture->pacer, "other");
    xpv_pacer_want(fixture->pacer, "other");
    xpv_pacer_done(fixture->pacer, "other");
    wait_until(count(fixture, "other") == 2);
    g_assert_cmpuint(count(fixture, KEY), ==, 0);

    xpv_pacer_forget(fixture->pacer, KEY);
    xpv_pacer_want(fixture->pacer, KEY);
    g_assert_cmpuint(count(fixture, KEY), ==, 1);
}

/* A key that is forgotten during its read or rest is not read again by itself, and the end of its read is ignored. */
static void
test_clear(Fixture *fixture, gconstpointer unused)
{
    xpv_pacer_want(fixture->pacer, KEY);
    xpv_pacer_want(fixture->pacer, KEY);
    xpv_pacer_want(fixture->pacer, "other");
    xpv_pacer_done(fixture->pacer, "other");
    xpv_pacer_want(fixture->pacer, "other");
    xpv_pacer_clear(fixture->pacer);
    xpv_pacer_done(fixture->pacer, KEY);
    let_pass(600);
    g_assert_cmpuint(count(fixture, KEY), ==, 1);
    g_assert_cmpuint(count(fixture, "other"), ==, 1);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/pacer/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("one-at-a-time", test_one_at_a_time);
    ADD("flood", test_flood);
    ADD("rested", test_rested);
    ADD("now", test_now);
    ADD("rest", test_rest);
    ADD("clear", test_clear);
    return g_test_run();
}
