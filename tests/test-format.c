/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which images need others. What qemu-img makes is in tests/inspect/test_formats.py. */
#include "inspect/format.h"

#include <string.h>

#include "inspect/error.h"

#define SIZE (256U * 1024)
#define NOT_ALONE ", and an image that needs others is not read"
#define DIFFERENCE "it is a difference to another image" NOT_ALONE
#define PIECES "it is not in one piece (monolithicSparse or streamOptimized)" NOT_ALONE

#define REGION "\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e"
#define PARAMETERS "\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b"

/* Bytes at a place of an image that is otherwise zeroes. */
typedef struct {
    gsize offset, length;
    const char *bytes;
} Piece;

#define AT(offset, text)                                                                                               \
    {                                                                                                                  \
        offset, sizeof(text) - 1, text                                                                                 \
    }

static const struct {
    const char *driver;
    gsize size; /* 0: SIZE */
    const char *expected;
    Piece pieces[8];
} cases[] = {
    /* The numbers of qcow and vhd have their most significant byte first, the others their last. */
    { "qcow2", 0, "", { AT(0, "QFI\xfb\0\0\0\3") } },
    { "qcow2", 4, "", { AT(0, "QFI\xfb") } },
    { "qcow2",
      0,
      "it has a backing file, “/etc/hostname”" NOT_ALONE,
      { AT(0, "QFI\xfb\0\0\0\2"), AT(14, "\1\0\0\0\0\15"), AT(256, "/etc/hostname and more") } },
    { "qcow2",
      0,
      "it has a backing file, “json:{\"driver\":\"nbd\"}”" NOT_ALONE,
      { AT(0, "QFI\xfb\0\0\0\3"), AT(14, "\1\0\0\0\0\27"), AT(256, "json:{\"driver\":\"nbd\"}\033\n") } },
    { "qcow2", 0, "it has a backing file, “”" NOT_ALONE, { AT(0, "QFI\xfb\0\0\0\2"), AT(8, "\xff\xff\xff\xff") } },
    { "qcow2", 0, "its data is in another file" NOT_ALONE, { AT(0, "QFI\xfb\0\0\0\3"), AT(79, "\4") } },
    { "qcow2", 0, "", { AT(0, "QFI\xfb\0\0\0\2"), AT(79, "\4") } }, /* version 2 has no features there */
    { "qcow",
      0,
      "it has a backing file, “/x”" NOT_ALONE,
      { AT(0, "QFI\xfb\0\0\0\1"), AT(14, "\1\0\0\0\0\2"), AT(256, "/x") } },
    { "qed", 0, "", { AT(0, "QED\0") } },
    { "qed",
      0,
      "it has a backing file, “/x”" NOT_ALONE,
      { AT(0, "QED\0"), AT(16, "\1"), AT(56, "\0\1\0\0\2"), AT(256, "/x") } },
    { "vdi", 0, "", { AT(64, "\x7f\x10\xda\xbe"), AT(76, "\1\0\0\0") } },
    { "vdi", 0, DIFFERENCE, { AT(64, "\x7f\x10\xda\xbe"), AT(76, "\4\0\0\0") } },
    { "vdi", 0, DIFFERENCE, { AT(64, "\x7f\x10\xda\xbe"), AT(439, "\1") } },
    { "vdi", 0, DIFFERENCE, { AT(64, "\x7f\x10\xda\xbe"), AT(440, "\1") } },
    { "vpc", 0, "", { AT(0, "conectix"), AT(60, "\0\0\0\3") } },
    { "vpc", 0, DIFFERENCE, { AT(0, "conectix"), AT(60, "\0\0\0\4") } },
    { "vpc", 0, "", { AT(SIZE - 512, "conectix"), AT(SIZE - 452, "\0\0\0\2") } },
    { "vpc", 0, DIFFERENCE, { AT(SIZE - 512, "conectix"), AT(SIZE - 452, "\0\0\0\4") } },
    { "vpc", 100, "", { AT(0, "conectix") } },
    { "vpc", 100, "", { AT(0, "x") } },
    { "vhdx", 0, "", { AT(0, "vhdxfile") } },
    { "vhdx", 0, "", { AT(196608, "regi"), AT(196616, "\xff\xff\xff\xff") } },
    { "vhdx",
      0,
      "",
      { AT(196608, "regi"), AT(196616, "\1"), AT(196624, REGION "\0\0\1\0"), AT(65546, "\1"),
        AT(65568, PARAMETERS "\0\0\1"), AT(131076, "\1") } },
    { "vhdx",
      0,
      DIFFERENCE,
      { AT(196608, "regi"), AT(196616, "\2"), AT(196656, REGION "\0\0\1\0"), AT(65546, "\2"),
        AT(65600, PARAMETERS "\0\0\1"), AT(131076, "\2") } },
    { "vhdx", /* without parameters, and with a bit in its header that would be theirs */
      0,
      "",
      { AT(196608, "regi"), AT(196616, "\1"), AT(196624, REGION "\0\0\1\0"), AT(65540, "\2"), AT(65546, "\1") } },
    { "vmdk", 0, "", { AT(0, "KDMV"), AT(12, "\1"), AT(512, "parentCID=ffffffff\n") } },
    { "vmdk",
      0,
      "it has a parent, “/etc/x”" NOT_ALONE,
      { AT(0, "KDMV"), AT(12, "\1"), AT(512, "parentCID=1\nparentFileNameHint=\"/etc/x\"\n") } },
    { "vmdk", 0, PIECES, { AT(0, "KDMV"), AT(28, "\1"), AT(512, "RW 1 FLAT \"/etc/hostname\" 0\n") } },
    { "vmdk", 0, PIECES, { AT(0, "# Disk DescriptorFile\nRW 1 FLAT \"/etc/hostname\" 0\n") } },
    { "vmdk", 0, PIECES, { AT(0, "RW 1 FLAT \"/etc/hostname\" 0\n") } },
    { "vmdk", 1, PIECES, { AT(0, "K") } },
    { "raw", 0, "", { AT(0, "QFI\xfb\0\0\0\2\1\1\1") } },
};

