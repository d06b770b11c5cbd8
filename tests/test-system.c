/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which operating system is meant, in the words of agents and of libosinfo. */
#include "common/system.h"

#include "tests/expect.h"

typedef struct {
    const char *name, *version;
    const char *expected; /* "-": not known; "": a system that the Guide covers; else the name of another one */
} Case;

static const char *
describe(const XpvSystem *system)
{
    static const char *const kinds[] = { [XPV_SYSTEM_UNKNOWN] = "-", [XPV_SYSTEM_COVERED] = "" };
    return system->kind == XPV_SYSTEM_OTHER ? system->name : kinds[system->kind];
}

static void
test_names(void)
{
    static const Case cases[] = {
        /* xe-guest-utilities */
        { "rhel", "3", "" },
        { "rhel", "4", "" },
        { "rhel", "5", "" },
        { "centos", "5", "" },
        { "oracle", "5", "" },
        { "scientific", "5", "" },
        { "rhel", "6", "rhel 6" },
        { "centos", "7", "centos 7" },
        { "oracle", "6", "oracle 6" },
        { "scientific", "6", "scientific 6" },
        { "rhel", "2", "rhel 2" },
        { "debian", "4", "debian 4" },
        { "fedora", "5", "fedora 5" },
        { "sles", "10", "sles 10" },
        { "boss", NULL, "boss" },
        { "unknown", "0", "-" },

        /* xen-guest-agent */
        { "Red Hat Enterprise Linux", "5", "" },
        { "Red Hat Enterprise Linux", "9", "Red Hat Enterprise Linux 9" },
        { "Red Hat Linux", "4", "" },
        { "CentOS", "4", "" },
        { "Oracle Linux", "5", "" },
        { "Alpine Linux", "3", "Alpine Linux 3" },
        { "Rocky Linux", "5", "Rocky Linux 5" },
        { "Debian", "5", "Debian 5" },
        { "Windows", "5", "Windows 5" },
        { "Linux", "5", "-" },
        { "Unknown", NULL, "-" },

        /* Windows' own agent, and what release files contain. */
        { "windows", "6", "windows 6" },
        { "Windows", "10", "Windows 10" },
        { "CentOS Linux", "5.11", "" },
        { "Red Hat Enterprise Linux Server", "5.11", "" },
        { "Scientific Linux SL", "5.11", "" },
        { "Enterprise Linux Enterprise Linux Server", "5.1", "" },
        { "Oracle VM server", "2", "Oracle VM server 2" },
        { "Oracle Solaris", "5.11", "Oracle Solaris 5.11" },

        /* If only some versions are covered, a version without a number means nothing. */
        { "rhel", NULL, "-" },
        { "rhel", "", "-" },
        { "rhel", "0", "-" },
        { "rhel", "x5", "-" },
        { "rhel", "-5", "-" },
        { "rhel", " 5\n", "" },
        { "rhel", "5beta", "" },
        { "rhel", "50", "rhel 50" },
        { "rhel", "4294967301", "rhel 4294967301" }, /* not 5 */
        { "rhel", "18446744073709551621", "rhel 1844674407370955" },

        /* Arbitrary text. */
        { NULL, NULL, "-" },
        { "", "5", "-" },
        { " \n", "5", "-" },
        { "???", "5", "-" },
        { "G N U / L i n u x", "5", "-" },
        { "R-H-E-L", "5", "" },
        { "win\ndows\x1b[1m", "\x07", "win dows[1m" },
        { "win\xff", "1\xfe", "win\xef\xbf\xbd 1\xef\xbf\xbd" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *input = g_strconcat(cases[i].name ? cases[i].name : "", "|", cases[i].version, NULL);
        g_auto(XpvSystem) system = xpv_system_from_name("The guest's agent", cases[i].name, cases[i].version);
        expect(input, describe(&system), cases[i].expected);
        gboolean is_other = system.kind == XPV_SYSTEM_OTHER;
        expect_true(input, (system.name != NULL) == is_other, "has a name where it is another");
        expect_true(input, g_strcmp0(system.teller, is_other ? "The guest's agent" : NULL) == 0, "tells who says so");
    }
}

static void
test_osinfo(void)
{
    static const Case cases[] = {
        { "http://redhat.com/rhel/3", NULL, "" },
        { "http://redhat.com/rhel/3.9", NULL, "" },
        { "http://redhat.com/rhel/4.8", NULL, "" },
        { "http://redhat.com/rhel/5.11", NULL, "" },
        { "http://redhat.com/rhel/5-unknown", NULL, "" },
        { "http://centos.org/centos/5.11", NULL, "" },
        { "http://scientificlinux.org/scientificlinux/5.0", NULL, "" },
        { "http://oracle.com/oel/4.4", NULL, "" },
        { "http://oracle.com/ol/5.11", NULL, "" },

        { "http://redhat.com/rhel/2.1", NULL, "http://redhat.com/rhel/2.1" },
        { "http://redhat.com/rhel/6.10", NULL, "http://redhat.com/rhel/6.10" },
        { "http://redhat.com/rhel/7-unknown", NULL, "http://redhat.com/rhel/7-unknown" },
        { "http://redhat.com/rhl/5.2", NULL, "http://redhat.com/rhl/5.2" },
        { "http://redhat.com/rhel-atomic/7.4", NULL, "http://redhat.com/rhel-atomic/7.4" },
        { "http://centos.org/centos/6.0", NULL, "http://centos.org/centos/6.0" },
        { "http://centos.org/centos-stream/9", NULL, "http://centos.org/centos-stream/9" },
        { "http://oracle.com/ol/6.0", NULL, "http://oracle.com/ol/6.0" },
        { "http://oracle.com/solaris/11", NULL, "http://oracle.com/solaris/11" },
        { "http://microsoft.com/win/2k3", NULL, "http://microsoft.com/win/2k3" },
        { "http://microsoft.com/win/5.2", NULL, "http://microsoft.com/win/5.2" },
        { "http://debian.org/debian/5", NULL, "http://debian.org/debian/5" },
        { "http://debian.org/debian/testing", NULL, "http://debian.org/debian/testing" },
        { "http://freedos.org/freedos", NULL, "http://freedos.org/freedos" },

        { "http://libosinfo.org/linux/2020", NULL, "-" },
        { "http://libosinfo.org/unknown", NULL, "-" },
        { "http://libosinfo.org/unknown/unknown", NULL, "-" },
        { "http://redhat.com/rhel/unknown", NULL, "-" },
        { "http://redhat.com/rhel", NULL, "-" },
        { "http://redhat.com/rhel/", NULL, "-" },
        { "http://fedoraproject.org/fedora/unknown", NULL, "-" },
        { "http://microsoft.com", NULL, "-" },
        { "http://microsoft.com/", NULL, "-" },
        { "win/2k3", NULL, "-" },
        { "http:/a/b/c/d", NULL, "-" },
        { "windows", NULL, "-" },
        { "", NULL, "-" },
        { " \x1b", NULL, "-" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(XpvSystem) system = xpv_system_from_osinfo(cases[i].name);
        expect(cases[i].name, describe(&system), cases[i].expected);
    }
}

static void
test_copies(void)
{
    g_auto(XpvSystem) system = xpv_system_from_name("A", "debian", "12");
    g_auto(XpvSystem) copy = xpv_system_copy(&system);
    g_auto(XpvSystem) other = xpv_system_from_name("A", "debian", "13");
    g_auto(XpvSystem) teller = xpv_system_from_name("B", "debian", "12");
    g_auto(XpvSystem) none = xpv_system_from_name("A", "", "");
    g_auto(XpvSystem) covered = xpv_system_from_name("A", "rhel", "5");
    g_assert_true(xpv_system_equal(&system, &copy) && copy.name != system.name);
    g_assert_false(xpv_system_equal(&system, &other));
    g_assert_false(xpv_system_equal(&system, &teller));
    g_assert_false(xpv_system_equal(&none, &covered));
}

/* Any text becomes part of a sentence, so it is made short and clean. */
static void
test_hostile(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (guint i = 0; i < 20000 && !g_test_failed(); i++) {
        gsize length;
        g_autofree char *name = hostile_report(rand, &length);
        g_autofree char *version = hostile_report(rand, &length);
        g_autofree char *id = g_strconcat("http://", name, "/", version, NULL);
        g_auto(XpvSystem) system = xpv_system_from_name("A", name, version);
        g_auto(XpvSystem) declared = xpv_system_from_osinfo(id);
        const char *const names[] = { system.name, declared.name };
        for (guint n = 0; n < G_N_ELEMENTS(names); n++)
            expect_true(id, !names[n] || (is_publishable(names[n]) && g_utf8_strlen(names[n], -1) <= 128 + 1 + 16),
                        "is short and clean");
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/system/names", test_names);
    g_test_add_func("/system/osinfo", test_osinfo);
    g_test_add_func("/system/copies", test_copies);
    g_test_add_func("/system/hostile", test_hostile);
    return g_test_run();
}
