/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects in the form for people. */
#include "ctl/object.h"
#include "tests/expect.h"

static XpvCtlObject *
object_parse(const XpvCtlInterface *interface, const char *properties)
{
    g_autoptr(GVariant) values = g_variant_parse(G_VARIANT_TYPE_VARDICT, properties, NULL, NULL, NULL);
    g_assert_nonnull(values);
    return xpv_ctl_object_new(interface, values);
}

/* The tables have each property of the published interface once, with its type. */
static void
test_tables(void)
{
    static const struct {
        const XpvCtlInterface *interface;
        const char *name;
    } cases[] = {
        { &xpv_ctl_domain_interface, "<interface name=\"org.xenpv.Compat1.Domain\">" },
        { &xpv_ctl_host_interface, "<interface name=\"org.xenpv.Compat1.Manager\">" },
    };
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "dbus", "org.xenpv.Compat1.xml", NULL);
    g_autofree char *xml = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &xml, NULL, &error);
    g_assert_no_error(error);

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *start = strstr(xml, cases[i].name);
        g_autofree char *body = g_strndup(start, (gsize)(strstr(start, "</interface>") - start));
        g_auto(GStrv) pieces = g_strsplit(body, "<property ", -1);
        g_assert_cmpuint(g_strv_length(pieces) - 1, ==, cases[i].interface->n_properties);
        for (guint j = 0; j < cases[i].interface->n_properties; j++) {
            const XpvCtlProperty *property = &cases[i].interface->properties[j];
            g_autofree char *element =
                g_strdup_printf("<property name=\"%s\" type=\"%s\"", property->name, property->type);
            expect_true(element, strstr(body, element) != NULL, "is in the interface");
        }
    }
}

static void
test_text(void)
{
    static const struct {
        const char *properties;
        guint property;
        const char *text;
    } cases[] = {
        { "{}", XPV_CTL_DOMAIN_NAME, "" },
        { "{'Name': <'a\\u001b[31m\\nb'>}", XPV_CTL_DOMAIN_NAME, "a[31m b" },
        { "{'Name': <5>}", XPV_CTL_DOMAIN_NAME, "" },
        { "{}", XPV_CTL_DOMAIN_ID, "" },
        { "{'Id': <0>}", XPV_CTL_DOMAIN_ID, "0" },
        { "{'Stale': <true>}", XPV_CTL_DOMAIN_STALE, "yes" },
        { "{}", XPV_CTL_DOMAIN_STALE, "no" },
        { "{'Reasons': <['a', 'b\\u009b']>}", XPV_CTL_DOMAIN_REASONS, "a, b" },
        { "{'ChangedAt': <@t 1700000000000000>}", XPV_CTL_DOMAIN_CHANGED_AT, "2023-11-14T23:13:20+01:00" },
        { "{'ChangedAt': <@t 18446744073709551615>}", XPV_CTL_DOMAIN_CHANGED_AT, "" },
        { "{}", XPV_CTL_DOMAIN_CHANGED_AT, "" },
    };
    g_setenv("TZ", "XXX-1", TRUE);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvCtlObject) object = object_parse(&xpv_ctl_domain_interface, cases[i].properties);
        g_autofree char *text = xpv_ctl_object_text(object, cases[i].property);
        expect(cases[i].properties, text, cases[i].text);
    }
}

static void
test_same(void)
{
    g_autoptr(XpvCtlObject) a = object_parse(&xpv_ctl_domain_interface, "{'Name': <'a'>, 'ChangedAt': <@t 1>}");
    g_autoptr(XpvCtlObject) later = object_parse(&xpv_ctl_domain_interface, "{'Name': <'a'>, 'ChangedAt': <@t 2>}");
    g_autoptr(XpvCtlObject) stale = object_parse(&xpv_ctl_domain_interface, "{'Name': <'a'>, 'Stale': <true>}");
    g_assert_true(xpv_ctl_object_same(a, a));
    g_assert_true(xpv_ctl_object_same(a, later));
    g_assert_false(xpv_ctl_object_same(a, stale));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/object/tables", test_tables);
    g_test_add_func("/ctl/object/text", test_text);
    g_test_add_func("/ctl/object/same", test_same);
    return g_test_run();
}
