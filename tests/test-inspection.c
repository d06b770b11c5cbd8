/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON of an inspection: what is written reads back the same, and anything else is refused. */
#include "common/inspection.h"

#include <string.h>

#define DISK "{\"source\":\"x.img\",\"format\":\"raw\",\"boot\":true,\"error\":\"\"}"
#define KERNEL                                                                                                         \
    "{\"package\":\"kernel-2.4.21-50.EL.ia32e\",\"release\":\"2.4.21-50.EL\",\"architecture\":\"ia32e\","              \
    "\"default\":true,\"in_grub\":false,\"installed_at\":1200000000}"
#define WHOLE                                                                                                          \
    "{\"disks\":[" DISK "],\"release\":\"3.9\",\"distribution\":\"rhel\","                                             \
    "\"default_kernel\":\"kernel-2.4.21-50.EL.ia32e\",\"kernels\":[" KERNEL "],"                                       \
    "\"driver_packages\":[\"kmod-xenpv-0.1-1.x86_64\"],\"driver_aliases\":[\"alias eth0 xen-vnif\"],"                  \
    "\"needs_recovery\":true,\"errors\":[\"a [ \\\"b\\\" { \\\\\"],"                                                   \
    "\"inspected_at\":1300000000,\"boot_changed_at\":1250000000,\"mounted_at\":1260000000,"                            \
    "\"serial\":9223372036854775807}\n"

static XpvInspection *
read_json(const char *json, GError **error)
{
    return xpv_inspection_from_json(json, strlen(json), error);
}

static void
test_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvInspection) inspection = read_json(WHOLE, &error);
    g_assert_no_error(error);
    const XpvInspectionKernel *kernel = inspection->kernels->pdata[0];
    g_assert_cmpstr(kernel->architecture, ==, "ia32e");
    g_assert_true(kernel->is_default && !kernel->in_grub && inspection->needs_recovery);
    g_assert_cmpint(kernel->installed_at, ==, 1200000000);
    g_assert_cmpint(inspection->inspected_at, ==, 1300000000);
    g_assert_cmpint(inspection->boot_changed_at, ==, 1250000000);
    g_assert_cmpint(inspection->mounted_at, ==, 1260000000);
    g_assert_cmpint(inspection->serial, ==, G_MAXINT64);
    g_assert_cmpstr(inspection->errors->pdata[0], ==, "a [ \"b\" { \\");
    g_autofree char *json = xpv_inspection_to_json(inspection);
    g_assert_cmpstr(json, ==, WHOLE);
}

static void
test_empty(void)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    g_autofree char *json = xpv_inspection_to_json(inspection);
    g_assert_cmpstr(json, ==,
                    "{\"disks\":[],\"release\":\"\",\"distribution\":\"\",\"default_kernel\":\"\",\"kernels\":[],"
                    "\"driver_packages\":[],\"driver_aliases\":[],\"needs_recovery\":false,\"errors\":[],"
                    "\"inspected_at\":0,\"boot_changed_at\":0,\"mounted_at\":0,\"serial\":0}\n");
}

/* Returns WHOLE with one text replaced by another. */
static char *
changed(const char *text, const char *replacement)
{
    g_auto(GStrv) parts = g_strsplit(WHOLE, text, 2);
    g_assert_nonnull(parts[1]);
    return g_strjoinv(replacement, parts);
}

static void
test_refused(void)
{
    static const struct {
        const char *text, *replacement, *sentence;
    } cases[] = {
        { "\"3.9\"", "3.9", "its member “release” is missing or of another type" },
        { "\"3.9\"", "null", "its member “release” is missing or of another type" },
        { "\"3.9\"", "[\"3.9\"]", "its member “release” is missing or of another type" },
        { "\"release\":\"3.9\",", "", "its member “release” is missing or of another type" },
        { "\"needs_recovery\":true", "\"needs_recovery\":1",
          "its member “needs_recovery” is missing or of another type" },
        { "1200000000", "1.5", "its member “installed_at” is missing or of another type" },
        { "1200000000", "\"1\"", "its member “installed_at” is missing or of another type" },
        { "1200000000", "-1", "its member “installed_at” is out of range" },
        { "1250000000", "253402300800", "its member “boot_changed_at” is out of range" },
        { ",\"boot_changed_at\":1250000000", "", "its member “boot_changed_at” is missing or of another type" },
        { "1300000000", "-9223372036854775808", "its member “inspected_at” is out of range" },
        { "9223372036854775807", "-1", "its member “serial” is out of range" },
        { "1300000000", "true", "its member “inspected_at” is missing or of another type" },
        { "\"in_grub\":false,", "", "its member “in_grub” is missing or of another type" },
        { "\"source\":\"x.img\",", "", "its member “source” is missing or of another type" },
        { "\"3.9\"", "{}", "its member “release” is missing or of another type" },
        { DISK, "1", "its member “disks” has an element that is not an object" },
        { KERNEL, "\"a\"", "its member “kernels” has an element that is not an object" },
        { "[" KERNEL "]", "\"a\"", "its member “kernels” is missing, is not a list, or is longer than 512" },
        { "\"alias eth0 xen-vnif\"", "7", "its member “driver_aliases” has an element that is not text" },
        { "\"alias eth0 xen-vnif\"", "null", "its member “driver_aliases” has an element that is not text" },
        { "\"alias eth0 xen-vnif\"", "[]", "its member “driver_aliases” has an element that is not text" },
        { "[\"alias eth0 xen-vnif\"]", "[[[]]]", "it is more than 3 levels deep" },
        { "\"3.9\"", "\"\\ud800\"", "it has half of a character" },
        { "\"3.9\"", "'3.9'", "it has the byte 0x27 outside of a string" },
        { "\"3.9\"", "/* x */ \"3.9\"", "it has the byte 0x2f outside of a string" },
        { "{\"disks\"", "[{\"disks\"", "it is not an object" },
        { "}\n", "} {}\n", "it goes on after its end" },
        { "\"3.9\"", "\"\xff\"", "it is not valid UTF-8" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *json = changed(cases[i].text, cases[i].replacement);
        g_assert_null(read_json(json, &error));
        g_assert_error(error, XPV_INSPECTION_ERROR, 0);
        g_assert_cmpstr(error->message, ==, cases[i].sentence);
    }
}

static void
test_no_json(void)
{
    static const char *const texts[] = { "", "{", "{]", "{\"a\" 1}", "[]", "1", "{\"disks\":}" };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(read_json(texts[i], &error));
        g_assert_error(error, XPV_INSPECTION_ERROR, 0);
    }
}

