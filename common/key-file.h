/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Key files that admins write. */
#pragma once

#include <glib.h>

/* xpv_key_file_load: as g_key_file_load_from_file(), which takes a line with a NUL for the end of the file, or for
 * nothing: such a file is refused.
 * @ret_text: (out) (transfer full) (optional) the file as it is
 * Errors: GFileError, GKeyFileError; @keys is then empty, or of no use. */
gboolean xpv_key_file_load(GKeyFile *keys, const char *path, GKeyFileFlags flags, char **ret_text,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
