/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a harness once over each file of its corpus, as a test. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static void
replay(gconstpointer path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    gsize length;
    g_file_get_contents(path, &text, &length, &error);
    g_assert_no_error(error);

    /* A copy without the NUL that GLib adds, so that reading beyond the end is noticed. */
    guint8 *data = malloc(length);
    memcpy(data, text, length);
    LLVMFuzzerTestOneInput(data, length);
    free(data);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) corpus = g_dir_open(argv[1], 0, &error);
    g_assert_no_error(error);
    for (const char *name; (name = g_dir_read_name(corpus));) {
        g_autofree char *test = g_strconcat("/", name, NULL);
        g_test_add_data_func_full(test, g_build_filename(argv[1], name, NULL), replay, g_free);
    }
    return g_test_run();
}
