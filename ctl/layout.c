/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/layout.h"

#include <string.h>

/* Narrower columns than this are no help to a reader. */
#define WRAP_MIN 20

static guint
character_width(gunichar c)
{
    if (g_unichar_iszerowidth(c))
        return 0;
    return g_unichar_iswide(c) ? 2 : 1;
}

static guint
bounded_width(const char *text, const char *end)
{
    guint width = 0;
    for (const char *p = text; p < end; p = g_utf8_next_char(p))
        width += character_width(g_utf8_get_char(p));
    return width;
}

guint
xpv_ctl_layout_width(const char *text)
{
    return bounded_width(text, text + strlen(text));
}

char *
xpv_ctl_layout_cut(const char *text, guint width)
{
    if (xpv_ctl_layout_width(text) <= width)
        return g_strdup(text);
    if (width == 0)
        return g_strdup("");

    const char *end = text;
    for (guint used = 0;;) {
        used += character_width(g_utf8_get_char(end));
        if (used > width - 1)
            break;
        end = g_utf8_next_char(end);
    }
    return g_strdup_printf("%.*s…", (int)(end - text), text);
}

void
xpv_ctl_layout_pad(GString *out, guint width, guint column)
{
    for (; width < column; width++)
        g_string_append_c(out, ' ');
}

void
xpv_ctl_layout_wrap(GString *out, const char *text, guint indent, guint width)
{
    guint room = width > indent + WRAP_MIN ? width - indent : G_MAXUINT;
    guint used = 0;

    for (const char *word = text; *word != '\0';) {
        const char *end = word + strcspn(word, " ");
        guint word_width = bounded_width(word, end);
        if (used > 0 && used + 1 + word_width > room) {
            g_string_append_c(out, '\n');
            xpv_ctl_layout_pad(out, 0, indent);
            used = 0;
        } else if (word > text) {
            g_string_append_c(out, ' ');
            used++;
        }
        g_string_append_len(out, word, end - word);
        used += word_width;
        word = *end == ' ' ? end + 1 : end;
    }
}
