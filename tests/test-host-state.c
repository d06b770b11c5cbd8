/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The published properties of the host, from libvirt, this machine and the configuration. */
#include "daemon/host-state.h"

#include <sys/utsname.h>

#include "tests/expect.h"

#define REMOTE "xen+ssh://far/system"

static XpvHostState *
make_configured(const XpvConfig *config, const XpvLibvirtHost *libvirt)
{
    XpvHostState *state = xpv_host_state_new(config, NULL, NULL);
    if (libvirt)
        xpv_host_state_set_libvirt(state, libvirt);
    return state;
}

static XpvHostState *
make(const char *uri, const XpvLibvirtHost *libvirt)
{
    XpvConfig config = { .uri = (char *)uri };
    return make_configured(&config, libvirt);
}

static void
test_local_before_connection(void)
{
    struct utsname name;
    g_autoptr(XpvHostState) state = make("xen:///system", NULL);
    g_assert_cmpint(uname(&name), ==, 0);
    g_assert_cmpstr(xpv_host_state_get(state)->uri, ==, "xen:///system");
    g_assert_cmpstr(xpv_host_state_get(state)->host_kernel, ==, name.release);
    g_assert_cmpstr(xpv_host_state_get(state)->host_name, ==, g_get_host_name());
    g_assert_cmpstr(xpv_host_state_get(state)->hypervisor, ==, "");
    g_assert_cmpstr(xpv_host_state_get(state)->host_architecture, ==, ""); /* only libvirt tells it */
    g_assert_cmpstr(xpv_host_state_get(state)->version, !=, "");
    g_assert_cmpstr(xpv_host_state_get(state)->rules, !=, "");
    g_assert_false(xpv_host_state_get(state)->connected);
    g_assert_cmpuint(xpv_host_state_get(state)->last_update, ==, 0);
    for (guint i = 0; i < XPV_VERDICT_MAX; i++)
        g_assert_cmpuint(xpv_host_state_get(state)->counts[i], ==, 0);
}

/* No fact of this machine is taken for the remote host's. */
static void
test_remote(void)
{
    g_autoptr(XpvHostState) before = make(REMOTE, NULL);
    g_assert_cmpstr(xpv_host_state_get(before)->host_kernel, ==, "");
    g_assert_cmpstr(xpv_host_state_get(before)->host_name, ==, "");
    g_assert_cmpstr(xpv_host_state_get(before)->host_processor, ==, "");

    XpvLibvirtHost little = { .hypervisor = (char *)"Xen", .machine = (char *)"x86_64" };
    g_autoptr(XpvHostState) state = make(REMOTE, &little);
    g_assert_cmpstr(xpv_host_state_get(state)->hypervisor, ==, "Xen");
    g_assert_cmpstr(xpv_host_state_get(state)->host_architecture, ==, "x86_64");
    g_assert_cmpstr(xpv_host_state_get(state)->host_kernel, ==, "");
    g_assert_cmpstr(xpv_host_state_get(state)->host_release, ==, "");
    g_assert_cmpstr(xpv_host_state_get(state)->host_name, ==, "");
    g_assert_cmpstr(xpv_host_state_get(state)->host_processor, ==, "");
}

/* At the start: whether the connection lets disks be read. */
static void
test_disks_read(void)
{
    static const struct {
        const char *uri;
        gboolean disks_read;
    } cases[] = {
        { "xen:///system", TRUE },
        { "xen+ssh://far/system", TRUE },
        { "xen+tls://far/system", FALSE },
        { "xen+ssh://far/system?keyfile=/key", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvHostState) state = make(cases[i].uri, NULL);
        g_assert_cmpint(xpv_host_state_get(state)->disks_read, ==, cases[i].disks_read);
    }
}

static void
test_libvirt_first(void)
{
    XpvLibvirtHost libvirt = { (char *)"Xen", (char *)"far.example", (char *)"i686", (char *)"AMD" };
    static const char *const uris[] = { REMOTE, "xen:///system" };
    for (guint i = 0; i < G_N_ELEMENTS(uris); i++) {
        g_autoptr(XpvHostState) state = make(uris[i], &libvirt);
        g_assert_cmpstr(xpv_host_state_get(state)->hypervisor, ==, "Xen");
        g_assert_cmpstr(xpv_host_state_get(state)->host_name, ==, "far.example");
        g_assert_cmpstr(xpv_host_state_get(state)->host_architecture, ==, "i686");
        g_assert_cmpstr(xpv_host_state_get(state)->host_processor, ==, "amd");
    }

    XpvLibvirtHost strange = { (char *)"\xff\n", (char *)"\xef\xbf\xbe", (char *)"sparc", (char *)"Sun" };
    g_autoptr(XpvHostState) state = make(REMOTE, &strange);
    g_assert_cmpstr(xpv_host_state_get(state)->hypervisor, ==, "\xef\xbf\xbd");
    g_assert_cmpstr(xpv_host_state_get(state)->host_name, ==, "\xef\xbf\xbd");
    g_assert_cmpstr(xpv_host_state_get(state)->host_architecture, ==, "");
    g_assert_cmpstr(xpv_host_state_get(state)->host_processor, ==, "");
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
    g_autoptr(XpvHostState) state = make_configured(&config, &libvirt);
    g_assert_cmpstr(xpv_host_state_get(state)->host_kernel, ==, "2.6.18-128.el5xen");
    g_assert_cmpstr(xpv_host_state_get(state)->host_release, ==, "5.3");
    g_assert_cmpstr(xpv_host_state_get(state)->host_processor, ==, "amd");
    g_assert_cmpstr(xpv_host_state_get(state)->host_architecture, ==, "i686");

    XpvConfig unknown = {
        .uri = (char *)"xen:///system",
        .host_kernel = (char *)"",
        .host_processor = (char *)"",
        .host_architecture = (char *)"",
    };
    g_autoptr(XpvHostState) nothing = make_configured(&unknown, &libvirt);
    g_assert_cmpstr(xpv_host_state_get(nothing)->host_kernel, ==, "");
    g_assert_cmpstr(xpv_host_state_get(nothing)->host_release, ==, "");
    g_assert_cmpstr(xpv_host_state_get(nothing)->host_processor, ==, "");
    g_assert_cmpstr(xpv_host_state_get(nothing)->host_architecture, ==, "");
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
        g_autoptr(XpvHostState) state = make_configured(&config, NULL);
        expect(cases[i].kernel, xpv_host_state_get(state)->host_release, cases[i].release);
    }
}