/* A list that is too long is refused, so that it takes no memory. */
static void
test_bounds(void)
{
    static const struct {
        const char *key, *element;
        guint max;
    } lists[] = {
        { "disks", DISK, 256 },
        { "kernels", KERNEL, 512 },
        { "driver_packages", "\"kmod-xenpv-0.1-1.x86_64\"", 512 },
        { "driver_aliases", "\"alias eth0 xen-vnif\"", 512 },
        { "errors", "\"a [ \\\"b\\\" { \\\\\"", 64 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autoptr(GString) elements = g_string_new(lists[i].element);
        for (guint n = 1; n < lists[i].max; n++)
            g_string_append_printf(elements, ",%s", lists[i].element);
        g_autoptr(GError) error = NULL, too_long = NULL;
        g_autofree char *longest = changed(lists[i].element, elements->str);
        g_autoptr(XpvInspection) taken = read_json(longest, &error);
        g_assert_nonnull(taken);
        g_assert_no_error(error);
        g_string_append_printf(elements, ",%s", lists[i].element);
        g_autofree char *json = changed(lists[i].element, elements->str);
        g_autofree char *sentence = g_strdup_printf("its member “%s” is missing, is not a list, or is longer than %u",
                                                    lists[i].key, lists[i].max);
        g_assert_null(read_json(json, &too_long));
        g_assert_cmpstr(too_long->message, ==, sentence);
    }

    /* The inspector does not make such a list either. */
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    for (guint i = 0; i < 100; i++)
        xpv_inspection_add_error(inspection, "%u", i);
    g_assert_cmpuint(inspection->errors->len, ==, 64);
}

/* A cause that is found last stands first, and the list does not grow too long to be read back. */
static void
test_put_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    for (guint i = 0; i < 64; i++)
        xpv_inspection_add_error(inspection, "%u", i);
    xpv_inspection_put_error(inspection, "the cause\x1b");
    g_autofree char *json = xpv_inspection_to_json(inspection);
    g_autoptr(XpvInspection) taken = read_json(json, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(taken->errors->len, ==, 64);
    g_assert_cmpstr(taken->errors->pdata[0], ==, "the cause");
    g_assert_cmpstr(taken->errors->pdata[1], ==, "0");
    g_assert_cmpstr(taken->errors->pdata[63], ==, "62");
}

static void
test_cleaned(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *long_text = g_strnfill(1000, 'x');
    g_autofree char *hostile = g_strdup_printf("\"\\u001b[2J\\u009b%s\"", long_text);
    g_autofree char *json = changed("\"rhel\"", hostile);
    g_autoptr(XpvInspection) inspection = read_json(json, &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(inspection->distribution, "[2Jxxx"));
    g_assert_cmpuint(strlen(inspection->distribution), ==, 256);
    g_assert_cmpstr(xpv_inspection_add_disk(inspection, "a\x1b\xff", "")->source, ==, "a\xef\xbf\xbd");
    xpv_inspection_add_error(inspection, "%s", "b\n\x7f");
    g_assert_cmpstr(inspection->errors->pdata[inspection->errors->len - 1], ==, "b");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inspection/round-trip", test_round_trip);
    g_test_add_func("/inspection/empty", test_empty);
    g_test_add_func("/inspection/refused", test_refused);
    g_test_add_func("/inspection/no-json", test_no_json);
    g_test_add_func("/inspection/bounds", test_bounds);
    g_test_add_func("/inspection/put-error", test_put_error);
    g_test_add_func("/inspection/cleaned", test_cleaned);
    return g_test_run();
}
