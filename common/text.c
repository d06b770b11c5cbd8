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

/* The length of the escape sequence at the start of @text. */
static gsize
escape_length(const char *text, gsize length)
{
    gsize end = 1;
    if (end < length && text[end] == ']') { /* a title, up to BEL or ESC \ */
        while (end < length && text[end] != '\a' && text[end] != '\x1b')
            end++;
        gboolean is_bell = end < length && text[end] == '\a';
        gboolean is_terminator = end + 1 < length && text[end] == '\x1b' && text[end + 1] == '\\';
        return end + (is_terminator ? 2 : is_bell ? 1 : 0);
    }
    if (end < length && text[end] == '[') {
        end++;
        while (end < length && text[end] >= '0' && text[end] <= '?')
            end++;
    }
    while (end < length && text[end] >= ' ' && text[end] <= '/')
        end++;
    return end < length && text[end] >= '0' && text[end] <= '~' ? end + 1 : end;
}

void
xpv_text_drop_escapes(GString *text)
{
    gsize length = 0;
    for (gsize i = 0; i < text->len;) {
        if (text->str[i] == '\x1b')
            i += escape_length(text->str + i, text->len - i);
        else
            text->str[length++] = text->str[i++];
    }
    g_string_truncate(text, length);
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
            c = 0; /* older GLib takes a NUL within the length for a partial character */
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
    return g_realloc(clean, strlen(clean) + 1); /* thousands of these stay in memory */
}