static void
test_others(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gsize size = cases[i].size > 0 ? cases[i].size : SIZE;
        g_autofree char *bytes = g_malloc0(SIZE);
        for (guint k = 0; k < G_N_ELEMENTS(cases[i].pieces); k++) {
            const Piece *piece = &cases[i].pieces[k];
            memcpy(bytes + piece->offset, piece->bytes ? piece->bytes : "", piece->length);
        }
        g_autoptr(XpvMedium) image = xpv_medium_new_memory(bytes, size);
        gboolean is_alone = xpv_format_check(cases[i].driver, image, &error);
        g_assert_cmpstr(error ? error->message : "", ==, cases[i].expected);
        g_assert_true(is_alone == !error);
    }
}

static gboolean
fail_reading(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    guint *left = data;
    memset(buffer, 0, length);
    return (*left)-- > 0 || xpv_inspect_fail(error, "it is broken");
}

/* Whichever reading fails. */
static void
test_broken(void)
{
    static const char *const drivers[] = { "qcow2", "qed", "vdi", "vpc", "vhdx", "vmdk" };
    for (guint i = 0; i < G_N_ELEMENTS(drivers); i++) {
        g_autoptr(GError) error = NULL;
        guint left = g_str_equal(drivers[i], "vpc") || g_str_equal(drivers[i], "vmdk") ? 1 : 0;
        g_autoptr(XpvMedium) image = xpv_medium_new(SIZE, fail_reading, &left, NULL);
        g_assert_false(xpv_format_check(drivers[i], image, &error));
        g_assert_cmpstr(error->message, ==, "it is broken");
    }
}

static void
test_words(void)
{
    g_assert_cmpstr(xpv_format_driver("qcow2"), ==, "qcow2");
    g_assert_cmpstr(xpv_format_driver("vhd"), ==, "vpc");
    g_assert_cmpstr(xpv_format_driver("vpc"), ==, "vpc");
    g_assert_null(xpv_format_driver("nbd"));
    g_assert_null(xpv_format_driver("qcow2,file.filename=/etc/shadow"));
    g_assert_null(xpv_format_driver(""));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/format/others", test_others);
    g_test_add_func("/format/broken", test_broken);
    g_test_add_func("/format/words", test_words);
    return g_test_run();
}
