/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out which kernel a guest runs from the output on its serial console: the kernel's own first line, or getty's
 * banner.
 *
 * The last first line counts, but not that of kdump's kernel, which runs only after a crash. The machine follows from
 * lines just before or after the first line, or from the banner. */
#pragma once

#include <glib.h>

typedef struct _XpvConsole XpvConsole;

XpvConsole *xpv_console_new(void);
void xpv_console_free(XpvConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvConsole, xpv_console_free)

/* xpv_console_feed: takes the next bytes of the console; untrusted. They may be cut anywhere: a line counts once its
 * end has come. */
void xpv_console_feed(XpvConsole *console, const char *data, gsize length);

/* xpv_console_skip: the next bytes do not follow those that were fed before. */
void xpv_console_skip(XpvConsole *console);

/* xpv_console_report:
 * Returns: (nullable) a report for xpv_report_parse(): "Linux version R (…) … #1 …" as printed, with the machine in a
 * second line if it is known, or "Kernel R on an M"; NULL: no kernel yet. */
char *xpv_console_report(const XpvConsole *console);
