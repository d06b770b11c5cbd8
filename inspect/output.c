/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/output.h"

#include <stdio.h>

#include "common/text.h"

char *
xpv_output_to_locale(const char *text)
{
    const char *charset;
    if (g_get_charset(&charset))
        return g_strdup(text);
    char *converted = g_convert_with_fallback(text, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
    return converted ? converted : g_str_to_ascii(text, "C");
}

void
xpv_output_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *clean = xpv_text_clean(sentence, -1, 0);
    g_autofree char *converted = xpv_output_to_locale(clean);
    fprintf(stderr, "xenpv-compat-inspect: %s\n", converted);
}