static void
test_facts(void)
{
    XpvLibvirtHost libvirt = { (char *)"Xen", NULL, (char *)"x86_64", (char *)"Intel" };
    XpvConfig config = { .uri = (char *)REMOTE, .host_kernel = (char *)"2.6.18-92.el5xen" };
    g_autoptr(XpvHostState) state = make_configured(&config, &libvirt);
    XpvHost facts;
    xpv_host_properties_get_facts(xpv_host_state_get(state), &facts);
    g_assert_cmpstr(facts.hypervisor, ==, "Xen");
    g_assert_cmpint(facts.architecture, ==, XPV_ARCH_X86_64);
    g_assert_cmpint(facts.processor, ==, XPV_PROCESSOR_INTEL);
    g_assert_cmpint(facts.update, ==, 2);

    g_autoptr(XpvHostState) nothing = make(REMOTE, NULL);
    xpv_host_properties_get_facts(xpv_host_state_get(nothing), &facts);
    g_assert_cmpstr(facts.hypervisor, ==, "");
    g_assert_cmpint(facts.architecture, ==, XPV_ARCH_UNKNOWN);
    g_assert_cmpint(facts.processor, ==, XPV_PROCESSOR_UNKNOWN);
    g_assert_cmpint(facts.update, ==, -1);
}

typedef struct {
    guint n;
    XpvHostProperties before, after; /* strings excepted: those are of the last change */
    gboolean same_strings;
} Changes;

static void
on_changed(const XpvHostProperties *before, const XpvHostProperties *after, gpointer data)
{
    Changes *changes = data;
    changes->n++;
    changes->before = *before;
    changes->after = *after;
    changes->same_strings =
        g_str_equal(before->host_kernel, after->host_kernel) && g_str_equal(before->hypervisor, after->hypervisor);
}

/* Each setter notifies once and changes nothing else. */
static void
test_changes(void)
{
    static const guint32 counts[XPV_VERDICT_MAX] = { [XPV_VERDICT_COMPATIBLE] = 7 };
    XpvLibvirtHost libvirt = { (char *)"Xen", (char *)"far", (char *)"i686", (char *)"AMD" };
    XpvConfig config = { .uri = (char *)REMOTE };
    XpvConfig other = { .uri = (char *)REMOTE, .host_kernel = (char *)"2.6.18-53.el5xen" };
    Changes changes = { 0 };
    g_autoptr(XpvHostState) state = xpv_host_state_new(&config, on_changed, &changes);
    g_assert_cmpuint(changes.n, ==, 0);

    xpv_host_state_set_connected(state, TRUE);
    g_assert_cmpuint(changes.n, ==, 1);
    g_assert_false(changes.before.connected);
    g_assert_true(changes.after.connected);
    g_assert_true(changes.same_strings);

    g_assert_true(changes.after.disks_read);
    xpv_host_state_set_disks_read(state, FALSE);
    g_assert_cmpuint(changes.n, ==, 2);
    g_assert_false(changes.after.disks_read);

    xpv_host_state_set_counts(state, counts);
    xpv_host_state_set_last_update(state, 5);
    g_assert_cmpuint(changes.n, ==, 4);
    g_assert_cmpuint(changes.before.last_update, ==, 0);
    g_assert_cmpuint(changes.after.last_update, ==, 5);

    xpv_host_state_set_libvirt(state, &libvirt);
    g_assert_cmpuint(changes.n, ==, 5);
    g_assert_false(changes.same_strings);
    g_assert_cmpstr(xpv_host_state_get(state)->hypervisor, ==, "Xen");

    xpv_host_state_set_config(state, &other);
    g_assert_cmpuint(changes.n, ==, 6);
    const XpvHostProperties *host = xpv_host_state_get(state);
    g_assert_cmpstr(host->host_kernel, ==, "2.6.18-53.el5xen");
    g_assert_cmpstr(host->hypervisor, ==, "Xen");
    g_assert_true(host->connected);
    g_assert_false(host->disks_read);
    g_assert_cmpuint(host->last_update, ==, 5);
    g_assert_cmpuint(host->counts[XPV_VERDICT_COMPATIBLE], ==, 7);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/host-state/local-before-connection", test_local_before_connection);
    g_test_add_func("/host-state/remote", test_remote);
    g_test_add_func("/host-state/libvirt-first", test_libvirt_first);
    g_test_add_func("/host-state/disks-read", test_disks_read);
    g_test_add_func("/host-state/configuration-above-all", test_configuration_above_all);
    g_test_add_func("/host-state/release", test_release);
    g_test_add_func("/host-state/facts", test_facts);
    g_test_add_func("/host-state/changes", test_changes);
    return g_test_run();
}
