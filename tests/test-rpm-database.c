/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A Berkeley DB hash that the test makes, and changes in ways that Berkeley DB never writes. */
#include "inspect/rpm-database.h"

#include <string.h>

#define PAGE 512U
#define PAGES 4U
#define BUCKET PAGE         /* the page of the only bucket */
#define OVERFLOW (2 * PAGE) /* the page with one of its values */
#define HEAD 26U

static void
put16(guint8 *place, guint16 value)
{
    value = GUINT16_TO_LE(value);
    memcpy(place, &value, sizeof value);
}

static void
put32(guint8 *place, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(place, &value, sizeof value);
}

static void
put_meta(guint8 *bytes, guint32 page_size)
{
    put32(bytes + 12, 0x061561);
    put32(bytes + 16, 8);
    put32(bytes + 20, page_size);
    bytes[25] = 8;
    put32(bytes + 96, 1); /* the first bucket's page */
}

/* Two packages: one of three bytes, and one of a hundred on an overflow page. */
static guint8 *
make(void)
{
    static const guint8 items[] = { 3, 0,   0,   0,   2, 0, 0, 0, 100, 0, 0, 0, /* at 486: on page 2 */
                                    1, 1,   2,   0,   0,                        /* at 498: its key */
                                    1, 'a', 'b', 'c',                           /* at 503 */
                                    1, 1,   0,   0,   0 };                      /* at 507: its key */
    static const guint16 places[] = { 507, 503, 498, 486 };
    guint8 *bytes = g_malloc0((gsize)PAGES * PAGE);
    put_meta(bytes, PAGE);
    bytes[BUCKET + 25] = 13;
    put16(bytes + BUCKET + 20, G_N_ELEMENTS(places));
    for (guint i = 0; i < G_N_ELEMENTS(places); i++)
        put16(bytes + BUCKET + HEAD + (gsize)i * 2, places[i]);
    memcpy(bytes + BUCKET + PAGE - sizeof items, items, sizeof items);
    bytes[OVERFLOW + 25] = 7;
    put16(bytes + OVERFLOW + 22, 100);
    return bytes;
}

static void
append_length(XpvRpmRecord *record, gpointer data)
{
    g_string_append_printf(data, "%u ", xpv_rpm_record_read(record, 1000)->len);
}

/* Returns: the lengths of the packages, and the error message */
static char *
describe(const guint8 *bytes)
{
    g_autoptr(XpvMedium) file = xpv_medium_new_memory(bytes, (gsize)PAGES * PAGE);
    g_autoptr(GError) error = NULL;
    GString *told = g_string_new(NULL);
    if (!xpv_rpm_database_visit(file, append_length, told, &error))
        g_string_append(told, error->message);
    return g_string_free(told, FALSE);
}

static void
test_changed(void)
{
    static const struct {
        gsize where;
        guint size;
        guint32 value;
        const char *expected;
    } cases[] = {
        { 0, 1, 0, "3 100 " },
        { 12, 4, 0x053162, "it is not a hash of Berkeley DB" },
        { 25, 1, 9, "it is not a hash of Berkeley DB" },
        { 16, 4, 6, "it is a hash of version 6 of Berkeley DB, but only 7 to 9 can be read" },
        { 16, 4, 10, "it is a hash of version 10 of Berkeley DB, but only 7 to 9 can be read" },
        { 20, 4, 256, "it says that its pages have 256 bytes" },
        { 20, 4, 131072, "it says that its pages have 131072 bytes" },
        { 20, 4, 768, "it says that its pages have 768 bytes" },
        { 72, 4, PAGES, "it says that it has more buckets (4) than pages (4)" },
        { 72, 4, 1, "3 100 " }, /* both buckets are the same page */
        { 96, 4, 0, "" },       /* the bucket is the first page, or does not exist */
        { 96, 4, PAGES, "" },
        /* The bucket's next page is itself, or does not exist. */
        { BUCKET + 16, 4, 1, "3 100 " },
        { BUCKET + 16, 4, 1000, "3 100 " },
        { BUCKET + 25, 1, 5, "" },
        { BUCKET + 20, 2, 65535, "" },
        { BUCKET + HEAD + 2, 2, 507, "" },   /* an item without a byte */
        { BUCKET + HEAD + 2, 2, 65535, "" }, /* outside of the page */
        { BUCKET + HEAD + 4, 2, 499, "3 " }, /* a key of four bytes */
        { BUCKET + 498, 1, 2, "3 " },        /* a key on an overflow page */
        { BUCKET + 499, 4, 0, "3 " },        /* key 0 */
        { BUCKET + HEAD + 6, 2, 27, "3 " },  /* inside the list of items */
        { BUCKET + 486, 1, 2, "3 " },        /* of another type */
        { OVERFLOW + 25, 1, 13, "3 0 " },    /* a page of another type */
        { OVERFLOW + 22, 2, PAGE - HEAD, "3 486 " },
        { OVERFLOW + 22, 2, PAGE - HEAD + 1, "3 0 " }, /* longer than the page */
        { OVERFLOW + 16, 4, 2, "3 1000 " },            /* a chain that leads back to itself */
        { OVERFLOW + 16, 4, 1000, "3 100 " },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree guint8 *bytes = make();
        if (cases[i].size == 4)
            put32(bytes + cases[i].where, cases[i].value);
        else if (cases[i].size == 2)
            put16(bytes + cases[i].where, (guint16)cases[i].value);
        else
            bytes[cases[i].where] = (guint8)cases[i].value;
        g_autofree char *told = describe(bytes);
        g_assert_cmpstr(told, ==, cases[i].expected);
    }
}

