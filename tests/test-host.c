/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a host's facts are parsed. */
#include "common/host.h"
#include "tests/expect.h"

static void
test_is_xen(void)
{
    static const struct {
        const char *hypervisor;
        gboolean is_xen;
    } cases[] = { { "Xen", TRUE },  { "TEST", TRUE }, { "QEMU", FALSE },
                  { "LXC", FALSE }, { "ESX", FALSE }, { "", FALSE } };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        XpvHost host = { cases[i].hypervisor, XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 1 };
        expect(cases[i].hypervisor, xpv_host_is_xen(&host) ? "Xen" : "other", cases[i].is_xen ? "Xen" : "other");
    }
}

static void
test_update(void)
{
    static const struct {
        const char *kernel;
        gint update;
    } cases[] = {
        { "2.6.18-8.el5xen", 0 },
        { "2.6.18-8.1.15.el5xen", 0 },
        { "2.6.18-52.el5xen", 0 },
        { "2.6.18-53.el5xen", 1 },
        { "2.6.18-53.1.4.el5xen", 1 },
        { "2.6.18-53.1.6.0.1.el5xen", 1 },
        { "2.6.18-53.1.4.el5", 1 },
        { "2.6.18-194.8.1.el5.centos.plusxen", 5 },
        { "2.6.18-398.el5xen", 11 },
        { "2.6.18-398.9.1.el5xen", 11 },
        { "kernel-xen-2.6.18-92.1.22.el5.x86_64", 2 },
        { "kernel-xen-2.6.18-53.el5.i686", 1 },
        { "2.6.18-1.2747.el5xen", 0 }, /* a pre-release counts as update 0 */
        { "2.6.9-67.ELxenU", -1 },
        { "2.4.21-50.EL", -1 },
        { "6.1.0-18-amd64", -1 },
        { "2.6.32-71.el6.x86_64", -1 },
        { "2.6.39-400.126.1.el5uek", -1 },
        { "2.6.24.7-149.el5rt", -1 },
        { "2.6.18-xen", -1 },
        { "kernel-devel-2.6.18-53.el5.x86_64", -1 },
        { "nonsense", -1 },
        { "", -1 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = g_strdup_printf("%d", xpv_host_update_from_kernel(cases[i].kernel));
        g_autofree char *expected = g_strdup_printf("%d", cases[i].update);
        expect(cases[i].kernel, got, expected);
    }
}

static void
test_architecture(void)
{
    static const struct {
        const char *machine;
        const char *architecture;
    } cases[] = {
        { "i386", "i686" },     { "i486", "i686" },    { "i586", "i686" }, { "i686", "i686" }, { "athlon", "i686" },
        { "x86_64", "x86_64" }, { "amd64", "x86_64" }, { "ia64", "ia64" }, { "ppc64", "" },    { "s390x", "" },
        { "aarch64", "" },      { "armv7l", "" },      { "ia64x", "" },    { "x86", "" },      { "", "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(cases[i].machine, xpv_arch_to_word(xpv_host_architecture_from_machine(cases[i].machine)),
               cases[i].architecture);
}

static void
test_processor(void)
{
    static const struct {
        const char *vendor, *processor;
    } vendors[] = {
        { "GenuineIntel", "intel" }, { "Intel", "intel" }, { "AuthenticAMD", "amd" }, { "AMD", "amd" },
        { "CentaurHauls", "" },      { "IBM/S390", "" },   { "nonsense", "" },        { "", "" },
    };
    static const struct {
        const char *text, *processor;
    } cpuinfos[] = {
        { "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: Intel(R) Xeon(R)\n", "intel" },
        { "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 15\nmodel name\t: Dual-Core AMD Opteron(tm)\n\n"
          "processor\t: 1\nvendor_id\t: AuthenticAMD\n",
          "amd" },
        { "vendor_id\t: GenuineIntel", "intel" },
        { "processor\t: 0\nmodel name\t: GenuineIntel\nvendor_id\t: AuthenticAMD\n", "amd" },
        { "processor\t: 0\nvendor_id\t: CentaurHauls\nmodel name\t: not GenuineIntel\n", "" },
        { "vendor_id       : IBM/S390\n# processors    : 2\n", "" },
        { "processor\t: 0\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\n", "" },
        { "vendor_id\t:\n", "" },
        { "vendor_id\n", "" },
        { "", "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(vendors); i++)
        expect(vendors[i].vendor, xpv_processor_to_word(xpv_host_processor_from_vendor(vendors[i].vendor)),
               vendors[i].processor);
    for (guint i = 0; i < G_N_ELEMENTS(cpuinfos); i++)
        expect(cpuinfos[i].text, xpv_processor_to_word(xpv_host_processor_from_cpuinfo(cpuinfos[i].text)),
               cpuinfos[i].processor);
}

static void
test_is_local(void)
{
    static const struct {
        const char *uri;
        gboolean is_local;
    } cases[] = {
        { "xen:///system", TRUE },
        { "xen:///", TRUE },
        { "xen://", TRUE },
        { "xen:/", TRUE },
        { "xen", TRUE }, /* libvirt's only short form */
        { "qemu:///session", TRUE },
        { "test:///default", TRUE },
        { "test:///x", TRUE },
        { "test:///some/path.xml", TRUE },
        { "test+unix:///default?socket=/run/a/libvirt-sock", TRUE },
        { "xen+unix:///system?mode=legacy&socket=/x%20y", TRUE },
        { "xen+ext:///system?command=/bin/x", TRUE },

        { "xen://h/", FALSE },
        { "xen+ssh://h/", FALSE },
        { "xen+ssh://h", FALSE },
        { "xen+ssh://root@127.0.0.1:22/system?x=1", FALSE },
        { "xen+tls://[2001:db8::1]/system", FALSE },
        { "qemu+tcp://localhost/", FALSE }, /* it may well be a tunnel */
        { "test+unix://elsewhere/default?socket=/x", FALSE },
        { "esx://vcenter.example/?no_verify=1", FALSE },

        { "garbage", FALSE },
        { "xenner", FALSE },
        { "/system", FALSE },
        { "://", FALSE },
        { "xen://h:port/", FALSE },
        { "", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(cases[i].uri, xpv_uri_is_local(cases[i].uri) ? "local" : "remote",
               cases[i].is_local ? "local" : "remote");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host/is-xen", test_is_xen);
    g_test_add_func("/host/update", test_update);
    g_test_add_func("/host/architecture", test_architecture);
    g_test_add_func("/host/processor", test_processor);
    g_test_add_func("/host/is-local", test_is_local);
    return g_test_run();
}
