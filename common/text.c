/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/text.h"

#include <string.h>

#define REPLACEMENT_CHARACTER 0xFFFDU

/* GLib takes noncharacters for valid UTF-8, sd-bus does not (systemd's unichar_is_valid()). */
static gboolean
is_noncharacter(gunichar c)
{
    return (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

char *
xpv_text_clean(const char *data, gssize length, gsize max_characters)
{
    gsize remaining = length < 0 ? strlen(data) : (gsize)length;
    GString *text = g_string_sized_new(MIN(remaining, 64));
    gsize characters = 0;

    while (remaining > 0 && (max_characters == 0 || characters < max_characters)) {
        gunichar c = g_utf8_get_char_validated(data, (gssize)remaining);
        gsize step = 1;
        if (*data == '\0') {
            c = 0; /* older GLib says that a NUL within the length is a partial character */
        } else if (c == (gunichar)-1 || c == (gunichar)-2) {
            c = REPLACEMENT_CHARACTER;
        } else {
            step = (gsize)g_unichar_to_utf8(c, NULL);
            if (is_noncharacter(c))
                c = REPLACEMENT_CHARACTER;
        }
        data += step;
        remaining -= step;

        if (c == '\n')
            c = ' ';
        if (g_unichar_iscntrl(c) || (text->len == 0 && c == ' '))
            continue;
        g_string_append_unichar(text, c);
        characters++;
    }
    char *clean = g_strchomp(g_string_free(text, FALSE));
    return g_realloc(clean, strlen(clean) + 1); /* thousands are kept */
}
