/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from outside: guests are hostile, and sd-bus sends no message with a string that it takes for invalid UTF-8. */
#pragma once

#include <glib.h>

/* The length to which a guest's value is cut before it is published, in characters. */
#define XPV_TEXT_PUBLISHED_MAX 256

/* xpv_text_clean: makes a value from outside fit to be published.
 * A newline becomes a space, other control characters are dropped, invalid UTF-8 and noncharacters (which sd-bus
 * refuses) become U+FFFD, and surrounding blanks are dropped.
 * @length: in bytes, NULs included; -1: up to the first NUL
 * @max_characters: to cut to; 0: do not cut
 * Returns: (transfer full) valid UTF-8, "" if nothing is left. */
char *xpv_text_clean(const char *data, gssize length, gsize max_characters);

/* xpv_text_drop_escapes: drops a terminal's escape sequences, in the forms of ECMA-48. @text: any bytes */
void xpv_text_drop_escapes(GString *text);
