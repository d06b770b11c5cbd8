/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests: what is written reads back the same, and the error for a bad request says what is wrong. */
#include "common/inspection-request.h"

#include <string.h>

static const char whole[] = "[request]\nurgent=true\nserial=1795967850788836\n\n"
                            "[disk 1]\nsource=/dev/vg/web51\nformat=raw\ntarget=hda\nbus=ide\n\n"
                            "[disk 2]\nsource=/srv/data.qcow2\nformat=qcow2\ntarget=xvdb\nbus=xen\n";

static XpvInspectionRequest *
read_text(const char *text, GError **error)
{
    return xpv_inspection_request_from_text(text, strlen(text), error);
}

static void
expect_disk(const XpvInspectionRequest *request, guint i, const char *source, const char *format, const char *target,
            const char *bus)
{
    const XpvDomainDisk *disk = request->disks->pdata[i];
    g_assert_cmpstr(disk->source, ==, source);
    g_assert_cmpstr(disk->format, ==, format);
    g_assert_cmpstr(disk->target, ==, target);
    g_assert_cmpstr(disk->bus, ==, bus);
}

static void
test_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvInspectionRequest) request = read_text(whole, &error);
    g_assert_no_error(error);
    g_assert_true(request->urgent);
    g_assert_cmpint(request->serial, ==, 1795967850788836);
    g_assert_cmpuint(request->disks->len, ==, 2);
    expect_disk(request, 0, "/dev/vg/web51", "raw", "hda", "ide");
    expect_disk(request, 1, "/srv/data.qcow2", "qcow2", "xvdb", "xen");
    g_autofree char *text = xpv_inspection_request_to_text(request->disks, request->urgent, request->serial);
    g_assert_cmpstr(text, ==, whole);
}

static void
test_no_disks(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) disks = g_ptr_array_new();
    g_autofree char *text = xpv_inspection_request_to_text(disks, FALSE, 1);
    g_autoptr(XpvInspectionRequest) request = read_text(text, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(request->disks->len, ==, 0);
    g_assert_false(request->urgent);
}

/* Paths can have any text that a domain's XML can. */
static void
test_paths(void)
{
    static const char *const paths[] = { "",         " ",         "  /a b ",  "/a\nb\r\tc",
                                         "/a\\b\\s", "/x=y;#[z]", "[disk 1]", "\xc3\xa4/\xe2\x82\xac",
                                         "#",        "\x01\x7f" };
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) disks = xpv_domain_disks_new();
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
        g_ptr_array_add(disks, xpv_domain_disk_new(paths[i], paths[i], "", "xen"));
    g_autofree char *text = xpv_inspection_request_to_text(disks, FALSE, 1);
    g_autoptr(XpvInspectionRequest) request = read_text(text, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(request->disks->len, ==, G_N_ELEMENTS(paths));
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
        expect_disk(request, i, paths[i], paths[i], "", "xen");
}

/* The longest possible paths fit. Disks beyond the maximum are left out. */
static void
test_largest(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) disks = xpv_domain_disks_new();
    g_autofree char *path = g_strnfill(4096, '\\');
    for (guint i = 0; i < 65; i++)
        g_ptr_array_add(disks, xpv_domain_disk_new(path, "raw", "", ""));
    g_autofree char *text = xpv_inspection_request_to_text(disks, FALSE, 1);
    g_autoptr(XpvInspectionRequest) request = read_text(text, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(request->disks->len, ==, 64);
    expect_disk(request, 63, path, "raw", "", "");
}

static void
expect_refused(const char *text, gsize length, const char *sentence)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(xpv_inspection_request_from_text(text, length, &error));
    g_assert_nonnull(error);
    g_assert_true(strstr(error->message, sentence));
}

static void
test_refused(void)
{
    static const struct {
        const char *text, *replacement, *sentence;
    } cases[] = {
        { "[request]\n", "", "not start with a group" },
        { "urgent=true", "", "urgent" },
        { "serial=1795967850788836", "", "serial" },
        { "1795967850788836", "0", "its serial is not positive" },
        { "urgent=true", "urgent=perhaps", "urgent" },
        { "[request]", "[answer]", "request" },
        { "bus=ide\n", "", "bus" },
        { "source=/dev/vg/web51\n", "", "source" },
        { "/dev/vg/web51", "\xff", "UTF-8" },
        { "/dev/vg/web51", "a\\", "source" },
        { "target=hda", "\x01", "key" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) parts = g_strsplit(whole, cases[i].text, 2);
        g_autofree char *text = g_strjoinv(cases[i].replacement, parts);
        expect_refused(text, strlen(text), cases[i].sentence);
    }
    expect_refused(whole, sizeof whole, "a NUL byte");
    expect_refused("x", 1, "group");
}

static void
test_bounds(void)
{
    g_autoptr(GString) text = g_string_new("[request]\nurgent=false\nserial=1\n");
    for (guint i = 1; i <= 65; i++)
        g_string_append_printf(text, "[disk %u]\nsource=\nformat=\ntarget=\nbus=\n", i);
    expect_refused(text->str, text->len, "it has more than 64 disks");
    g_autofree char *long_text = g_strnfill((gsize)1024 * 1024 + 1, '\n');
    expect_refused(long_text, strlen(long_text), "it has more bytes than any real one");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inspection-request/round-trip", test_round_trip);
    g_test_add_func("/inspection-request/no-disks", test_no_disks);
    g_test_add_func("/inspection-request/paths", test_paths);
    g_test_add_func("/inspection-request/largest", test_largest);
    g_test_add_func("/inspection-request/refused", test_refused);
    g_test_add_func("/inspection-request/bounds", test_bounds);
    return g_test_run();
}
