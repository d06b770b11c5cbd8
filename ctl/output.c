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
    *output = (XpvCtlOutput){
        .stream = stream,
        .width = is_terminal ? terminal_width(fileno(stream)) : 0,
        .colour = is_terminal && wants_colour(),
    };
}

/* A terminal that is not UTF-8 may take the second byte of a character for the start of an escape sequence. What is
 * piped stays UTF-8: nothing is lost. */
static char *
to_terminal(const char *text)
{
    const char *charset;
    if (g_get_charset(&charset))
        return g_strdup(text);

    g_autoptr(GString) plain = g_string_new(text);
    g_string_replace(plain, "…", "~", 0); /* one column, as the layout thinks */
    g_autofree char *codeset = g_strconcat(charset, "//TRANSLIT", NULL);
    char *converted = g_convert_with_fallback(plain->str, -1, codeset, "UTF-8", "?", NULL, NULL, NULL);
    return converted ? converted : g_str_to_ascii(plain->str, "C");
}

gboolean
xpv_ctl_output_write(XpvCtlOutput *output, const char *text)
{
    if (output->error != 0)
        return FALSE;
    g_autofree char *converted = isatty(fileno(output->stream)) ? to_terminal(text) : NULL;
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

    g_autofree char *label = g_strconcat(interface->properties[property].label, ":", NULL);
    g_string_append(out, label);
    xpv_ctl_layout_pad(out, xpv_ctl_layout_width(label), column);

    g_autoptr(GString) wrapped = g_string_new(NULL);
    xpv_ctl_layout_wrap(wrapped, *value != '\0' ? value : "-", column, output->width);
    xpv_ctl_output_append(output, out, wrapped->str, style);
    g_string_append_c(out, '\n');
}

void
xpv_ctl_complain(const char *sentence)
{
    XpvCtlOutput output;
    xpv_ctl_output_init(&output, stderr);
    g_autofree char *clean = xpv_text_clean(sentence, -1, 0);
    g_autofree char *line = g_strconcat("xenpv-compatctl: ", clean, "\n", NULL);
    xpv_ctl_output_write(&output, line);
}
