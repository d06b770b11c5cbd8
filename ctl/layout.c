/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/layout.h"

#include <string.h>

/* Text narrower than this is not readable. */
#define READABLE 40

/* The indent of further lines if there is no room for more. */
#define HANGING 2

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
xpv_ctl_layout_end_line(GString *out)
{
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

guint
xpv_ctl_layout_indent(guint wanted, guint width)
{
    return width == 0 || width >= wanted + READABLE ? wanted : MIN(wanted, HANGING);
}

void
xpv_ctl_layout_wrap(GString *out, const char *text, guint start, guint indent, guint width)
{
    guint used = start;

    for (const char *word = text; *word != '\0';) {
        const char *end = word + strcspn(word, " ");
        guint gap = word > text ? 1 : 0;
        guint word_width = bounded_width(word, end);
        if (width > 0 && used > indent && used + gap + word_width > width) {
            xpv_ctl_layout_end_line(out);
            xpv_ctl_layout_pad(out, 0, indent);
            used = indent;
        } else if (gap > 0) {
            g_string_append_c(out, ' ');
            used++;
        }
        g_string_append_len(out, word, end - word);
        used += word_width;
        word = *end == ' ' ? end + 1 : end;
    }
}
