/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/output.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/text.h"
#include "ctl/layout.h"
#include "ctl/style.h"

static gboolean
wants_colour(void)
{
    const char *no_color = g_getenv("NO_COLOR");
    const char *term = g_getenv("TERM");
    return (!no_color || *no_color == '\0') && term && *term != '\0' && !g_str_equal(term, "dumb");
}

static guint
terminal_width(int fd)
{
    guint64 columns;
    if (g_ascii_string_to_unsigned(g_getenv("COLUMNS") ?: "", 10, 1, G_MAXUINT16, &columns, NULL))
        return (guint)columns;
    struct winsize size = { 0 };
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void
xpv_ctl_output_init(XpvCtlOutput *output, FILE *stream)
{
    gboolean is_terminal = isatty(fileno(stream));
    *output = (XpvCtlOutput){ .stream = stream, .is_terminal = is_terminal, .colour = is_terminal && wants_colour() };
    xpv_ctl_output_measure(output);
}

void
xpv_ctl_output_measure(XpvCtlOutput *output)
{
    output->width = output->is_terminal ? terminal_width(fileno(output->stream)) : 0;
}

/* The characters beside ASCII in our own messages. */
static char
plain_character(gunichar c)
{
    switch (c) {
    case 0x201c: /* “ */
    case 0x201d: /* ” */
        return '"';
    case 0x2014: /* — */
        return '-';
    case 0x2026: /* … */
        return '~';
    default:
        return '?';
    }
}

/* The number of columns is the one that the layout counts for the character. */
static void
append_converted(GString *out, const char *character, const char *charset)
{
    gsize length = (gsize)(g_utf8_next_char(character) - character);
    g_autofree char *text = g_strndup(character, length);
    g_autofree char *converted = g_convert(text, -1, charset, "UTF-8", NULL, NULL, NULL);
    if (converted) {
        g_string_append(out, converted);
        return;
    }
    for (guint width = xpv_ctl_layout_width(text); width > 0; width--)
        g_string_append_c(out, plain_character(g_utf8_get_char(character)));
}

/* A terminal without UTF-8 may take the second byte of a character for the start of an escape sequence. A terminal with
 * UTF-8 may join characters to an emoji at U+200D or U+FE0F and draw it in another width than the layout counts, so
 * these two are dropped. What goes into a pipe stays as it is. */
static char *
to_terminal(const char *text)
{
    const char *charset;
    gboolean is_utf8 = g_get_charset(&charset);
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == 0x200d || c == 0xfe0f)
            continue;
        if (is_utf8 || c < 0x80)
            g_string_append_unichar(out, c);
        else
            append_converted(out, p, charset);
    }
    return g_string_free(out, FALSE);
}

gboolean
xpv_ctl_output_write(XpvCtlOutput *output, const char *text)
{
    if (output->error != 0)
        return FALSE;
    g_autofree char *converted = output->is_terminal ? to_terminal(text) : NULL;
    if (fputs(converted ? converted : text, output->stream) == EOF || fflush(output->stream) == EOF)
        output->error = errno;
    return output->error == 0;
}

void
xpv_ctl_output_append(const XpvCtlOutput *output, GString *out, const char *text, const char *style)
{
    if (output->colour && *style != '\0')
        g_string_append_printf(out, "%s%s" XPV_CTL_STYLE_END, style, text);
    else
        g_string_append(out, text);
}

void
xpv_ctl_output_sheet(const XpvCtlOutput *output, GString *out, const XpvCtlInterface *interface, guint property,
                     const char *value, const char *style)
{
    guint column = 0;
    for (guint i = 0; i < interface->n_properties; i++)
        column = MAX(column, xpv_ctl_layout_width(interface->properties[i].label) + strlen(":  "));

    const char *label = interface->properties[property].label;
    guint indent = xpv_ctl_layout_indent(column, output->width);
    guint start = MAX(xpv_ctl_layout_width(label) + strlen(": "), indent);
    g_autoptr(GString) wrapped = g_string_new(NULL);
    xpv_ctl_layout_wrap(wrapped, *value != '\0' ? value : "-", start, indent, output->width);

    g_string_append_printf(out, "%s:", label);
    if (wrapped->str[0] != '\n')
        xpv_ctl_layout_pad(out, xpv_ctl_layout_width(label) + strlen(":"), start);
    xpv_ctl_output_append(output, out, wrapped->str, style);
    g_string_append_c(out, '\n');
}

void
xpv_ctl_output_sentence(XpvCtlOutput *output, const char *label, const char *style, const char *text)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    xpv_ctl_output_append(output, lines, label, style);
    xpv_ctl_layout_wrap(lines, text, xpv_ctl_layout_width(label), 0, output->width);
    g_string_append_c(lines, '\n');
    xpv_ctl_output_write(output, lines->str);
}

void
xpv_ctl_complain(const char *sentence)
{
    XpvCtlOutput output;
    xpv_ctl_output_init(&output, stderr);
    g_autofree char *clean = xpv_text_clean(sentence, -1, 0);
    xpv_ctl_output_sentence(&output, "xenpv-compatctl: ", XPV_CTL_STYLE_NONE, clean);
}
