/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a medium is read, and how often. */
#include "inspect/cache.h"

#include <string.h>

#include "inspect/error.h"

#define CHUNK 16U
#define SIZE 1000U

typedef struct {
    GString *log; /* "0-16 " for each reading of the source */
    gboolean fails;
} Source;

static gboolean
read_source(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    Source *source = data;
    g_string_append_printf(source->log, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " ", offset, offset + length);
    for (gsize i = 0; i < length; i++)
        ((guint8 *)buffer)[i] = (guint8)((offset + i) % 251);
    return !source->fails || xpv_inspect_fail(error, "it fails");
}

/* Reads that, and checks the bytes. */
static void
expect_read(const XpvMedium *cache, guint64 offset, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *bytes = g_malloc(length);
    g_assert_true(xpv_medium_read(cache, offset, bytes, length, &error));
    for (gsize i = 0; i < length; i++)
        g_assert_cmpuint(bytes[i], ==, (offset + i) % 251);
}

static void
expect_log(Source *source, const char *expected)
{
    g_assert_cmpstr(source->log->str, ==, expected);
    g_string_truncate(source->log, 0);
}

static void
test_kept(void)
{
    Source source = { g_string_new(NULL), FALSE };
    g_autoptr(XpvMedium) whole = xpv_medium_new(SIZE, read_source, &source, NULL);
    g_autoptr(XpvMedium) cache = xpv_cache_new(whole, CHUNK, 1);
    expect_read(cache, 3, 5);
    expect_read(cache, 0, 16);
    expect_log(&source, "0-16 ");
    expect_read(cache, 10, 30);
    expect_log(&source, "16-32 32-48 ");
    expect_read(cache, SIZE - 1, 1);
    expect_read(cache, SIZE - 8, 8);
    expect_log(&source, "992-1000 ");
    g_string_free(source.log, TRUE);
}

/* As far as reading went on; not after a jump, backwards or forwards, and not beyond the end. */
static void
test_ahead(void)
{
    Source source = { g_string_new(NULL), FALSE };
    g_autoptr(XpvMedium) whole = xpv_medium_new(SIZE, read_source, &source, NULL);
    g_autoptr(XpvMedium) cache = xpv_cache_new(whole, CHUNK, 4);
    for (guint64 i = 1; i < 40; i++)
        expect_read(cache, i * CHUNK, 1);
    expect_log(&source, "16-32 32-64 64-128 128-192 192-256 256-320 320-384 384-448 448-512 512-576 576-640 ");
    expect_read(cache, 42 * CHUNK, 1);
    expect_log(&source, "672-736 ");
    expect_read(cache, 54 * CHUNK, 1);
    expect_log(&source, "864-880 ");
    expect_read(cache, 0, 1);
    expect_log(&source, "0-16 ");
    expect_read(cache, 61 * CHUNK, 1);
    expect_read(cache, 62 * CHUNK, 1);
    expect_log(&source, "976-992 992-1000 ");
    g_string_free(source.log, TRUE);
}

/* What could not be read is not kept, and is asked for again. */
static void
test_fails(void)
{
    Source source = { g_string_new(NULL), TRUE };
    g_autoptr(XpvMedium) whole = xpv_medium_new(SIZE, read_source, &source, NULL);
    g_autoptr(XpvMedium) cache = xpv_cache_new(whole, CHUNK, 4);
    g_autoptr(GError) error = NULL;
    guint8 byte;
    g_assert_false(xpv_medium_read(cache, 0, &byte, 1, &error));
    g_assert_cmpstr(error->message, ==, "it fails");
    source.fails = FALSE;
    expect_read(cache, 0, 1);
    expect_log(&source, "0-16 0-16 ");
    g_string_free(source.log, TRUE);
}

/* The room is for 16 MiB: what comes later takes the place of what came first. */
static void
test_room(void)
{
    const gsize chunk = 4 * 1024 * 1024;
    Source source = { g_string_new(NULL), FALSE };
    g_autoptr(XpvMedium) whole = xpv_medium_new(chunk * 6, read_source, &source, NULL);
    g_autoptr(XpvMedium) cache = xpv_cache_new(whole, chunk, 1);
    for (guint64 i = 0; i < 5; i++)
        expect_read(cache, i * chunk, 1);
    g_string_truncate(source.log, 0);
    expect_read(cache, chunk, 1);
    expect_log(&source, "");
    expect_read(cache, 0, 1);
    expect_log(&source, "0-4194304 ");
    g_string_free(source.log, TRUE);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cache/kept", test_kept);
    g_test_add_func("/cache/ahead", test_ahead);
    g_test_add_func("/cache/fails", test_fails);
    g_test_add_func("/cache/room", test_room);
    return g_test_run();
}