/* An empty overflow page whose next page is itself. */
static void
test_empty_page(void)
{
    g_autofree guint8 *bytes = make();
    put16(bytes + OVERFLOW + 22, 0);
    put32(bytes + OVERFLOW + 16, 2);
    g_autofree char *told = describe(bytes);
    g_assert_cmpstr(told, ==, "3 0 ");
}

/* An overflow item without room for a page number. */
static void
test_short_item(void)
{
    g_autofree guint8 *bytes = make();
    put16(bytes + BUCKET + HEAD + 6, 497);
    bytes[BUCKET + 497] = 3;
    g_autofree char *told = describe(bytes);
    g_assert_cmpstr(told, ==, "3 ");
}

/* A file of a terabyte that claims as many buckets as it has pages: 2^31. */
static void
test_large(void)
{
    g_autofree guint8 *bytes = make();
    put32(bytes + 72, (1U << 31) - 1);
    g_autoptr(XpvMedium) begin = xpv_medium_new_memory(bytes, (gsize)PAGES * PAGE), file = xpv_medium_new_empty();
    g_assert_true(xpv_medium_append(file, begin, 0, (guint64)PAGES * PAGE));
    g_assert_true(xpv_medium_append(file, NULL, 0, (1ULL << 40) - (guint64)PAGES * PAGE));
    g_autoptr(GError) error = NULL;
    g_assert_false(xpv_rpm_database_visit(file, append_length, NULL, &error));
    g_assert_cmpstr(error->message, ==, "it says that it has more buckets (2147483647) than pages (16777216)");
}

static void
count(XpvRpmRecord *record, gpointer data)
{
    ++*(guint *)data;
}

/* One bucket on six large pages, with more packages than are read. */
static void
test_flood(void)
{
    const gsize page_size = 65536, pages = 7;
    const guint pairs = 5900;
    static const guint8 items[] = { 1, 'x', 1, 1, 0, 0, 0 };
    g_autofree guint8 *bytes = g_malloc0(page_size * pages);
    put_meta(bytes, (guint32)page_size);
    for (gsize i = 1; i < pages; i++) {
        guint8 *page = bytes + i * page_size;
        gsize end = page_size;
        page[25] = 13;
        put32(page + 16, (guint32)(i + 1));
        put16(page + 20, (guint16)(pairs * 2));
        for (guint k = 0; k < pairs; k++, end -= sizeof items) {
            put16(page + HEAD + (gsize)k * 4, (guint16)(end - 5));
            put16(page + HEAD + (gsize)k * 4 + 2, (guint16)(end - sizeof items));
            memcpy(page + end - sizeof items, items, sizeof items);
        }
    }
    g_autoptr(XpvMedium) file = xpv_medium_new_memory(bytes, page_size * pages);
    g_autoptr(GError) error = NULL;
    guint visited = 0;
    g_assert_false(xpv_rpm_database_visit(file, count, &visited, &error));
    g_assert_cmpstr(error->message, ==, "it has more than 32768 packages; the rest was not read");
    g_assert_cmpuint(visited, ==, XPV_RPM_DATABASE_MAX);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpm-database/changed", test_changed);
    g_test_add_func("/rpm-database/empty-page", test_empty_page);
    g_test_add_func("/rpm-database/short-item", test_short_item);
    g_test_add_func("/rpm-database/large", test_large);
    g_test_add_func("/rpm-database/flood", test_flood);
    return g_test_run();
}
