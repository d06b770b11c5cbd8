/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts and ends of a medium. */
#include "inspect/medium.h"

#include <string.h>

static void
test_ends(void)
{
    g_autoptr(XpvMedium) whole = xpv_medium_new_memory("abcdef", 4); /* without "ef" */
    g_autoptr(XpvMedium) part = xpv_medium_new_part(whole, 1, 100), none = xpv_medium_new_part(whole, 5, 1);
    g_autoptr(GError) error = NULL;
    char bytes[4] = "";
    g_assert_cmpuint(xpv_medium_size(part), ==, 3);
    g_assert_cmpuint(xpv_medium_size(none), ==, 0);
    g_assert_true(xpv_medium_read(part, 0, bytes, 3, NULL));
    g_assert_cmpstr(bytes, ==, "bcd");
    g_assert_true(xpv_medium_read(part, 3, bytes, 0, NULL));
    g_assert_false(xpv_medium_read(part, 4, bytes, 0, NULL));
    g_assert_false(xpv_medium_read(whole, G_MAXUINT64, bytes, 1, NULL));
    g_assert_false(xpv_medium_read(whole, 3, bytes, 2, &error));
    g_assert_cmpstr(error->message, ==, "2 bytes at 3 are beyond the end, 4");
}

/* A segment whose end does not fit into 64 bits, by itself or after others. */
static void
test_sizes(void)
{
    g_autoptr(XpvMedium) whole = xpv_medium_new_memory("a", 1), long_one = xpv_medium_new_empty();
    g_assert_true(xpv_medium_append(long_one, whole, 0, 1));
    g_assert_false(xpv_medium_append(long_one, whole, G_MAXUINT64, 1));
    g_assert_false(xpv_medium_append(long_one, NULL, 0, G_MAXUINT64));
    g_assert_true(xpv_medium_append(long_one, NULL, 0, G_MAXUINT64 - 1));
    g_assert_cmpuint(xpv_medium_size(long_one), ==, G_MAXUINT64);
}

/* Reading passes over an empty segment. */
static void
test_empty_segments(void)
{
    g_autoptr(XpvMedium) whole = xpv_medium_new_memory("ab", 2), pieces = xpv_medium_new_empty();
    char bytes[3] = "";
    g_assert_true(xpv_medium_append(pieces, whole, 1, 1));
    g_assert_true(xpv_medium_append(pieces, whole, 0, 0));
    g_assert_true(xpv_medium_append(pieces, whole, 0, 1));
    g_assert_true(xpv_medium_read(pieces, 0, bytes, 2, NULL));
    g_assert_cmpstr(bytes, ==, "ba");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/medium/ends", test_ends);
    g_test_add_func("/medium/sizes", test_sizes);
    g_test_add_func("/medium/empty-segments", test_empty_segments);
    return g_test_run();
}
