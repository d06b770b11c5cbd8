/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/object.h"

#include "common/text.h"

#define OF_REPORT XPV_CTL_OF_REPORT
#define OF_LINK XPV_CTL_OF_LINK
#define OF_WHOLE 0

static const XpvCtlProperty domain_properties[] = {
#define ROW(CONSTANT, member, name, signature, changes, places, label, unknown)                                        \
    [XPV_CTL_DOMAIN_##CONSTANT] = { name, signature, label, unknown, places, offsetof(XpvDomain, member) },
    XPV_DOMAIN_PROPERTIES(ROW)
#undef ROW
};

static const XpvCtlProperty host_properties[] = {
#define ROW(CONSTANT, member, name, signature, changes, places, label, unknown)                                        \
    [XPV_CTL_HOST_##CONSTANT] = { name, signature, label, unknown, places, 0 },
    XPV_HOST_PROPERTIES(ROW, ROW)
#undef ROW
};

const XpvCtlInterface xpv_ctl_domain_interface = { domain_properties, XPV_CTL_DOMAIN_MAX };
const XpvCtlInterface xpv_ctl_host_interface = { host_properties, XPV_CTL_HOST_MAX };

XpvCtlObject *
xpv_ctl_object_new(const XpvCtlInterface *interface, GVariant *properties)
{
    g_autoptr(GVariant) sunk = g_variant_ref_sink(properties);
    XpvCtlObject *object = g_malloc0(sizeof *object + interface->n_properties * sizeof object->values[0]);
    object->interface = interface;

    GVariantDict sent;
    g_variant_dict_init(&sent, sunk);
    for (guint i = 0; i < interface->n_properties; i++) {
        const XpvCtlProperty *property = &interface->properties[i];
        const GVariantType *type = G_VARIANT_TYPE(property->type);
        object->values[i] = g_variant_dict_lookup_value(&sent, property->name, type);
        if (!object->values[i])
            object->values[i] = g_variant_parse(type, property->unknown, NULL, NULL, NULL);
    }
    g_variant_dict_clear(&sent);
    return object;
}

static GVariant *
read_member(const XpvCtlProperty *property, const XpvDomain *domain)
{
    gconstpointer member = G_STRUCT_MEMBER_P(domain, property->offset);
    if (g_str_equal(property->type, "as"))
        return g_variant_new_strv(*(const char *const *const *)member, -1);
    return g_variant_new_string(*(const char *const *)member);
}

XpvCtlObject *
xpv_ctl_object_of_report(const XpvDomain *domain)
{
    GVariantDict results;
    g_variant_dict_init(&results, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(domain_properties); i++) {
        const XpvCtlProperty *property = &domain_properties[i];
        if (property->places & XPV_CTL_OF_REPORT)
            g_variant_dict_insert_value(&results, property->name, read_member(property, domain));
    }
    return xpv_ctl_object_new(&xpv_ctl_domain_interface, g_variant_dict_end(&results));
}

void
xpv_ctl_object_free(XpvCtlObject *object)
{
    if (!object)
        return;
    for (guint i = 0; i < object->interface->n_properties; i++)
        g_variant_unref(object->values[i]);
    g_free(object);
}

const char *
xpv_ctl_object_string(const XpvCtlObject *object, guint property)
{
    return g_variant_get_string(object->values[property], NULL);
}

gboolean
xpv_ctl_object_boolean(const XpvCtlObject *object, guint property)
{
    return g_variant_get_boolean(object->values[property]);
}

static char *
time_text(guint64 microseconds)
{
    g_autoptr(GDateTime) time = NULL;
    if (microseconds > 0)
        time = g_date_time_new_from_unix_local((gint64)(microseconds / G_USEC_PER_SEC));
    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S%:z") : g_strdup("");
}

static char *
words_text(GVariant *words)
{
    g_autofree const char **strv = g_variant_get_strv(words, NULL);
    g_autofree char *joined = g_strjoinv(", ", (char **)strv);
    return xpv_text_clean(joined, -1, 0);
}

static char *
counts_text(GVariant *counts)
{
    g_autoptr(GString) text = g_string_new(NULL);
    GVariantIter iter;
    const char *word;
    guint32 count;
    g_variant_iter_init(&iter, counts);
    while (g_variant_iter_next(&iter, "{&su}", &word, &count))
        g_string_append_printf(text, "%s%u %s", text->len > 0 ? ", " : "", count, word);
    return xpv_text_clean(text->str, -1, 0);
}

char *
xpv_ctl_object_text(const XpvCtlObject *object, guint property)
{
    GVariant *value = object->values[property];
    const char *type = object->interface->properties[property].type;

    if (g_str_equal(type, "s"))
        return xpv_text_clean(g_variant_get_string(value, NULL), -1, 0);
    if (g_str_equal(type, "as"))
        return words_text(value);
    if (g_str_equal(type, "b"))
        return g_strdup(g_variant_get_boolean(value) ? "yes" : "no");
    if (g_str_equal(type, "i"))
        return g_variant_get_int32(value) < 0 ? g_strdup("") : g_strdup_printf("%d", g_variant_get_int32(value));
    if (g_str_equal(type, "t"))
        return time_text(g_variant_get_uint64(value));
    return counts_text(value);
}

gboolean
xpv_ctl_object_same(const XpvCtlObject *a, const XpvCtlObject *b)
{
    for (guint i = 0; i < a->interface->n_properties; i++) {
        gboolean is_time = g_str_equal(a->interface->properties[i].type, "t");
        if (!is_time && !g_variant_equal(a->values[i], b->values[i]))
            return FALSE;
    }
    return TRUE;
}
