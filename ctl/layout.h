/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in the columns of a terminal. Text is valid UTF-8 without control characters. */
#pragma once

#include <glib.h>

/* xpv_ctl_layout_width: the columns that @text takes, two for a wide character. */
guint xpv_ctl_layout_width(const char *text);

/* xpv_ctl_layout_cut: @text in at most @width columns, with "…" at the end if it was cut. Returns: (transfer full) */
char *xpv_ctl_layout_cut(const char *text, guint width);

/* xpv_ctl_layout_pad: appends blanks after a text @width columns wide, up to @column. */
void xpv_ctl_layout_pad(GString *out, guint width, guint column);

/* xpv_ctl_layout_end_line: ends a line, without blanks at its end. */
void xpv_ctl_layout_end_line(GString *out);

/* xpv_ctl_layout_indent: the indent of a text's further lines: @wanted, or little if a terminal of @width columns
 * (0: no terminal) has no room for that. */
guint xpv_ctl_layout_indent(guint wanted, guint width);

/* xpv_ctl_layout_wrap: appends @text, broken at blanks. The terminal breaks a word that is too long for a line.
 * @start: the column in which it begins
 * @indent: columns before its further lines
 * @width: of a line; 0: do not break */
void xpv_ctl_layout_wrap(GString *out, const char *text, guint start, guint indent, guint width);
