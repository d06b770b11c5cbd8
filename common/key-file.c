/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/key-file.h"

#include <string.h>

gboolean
xpv_key_file_load(GKeyFile *keys, const char *path, GKeyFileFlags flags, char **ret_text, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!g_file_get_contents(path, &text, &length, error))
        return FALSE;
    if (memchr(text, '\0', length)) {
        g_set_error_literal(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING, "the file contains a NUL byte");
        return FALSE;
    }
    if (!g_key_file_load_from_data(keys, text, length, flags, error))
        return FALSE;
    if (ret_text)
        *ret_text = g_steal_pointer(&text);
    return TRUE;
}
