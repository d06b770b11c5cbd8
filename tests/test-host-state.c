/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is published of the host, out of libvirt, this machine and the configuration. */
#include "daemon/host.h"

#include <sys/utsname.h>

#include "tests/expect.h"

#define REMOTE "xen+ssh://far/system"

static XpvHostState *
make(const char *uri, const XpvLibvirtHost *libvirt)
{
    XpvConfig config = { .uri = (char *)uri };
    return xpv_host_state_new(&config, libvirt);
}

static void
test_local_before_connection(void)
{
    struct utsname name;
    g_autoptr(XpvHostState) state = make("xen:///system", NULL);
    g_assert_cmpint(uname(&name), ==, 0);
    g_assert_cmpstr(state->uri, ==, "xen:///system");
    g_assert_cmpstr(state->host_kernel, ==, name.release);
    g_assert_cmpstr(state->host_name, ==, g_get_host_name());
    g_assert_cmpstr(state->hypervisor, ==, "");
    g_assert_cmpstr(state->host_architecture, ==, ""); /* the kernel's, which only libvirt tells */
    g_assert_cmpstr(state->version, !=, "");
    g_assert_cmpstr(state->rules, !=, "");
    g_assert_false(state->connected);
    g_assert_cmpuint(state->last_update, ==, 0);
    for (guint i = 0; i < XPV_VERDICT_MAX; i++)
        g_assert_cmpuint(state->counts[i], ==, 0);
}

/* Nothing of this machine is taken for the other one's. */
static void
test_remote(void)
{
    g_autoptr(XpvHostState) before = make(REMOTE, NULL);
    g_assert_cmpstr(before->host_kernel, ==, "");
    g_assert_cmpstr(before->host_name, ==, "");
    g_assert_cmpstr(before->host_processor, ==, "");

    XpvLibvirtHost little = { .hypervisor = (char *)"Xen", .machine = (char *)"x86_64" };
    g_autoptr(XpvHostState) state = make(REMOTE, &little);
    g_assert_cmpstr(state->hypervisor, ==, "Xen");
    g_assert_cmpstr(state->host_architecture, ==, "x86_64");
    g_assert_cmpstr(state->host_kernel, ==, "");
    g_assert_cmpstr(state->host_release, ==, "");
    g_assert_cmpstr(state->host_name, ==, "");
    g_assert_cmpstr(state->host_processor, ==, "");
}

static void
test_libvirt_first(void)
{
    XpvLibvirtHost libvirt = { (char *)"Xen", (char *)"far.example", (char *)"i686", (char *)"AMD" };
    static const char *const uris[] = { REMOTE, "xen:///system" };
    for (guint i = 0; i < G_N_ELEMENTS(uris); i++) {
        g_autoptr(XpvHostState) state = make(uris[i], &libvirt);
        g_assert_cmpstr(state->hypervisor, ==, "Xen");
        g_assert_cmpstr(state->host_name, ==, "far.example");
        g_assert_cmpstr(state->host_architecture, ==, "i686");
        g_assert_cmpstr(state->host_processor, ==, "amd");
    }

    XpvLibvirtHost strange = { (char *)"\xff\n", (char *)"\xef\xbf\xbe", (char *)"sparc", (char *)"Sun" };
    g_autoptr(XpvHostState) state = make(REMOTE, &strange);
    g_assert_cmpstr(state->hypervisor, ==, "\xef\xbf\xbd");
    g_assert_cmpstr(state->host_name, ==, "\xef\xbf\xbd");
    g_assert_cmpstr(state->host_architecture, ==, "");
    g_assert_cmpstr(state->host_processor, ==, "");
}

