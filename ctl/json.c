/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json.h"

#include <json-glib/json-glib.h>

char *
xpv_ctl_json_key(const char *property)
{
    GString *key = g_string_new(NULL);
    for (const char *p = property; *p != '\0'; p++) {
        if (g_ascii_isupper(*p) && p > property)
            g_string_append_c(key, '_');
        g_string_append_c(key, g_ascii_tolower(*p));
    }
    return g_string_free(key, FALSE);
}

/* JsonGenerator escapes the control characters of ASCII, but neither DEL nor those from U+0080 on, of which U+009B
 * starts an escape sequence. Outside strings JSON has none of them. */
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

static void
add_members(JsonObject *members, const XpvCtlObject *object, XpvCtlPlace place)
{
    for (guint i = 0; i < object->interface->n_properties; i++) {
        const XpvCtlProperty *property = &object->interface->properties[i];
        if (place != XPV_CTL_EVERYWHERE && !(property->places & place))
            continue;
        g_autofree char *key = xpv_ctl_json_key(property->name);
        json_object_set_member(members, key, json_gvariant_serialize(object->values[i]));
    }
}

static char *
to_line(JsonObject *members)
{
    g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), members);
    g_autofree char *json = json_to_string(node, FALSE);
    return escape_controls(json);
}

char *
xpv_ctl_json_line(const char *event, const XpvCtlObject *object, XpvCtlPlace place)
{
    g_autoptr(JsonObject) members = json_object_new();
    if (event)
        json_object_set_string_member(members, "event", event);
    add_members(members, object, place);
    return to_line(members);
}

char *
xpv_ctl_json_pair(const XpvCtlObject *first, const XpvCtlObject *second, XpvCtlPlace place)
{
    g_autoptr(JsonObject) members = json_object_new();
    add_members(members, first, place);
    add_members(members, second, place);
    return to_line(members);
}
