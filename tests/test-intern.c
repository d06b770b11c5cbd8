/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malloc.h>

#include "common/intern.h"

#define N_THREADS 4
#define N_TIMES 20000

static void
test_one_copy(void)
{
    g_autofree char *text = g_strdup("2.6.18-8.el5");
    XpvInterned *one = xpv_intern(text);
    XpvInterned *same = xpv_intern("2.6.18-8.el5");
    XpvInterned *other = xpv_intern("");
    g_assert_true(one != text);
    g_assert_true(one == same);
    g_assert_cmpstr(one, ==, "2.6.18-8.el5");
    g_assert_cmpstr(other, ==, "");

    xpv_interned_release(one);
    g_assert_cmpstr(same, ==, "2.6.18-8.el5");
    xpv_interned_release(same);
    xpv_interned_release(other);
    XpvInterned *again = xpv_intern("2.6.18-8.el5");
    g_assert_cmpstr(again, ==, "2.6.18-8.el5");
    xpv_interned_release(again);
}

/* Under a sanitizer, glibc's figure is always 0. */
static void
test_memory(void)
{
    gsize before = mallinfo2().uordblks;
    for (guint i = 0; i < 1000; i++) {
        g_autofree char *text = g_strdup_printf("%010000u", i);
        xpv_interned_release(xpv_intern(text));
    }
    g_assert_cmpuint(mallinfo2().uordblks, <, before + 1000000);
}

static void
test_none(void)
{
    g_assert_null(xpv_intern(NULL));
    xpv_interned_release(NULL);
}

static gpointer
intern_and_release(gpointer text)
{
    for (guint i = 0; i < N_TIMES; i++) {
        XpvInterned *interned = xpv_intern(text);
        g_assert_cmpstr(interned, ==, text);
        xpv_interned_release(interned);
    }
    return NULL;
}

/* Each release may be the last, while another thread interns the string. */
static void
test_threads(void)
{
    GThread *threads[N_THREADS];
    for (guint i = 0; i < N_THREADS; i++)
        threads[i] = g_thread_new("intern", intern_and_release, (gpointer) "2.6.18-8.el5");
    for (guint i = 0; i < N_THREADS; i++)
        g_thread_join(threads[i]);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/intern/one-copy", test_one_copy);
    g_test_add_func("/intern/memory", test_memory);
    g_test_add_func("/intern/none", test_none);
    g_test_add_func("/intern/threads", test_threads);
    return g_test_run();
}
