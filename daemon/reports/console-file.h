/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the file of a serial console as it grows: of each file at most the first 256 KiB, and then, each time, the last
 * 64 KiB of the new text. For a worker, as any call may hang. */
#pragma once

#include <glib.h>

typedef struct _XpvConsoleFile XpvConsoleFile;

XpvConsoleFile *xpv_console_file_new(void);
void xpv_console_file_free(XpvConsoleFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvConsoleFile, xpv_console_file_free)

/* xpv_console_file_read: reads the new text. A file that was emptied or replaced is read from its beginning, as the
 * continuation of the same console. Errors: G_FILE_ERROR; only a regular file is opened. The message names no path. */
gboolean xpv_console_file_read(XpvConsoleFile *file, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_console_file_report: Returns: (nullable) see xpv_console_report(). */
char *xpv_console_file_report(const XpvConsoleFile *file);

/* xpv_console_file_read_bytes: the number of bytes that were read so far. */
guint64 xpv_console_file_read_bytes(const XpvConsoleFile *file);
