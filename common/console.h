/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which kernel a guest runs, by what it prints on its serial console: the kernel's own first line, and getty's banner.
 *
 * The last first line counts, but not that of kdump's kernel, which runs only after a crash. The machine is known from
 * what a kernel prints just before or after its first line, or from the banner. */
#pragma once

#include <glib.h>

typedef struct _XpvConsole XpvConsole;

XpvConsole *xpv_console_new(void);
void xpv_console_free(XpvConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvConsole, xpv_console_free)

/* xpv_console_feed: what comes next on the console; untrusted, any bytes. A line counts when its end has come, so it
 * does not matter where the bytes are cut. */
void xpv_console_feed(XpvConsole *console, const char *data, gsize length);

/* xpv_console_skip: what is fed next does not follow what was fed before. */
void xpv_console_skip(XpvConsole *console);

/* xpv_console_report:
 * Returns: (nullable) for xpv_report_parse(): "Linux version R (…) … #1 …" as it was printed, with the machine in a
 * second line where it is known, or "Kernel R on an M"; NULL: no kernel is named yet. */
char *xpv_console_report(const XpvConsole *console);
