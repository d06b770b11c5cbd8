/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text from outside: guests are hostile, and sd-bus sends no message with a string that it thinks is no UTF-8. */
#pragma once

#include <glib.h>

/* How much of a guest's value is published, in characters. */
#define XPV_TEXT_PUBLISHED_MAX 256

/* xpv_text_clean: what is published of a value from outside.
 * Newline becomes a space, other control characters are dropped, invalid UTF-8 and noncharacters (which sd-bus refuses)
 * become U+FFFD, surrounding blanks go.
 * @length: in bytes, NULs included; -1: up to the first NUL
 * @max_characters: where to cut; 0: nowhere
 * Returns: (transfer full) valid UTF-8, "" where nothing is left. */
char *xpv_text_clean(const char *data, gssize length, gsize max_characters);
