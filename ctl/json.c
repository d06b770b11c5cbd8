/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/json.h"

#include "common/json.h"

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

char *
xpv_ctl_json_line(const char *event, const XpvCtlObject *object, XpvCtlPlace place)
{
    g_autoptr(JsonObject) members = json_object_new();
    if (event)
        json_object_set_string_member(members, "event", event);
    add_members(members, object, place);
    return xpv_json_line(members);
}

char *
xpv_ctl_json_pair(const XpvCtlObject *first, const XpvCtlObject *second, XpvCtlPlace place)
{
    g_autoptr(JsonObject) members = json_object_new();
    add_members(members, first, place);
    add_members(members, second, place);
    return xpv_json_line(members);
}
