/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key files that admins write. */
#pragma once

#include <glib.h>

/* xpv_key_file_load: as g_key_file_load_from_file(), but refuses a file with a NUL. GLib would end the file there, or
 * ignore the line.
 * @ret_text: (out) (transfer full) (optional) the file as it is
 * Errors: GFileError, GKeyFileError; do not use @keys then. */
gboolean xpv_key_file_load(GKeyFile *keys, const char *path, GKeyFileFlags flags, char **ret_text,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