static void
test_configuration_above_all(void)
{
    XpvLibvirtHost libvirt = { (char *)"Xen", (char *)"far", (char *)"x86_64", (char *)"Intel" };
    XpvConfig config = {
        .uri = (char *)"xen:///system",
        .host_kernel = (char *)"2.6.18-128.el5xen",
        .host_processor = (char *)"amd",
        .host_architecture = (char *)"i686",
    };
    g_autoptr(XpvHostState) state = xpv_host_state_new(&config, &libvirt);
    g_assert_cmpstr(state->host_kernel, ==, "2.6.18-128.el5xen");
    g_assert_cmpstr(state->host_release, ==, "5.3");
    g_assert_cmpstr(state->host_processor, ==, "amd");
    g_assert_cmpstr(state->host_architecture, ==, "i686");

    XpvConfig unknown = {
        .uri = (char *)"xen:///system",
        .host_kernel = (char *)"",
        .host_processor = (char *)"",
        .host_architecture = (char *)"",
    };
    g_autoptr(XpvHostState) nothing = xpv_host_state_new(&unknown, &libvirt);
    g_assert_cmpstr(nothing->host_kernel, ==, "");
    g_assert_cmpstr(nothing->host_release, ==, "");
    g_assert_cmpstr(nothing->host_processor, ==, "");
    g_assert_cmpstr(nothing->host_architecture, ==, "");
}

static void
test_release(void)
{
    static const struct {
        const char *kernel, *release;
    } cases[] = {
        { "2.6.18-8.el5xen", "5.0" }, { "2.6.18-53.1.4.el5xen", "5.1" }, { "kernel-xen-2.6.18-398.el5.x86_64", "5.11" },
        { "2.6.9-67.ELxenU", "" },    { "6.1.0-18-amd64", "" },          { "", "" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        XpvConfig config = { .uri = (char *)REMOTE, .host_kernel = (char *)cases[i].kernel };
        g_autoptr(XpvHostState) state = xpv_host_state_new(&config, NULL);
        expect(cases[i].kernel, state->host_release, cases[i].release);
    }
}

static void
test_facts(void)
{
    XpvLibvirtHost libvirt = { (char *)"Xen", NULL, (char *)"x86_64", (char *)"Intel" };
    XpvConfig config = { .uri = (char *)REMOTE, .host_kernel = (char *)"2.6.18-92.el5xen" };
    g_autoptr(XpvHostState) state = xpv_host_state_new(&config, &libvirt);
    XpvHost facts;
    xpv_host_state_get_facts(state, &facts);
    g_assert_cmpstr(facts.hypervisor, ==, "Xen");
    g_assert_cmpint(facts.architecture, ==, XPV_ARCH_X86_64);
    g_assert_cmpint(facts.processor, ==, XPV_PROCESSOR_INTEL);
    g_assert_cmpint(facts.update, ==, 2);

    g_autoptr(XpvHostState) nothing = make(REMOTE, NULL);
    xpv_host_state_get_facts(nothing, &facts);
    g_assert_cmpstr(facts.hypervisor, ==, "");
    g_assert_cmpint(facts.architecture, ==, XPV_ARCH_UNKNOWN);
    g_assert_cmpint(facts.processor, ==, XPV_PROCESSOR_UNKNOWN);
    g_assert_cmpint(facts.update, ==, -1);
}

/* Every member, and no string is shared. */
static void
test_copy(void)
{
    XpvLibvirtHost libvirt = { (char *)"Xen", (char *)"far", (char *)"i686", (char *)"AMD" };
    g_autoptr(XpvHostState) state = make("xen:///system", &libvirt);
    state->connected = TRUE;
    state->last_update = 5;
    state->counts[XPV_VERDICT_COMPATIBLE] = 7;
    g_autoptr(XpvHostState) copy = xpv_host_state_copy(state);
    char *const *texts[] = { &state->version,           &state->rules,          &state->uri,
                             &state->hypervisor,        &state->host_name,      &state->host_kernel,
                             &state->host_architecture, &state->host_processor, &state->host_release };
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        char *copied = G_STRUCT_MEMBER(char *, copy, (const char *)texts[i] - (const char *)state);
        g_assert_cmpstr(copied, ==, *texts[i]);
        g_assert_true(copied != *texts[i]);
    }
    g_assert_true(copy->connected);
    g_assert_cmpuint(copy->last_update, ==, 5);
    g_assert_cmpuint(copy->counts[XPV_VERDICT_COMPATIBLE], ==, 7);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-state/local-before-connection", test_local_before_connection);
    g_test_add_func("/host-state/remote", test_remote);
    g_test_add_func("/host-state/libvirt-first", test_libvirt_first);
    g_test_add_func("/host-state/configuration-above-all", test_configuration_above_all);
    g_test_add_func("/host-state/release", test_release);
    g_test_add_func("/host-state/facts", test_facts);
    g_test_add_func("/host-state/copy", test_copy);
    return g_test_run();
}
