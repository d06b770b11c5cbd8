/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a serial console's file says, read again as it grows: of each file at most its first 256 KiB, and then, each
 * time, the last 64 KiB of what is new. For a worker: any of it may hang. */
#pragma once

#include <glib.h>

typedef struct _XpvConsoleFile XpvConsoleFile;

XpvConsoleFile *xpv_console_file_new(void);
void xpv_console_file_free(XpvConsoleFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvConsoleFile, xpv_console_file_free)

/* xpv_console_file_read: reads what is new. A file that was emptied, or another one in its place, is read from its
 * begin, and goes on where the one before ended: its console is the same. Errors: G_FILE_ERROR; what is no regular file
 * is not even opened. The message names no path. */
gboolean xpv_console_file_read(XpvConsoleFile *file, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_console_file_report: Returns: (nullable) the kernel that it names, as xpv_console_report() has it. */
char *xpv_console_file_report(const XpvConsoleFile *file);

/* xpv_console_file_read_bytes: how many have been read so far. */
guint64 xpv_console_file_read_bytes(const XpvConsoleFile *file);
