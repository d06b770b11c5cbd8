/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/json.h"

/* JsonGenerator escapes the control characters of ASCII, but not DEL and those from U+0080 on. U+009B is one of them
 * and starts an escape sequence. Outside of strings, JSON has no control characters. */
static char *
escape_controls(const char *json)
{
    GString *line = g_string_new(NULL);
    for (const char *p = json; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c))
            g_string_append_printf(line, "\\u%04x", c);
        else
            g_string_append_unichar(line, c);
    }
    g_string_append_c(line, '\n');
    return g_string_free(line, FALSE);
}

char *
xpv_json_line(JsonObject *members)
{
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), members);
    g_autofree char *json = json_to_string(node, FALSE);
    return escape_controls(json);
}
