/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in the columns of a terminal. Text is valid UTF-8 without control characters. */
#pragma once

#include <glib.h>

/* xpv_ctl_layout_width: the columns that @text takes, two for a wide character. */
guint xpv_ctl_layout_width(const char *text);

/* xpv_ctl_layout_cut: @text in at most @width columns, "…" at the end of what was cut. Returns: (transfer full) */
char *xpv_ctl_layout_cut(const char *text, guint width);

/* xpv_ctl_layout_pad: appends blanks after a text @width columns wide, up to @column. */
void xpv_ctl_layout_pad(GString *out, guint width, guint column);

/* xpv_ctl_layout_wrap: appends @text, broken at blanks.
 * @indent: columns before @text, also before its further lines; the first line's are there already
 * @width: of a line; 0: do not break */
void xpv_ctl_layout_wrap(GString *out, const char *text, guint indent, guint width);
