/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects as JSON. */
#include "ctl/json.h"
#include "tests/expect.h"

#define CHECK_KEYS                                                                                                     \
    "\"verdict\":\"\",\"reasons\":[],\"warnings\":[],\"release\":\"\",\"variant\":\"\",\"processor\":\"\","            \
    "\"required_host_architectures\":[],\"driver_source\":\"\",\"explanation\":\"\",\"remedy\":\"\""

static void
expect_line(const XpvCtlInterface *interface, const char *properties, const char *event, XpvCtlPlace place,
            const char *expected)
{
    g_autoptr(GError) error = NULL;
    GVariant *values = g_variant_parse(G_VARIANT_TYPE_VARDICT, properties, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(XpvCtlObject) object = xpv_ctl_object_new(interface, values);
    g_variant_unref(values);
    g_autofree char *line = xpv_ctl_json_line(event, object, place);
    expect(properties, line, expected);
}

static void
test_key(void)
{
    static const char *const cases[][2] = {
        { "Name", "name" },
        { "ChangedAt", "changed_at" },
        { "RequiredHostArchitectures", "required_host_architectures" },
        { "", "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *key = xpv_ctl_json_key(cases[i][0]);
        expect(cases[i][0], key, cases[i][1]);
    }
}

/* Every key is present, even if the daemon sends none. */
static void
test_domain(void)
{
    expect_line(&xpv_ctl_domain_interface, "{}", NULL, XPV_CTL_EVERYWHERE,
                "{\"name\":\"\",\"uuid\":\"\",\"id\":-1,\"state\":\"\",\"virtualization\":\"\",\"kernel\":\"\","
                "\"kernel_source\":\"\"," CHECK_KEYS
                ",\"drivers\":\"unknown\",\"disk_drivers\":\"unknown\",\"network_drivers\":\"unknown\","
                "\"installed_kernels\":[],\"driver_packages\":[],\"inspected_at\":0,\"acknowledged\":false,\"stale\":"
                "false,\"changed_at\":0}\n");
    expect_line(
        &xpv_ctl_domain_interface,
        "{'Name': <'web1'>, 'Id': <3>, 'Reasons': <['a', 'b']>, 'Stale': <true>, 'Unheard': <'of'>,"
        " 'State': <5>, 'ChangedAt': <@t 1700000000000000>}",
        "changed", XPV_CTL_EVERYWHERE,
        "{\"event\":\"changed\",\"name\":\"web1\",\"uuid\":\"\",\"id\":3,\"state\":\"\",\"virtualization\":\"\","
        "\"kernel\":\"\",\"kernel_source\":\"\",\"verdict\":\"\",\"reasons\":[\"a\",\"b\"],\"warnings\":[],"
        "\"release\":\"\",\"variant\":\"\",\"processor\":\"\",\"required_host_architectures\":[],"
        "\"driver_source\":\"\",\"explanation\":\"\",\"remedy\":\"\",\"drivers\":\"unknown\",\"disk_drivers\":"
        "\"unknown\",\"network_drivers\":\"unknown\","
        "\"installed_kernels\":[],\"driver_packages\":[],\"inspected_at\":0,\"acknowledged\":false,\"stale\":true,"
        "\"changed_at\":1700000000000000}\n");
}

static void
test_places(void)
{
    expect_line(&xpv_ctl_domain_interface, "{'Kernel': <'2.6.18-53.el5'>}", NULL, XPV_CTL_OF_REPORT,
                "{\"kernel\":\"2.6.18-53.el5\"," CHECK_KEYS "}\n");
    expect_line(&xpv_ctl_host_interface, "{'Uri': <'xen:///system'>, 'Hypervisor': <'Xen'>}", "connected",
                XPV_CTL_OF_LINK, "{\"event\":\"connected\",\"uri\":\"xen:///system\",\"hypervisor\":\"Xen\"}\n");
}

static void
test_host(void)
{
    expect_line(&xpv_ctl_host_interface, "{'Connected': <true>, 'Counts': <{'unknown': uint32 2}>}", NULL,
                XPV_CTL_EVERYWHERE,
                "{\"host_name\":\"\",\"host_kernel\":\"\",\"host_architecture\":\"\",\"host_processor\":\"\","
                "\"host_release\":\"\",\"uri\":\"\",\"hypervisor\":\"\",\"connected\":true,\"last_update\":0,"
                "\"disks_read\":false,\"counts\":{\"unknown\":2},\"rules\":\"\",\"version\":\"\"}\n");
}

/* A report, together with the host on which it is judged. */
static void
test_pair(void)
{
    GVariant *values = g_variant_new_parsed("{'HostKernel': <'k'>, 'HostName': <'n'>, 'HostRelease': <'5.1'>}");
    g_autoptr(XpvCtlObject) host = xpv_ctl_object_new(&xpv_ctl_host_interface, values);
    g_autoptr(XpvCtlObject) domain = xpv_ctl_object_new(&xpv_ctl_domain_interface, g_variant_new("a{sv}", NULL));
    g_autofree char *line = xpv_ctl_json_pair(domain, host, XPV_CTL_OF_REPORT);
    expect("pair", line,
           "{\"kernel\":\"\"," CHECK_KEYS ",\"host_kernel\":\"k\",\"host_architecture\":\"\","
           "\"host_processor\":\"\",\"host_release\":\"5.1\"}\n");
}

/* Text that a terminal might take for a command is escaped. */
static void
test_controls(void)
{
    expect_line(&xpv_ctl_domain_interface, "{'Kernel': <'a\\u001b[31m\\n\\u007f\\u009b31m\"\\\\é'>}", NULL,
                XPV_CTL_OF_REPORT, "{\"kernel\":\"a\\u001b[31m\\n\\u007f\\u009b31m\\\"\\\\é\"," CHECK_KEYS "}\n");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ctl/json/key", test_key);
    g_test_add_func("/ctl/json/domain", test_domain);
    g_test_add_func("/ctl/json/places", test_places);
    g_test_add_func("/ctl/json/host", test_host);
    g_test_add_func("/ctl/json/pair", test_pair);
    g_test_add_func("/ctl/json/controls", test_controls);
    return g_test_run();
}
