/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of an image that is not raw by an inspector without libnbd. */
#include "inspect/image.h"

static void
test_none(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(xpv_image_start("/etc/hostname", "qcow2", G_MAXINT64, &error));
    g_assert_cmpstr(error->message, ==, "its format is qcow2, and this program was built to read raw disks alone");
    xpv_image_free(NULL);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image-none/none", test_none);
    return g_test_run();
}
