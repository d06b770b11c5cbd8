/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which operating system a release file names. */
#include "inspect/release.h"

#include "tests/expect.h"

static void
test_read(void)
{
    static const struct {
        const char *path, *text, *expected;
    } cases[] = {
        { "/etc/redhat-release", "Red Hat Enterprise Linux AS release 3 (Taroon Update 9)\n", "rhel 3.9" },
        { "/etc/redhat-release", "Red Hat Enterprise Linux ES release 4 (Nahant)\n", "rhel 4.0" },
        { "/etc/redhat-release", "Red Hat Enterprise Linux Server release 5.11 (Tikanga)", "rhel 5.11" },
        { "/etc/redhat-release", "CentOS release 4.6 (Final)", "centos 4.6" },
        { "/etc/redhat-release", "Scientific Linux CERN SLC release 4.6 (Beryllium)", "scientific 4.6" },
        { "/etc/redhat-release", "Fedora release 8 (Werewolf)", "fedora 8.0" },
        { "/etc/redhat-release", "Fedora release Rawhide", "fedora " },
        { "/etc/redhat-release", "", "-" },
        { "/etc/redhat-release", "nothing", "-" },
        { "/etc/redhat-release", "Red Hat Enterprise Linux", "rhel " },
        { "/etc/enterprise-release", "Enterprise Linux Enterprise Linux Server release 5.4 (Carthage)", "oracle 5.4" },
        { "/etc/oracle-release", "Oracle Linux Server release 5.8", "oracle 5.8" },
        { "/etc/os-release", "NAME=x\nID=debian\nVERSION_ID=\"12\"\n", "debian 12" },
        { "/etc/os-release", "ID='ol'\nVERSION_ID=7.9", "oracle 7.9" },
        { "/etc/os-release", "ID_LIKE=debian\n", "-" },
        { "/etc/os-release", "ID=\"\n", "\" " },
        { "/etc/debian_version", "5.0.3\n", "debian 5.0.3" },
        { "/etc/SuSE-release", "SUSE Linux Enterprise Server 11\n", "suse " },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const XpvReleaseFile *file = xpv_release_files;
        while (!g_str_equal(file->path, cases[i].path))
            file++;
        g_autoptr(XpvRelease) release = xpv_release_read(file, cases[i].text);
        g_autofree char *got = release ? g_strjoin(" ", release->distribution, release->release, NULL) : g_strdup("-");
        expect(cases[i].text, got, cases[i].expected);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/release/read", test_read);
    return g_test_run();
}
