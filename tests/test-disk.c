/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image whose length changes while it is read. */
#include "inspect/disk.h"

#include <glib/gstdio.h>
#include <unistd.h>

static void
test_shorter(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("xenpv-XXXXXX", &path, &error);
    g_assert_no_error(error);
    g_assert_cmpint(ftruncate(fd, 20000), ==, 0);
    int own = -1;
    g_autoptr(XpvMedium) medium = xpv_disk_open(path, &own, &error);
    g_assert_no_error(error);
    guint8 byte = 1;
    g_assert_true(xpv_medium_read(medium, 19999, &byte, 1, &error));
    g_assert_cmpuint(byte, ==, 0);
    g_assert_cmpint(ftruncate(fd, 10000), ==, 0);
    g_assert_false(xpv_medium_read(medium, 0, &byte, 1, &error));
    g_assert_cmpstr(error->message, ==, "it has become shorter than 16384 bytes");
    close(fd);
    g_unlink(path);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/disk/shorter", test_shorter);
    return g_test_run();
}
