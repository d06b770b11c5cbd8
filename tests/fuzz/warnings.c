/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A warning from GLib ends the fuzzer. In the plain tests, g_test_init() does this. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void
on_warning(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
    /* GKeyFile sets one error over another by itself if a value has a bad escape. */
    if (g_str_has_suffix(message, "escape character at end of line"))
        return;
    g_printerr("%s: %s\n", domain, message);
    abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    g_log_set_handler("GLib", G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING, on_warning, NULL);
    return 0;
}
