/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rpm header of a package: whole, cut and damaged. */
#include "inspect/rpm-header.h"

#include <string.h>

#define STRING 6
#define INTEGER 4

typedef struct {
    guint32 tag, type;
    const char *value; /* an integer has four bytes */
} Entry;

static void
append32(GByteArray *bytes, guint32 value)
{
    value = GUINT32_TO_BE(value);
    g_byte_array_append(bytes, (const guint8 *)&value, sizeof value);
}

static GByteArray *
make(const Entry *entries, guint n)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    GByteArray *header = g_byte_array_new();
    gsize length = 0;
    for (guint i = 0; i < n; i++)
        length += entries[i].type == INTEGER ? 4 : strlen(entries[i].value) + 1;
    append32(header, n);
    append32(header, (guint32)length);
    for (guint i = 0; i < n; i++) {
        append32(header, entries[i].tag);
        append32(header, entries[i].type);
        append32(header, data->len);
        append32(header, 1);
        g_byte_array_append(data, (const guint8 *)entries[i].value,
                            entries[i].type == INTEGER ? 4 : (guint)strlen(entries[i].value) + 1);
    }
    g_byte_array_append(header, data->data, data->len);
    return header;
}

static const Entry kernel[] = {
    { 1000, STRING, "kernel-smp" },
    { 1001, STRING, "2.4.21" },
    { 1002, STRING, "50.EL" },
    { 1022, STRING, "i686" },
    { 1008, INTEGER, "\x47\x86\x8c\x00" },
};

static void
test_whole(void)
{
    g_autoptr(GByteArray) bytes = make(kernel, G_N_ELEMENTS(kernel));
    g_autoptr(XpvRpmPackage) package = xpv_rpm_header_parse(bytes->data, bytes->len);
    g_assert_nonnull(package);
    g_autofree char *nvra = xpv_rpm_package_nvra(package);
    g_autofree char *name = xpv_rpm_header_name(bytes->data, bytes->len);
    g_assert_cmpstr(nvra, ==, "kernel-smp-2.4.21-50.EL.i686");
    g_assert_cmpstr(name, ==, "kernel-smp");
    g_assert_cmpint(package->installed_at, ==, 1200000000);
}

/* The name is known once all of it is there. Nothing is read beyond the end. */
static void
test_cut(void)
{
    g_autoptr(GByteArray) bytes = make(kernel, G_N_ELEMENTS(kernel));
    const gsize named = 8 + G_N_ELEMENTS(kernel) * 16 + strlen("kernel-smp") + 1;
    const gsize whole = bytes->len - 4; /* the time of installation may be missing */
    for (gsize length = 0; length <= bytes->len; length++) {
        g_autofree guint8 *part = g_memdup2(bytes->data, length);
        g_autofree char *name = xpv_rpm_header_name(part, length);
        g_autoptr(XpvRpmPackage) package = xpv_rpm_header_parse(part, length);
        g_assert_true((name != NULL) == (length >= named));
        g_assert_true((package != NULL) == (length >= whole));
        g_assert_true(!package || (package->installed_at != 0) == (length == bytes->len));
    }
}

static void
test_without(void)
{
    for (guint left_out = 0; left_out < 4; left_out++) {
        Entry entries[G_N_ELEMENTS(kernel)];
        memcpy(entries, kernel, sizeof kernel);
        entries[left_out].tag = 9999;
        g_autoptr(GByteArray) missing = make(entries, G_N_ELEMENTS(entries));
        g_assert_null(xpv_rpm_header_parse(missing->data, missing->len));
        entries[left_out] = (Entry){ kernel[left_out].tag, 8, kernel[left_out].value };
        g_autoptr(GByteArray) of_other_type = make(entries, G_N_ELEMENTS(entries));
        g_assert_null(xpv_rpm_header_parse(of_other_type->data, of_other_type->len));
    }
}

static void
test_hostile(void)
{
    g_autoptr(GByteArray) bytes = make(kernel, G_N_ELEMENTS(kernel));
    /* Too many entries, data outside the header, and an empty value. */
    static const struct {
        gsize offset;
        const char *value;
    } cases[] = {
        { 0, "\xff\xff\xff\xff" }, { 0, "\x00\x00\x10\x01" }, { 16, "\xff\xff\xff\xf0" }, { 20, "\0\0\0\0" }
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree guint8 *changed = g_memdup2(bytes->data, bytes->len);
        memcpy(changed + cases[i].offset, cases[i].value, 4);
        g_assert_null(xpv_rpm_header_parse(changed, bytes->len));
        g_assert_null(xpv_rpm_header_name(changed, bytes->len));
    }
    Entry entries[G_N_ELEMENTS(kernel)];
    memcpy(entries, kernel, sizeof kernel);
    entries[1].value = "\x1b[2J\xff";
    g_autoptr(GByteArray) dirty = make(entries, G_N_ELEMENTS(entries));
    g_autoptr(XpvRpmPackage) package = xpv_rpm_header_parse(dirty->data, dirty->len);
    g_assert_cmpstr(package->version, ==, "[2J\xef\xbf\xbd");

    g_autofree char *longest = g_strnfill(127, 'x'), *too_long = g_strnfill(128, 'x');
    entries[1].value = longest;
    g_autoptr(GByteArray) with_longest = make(entries, G_N_ELEMENTS(entries));
    g_autoptr(XpvRpmPackage) taken = xpv_rpm_header_parse(with_longest->data, with_longest->len);
    g_assert_nonnull(taken);
    entries[1].value = too_long;
    g_autoptr(GByteArray) with_too_long = make(entries, G_N_ELEMENTS(entries));
    g_assert_null(xpv_rpm_header_parse(with_too_long->data, with_too_long->len));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpm-header/whole", test_whole);
    g_test_add_func("/rpm-header/cut", test_cut);
    g_test_add_func("/rpm-header/without", test_without);
    g_test_add_func("/rpm-header/hostile", test_hostile);
    return g_test_run();
}
