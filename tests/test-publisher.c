/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The publisher on a private bus: each property by itself, text from hostile guests and clients, and callers of
 * Refresh(). system/ tests what clients see of real domains. */
#include "daemon/bus/publisher.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "common/names.h"
#include "tests/expect.h"
#include "tests/loop.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define PATH XPV_DOMAIN_PREFIX "/_5b1a3c10_0000_4000_8000_000000000001"

typedef struct {
    GTestDBus *bus;
    GDBusConnection *client;
    XpvReports *reports;
    XpvRegistry *registry;
    XpvPublisher *publisher;
    gboolean is_named;
    guint64 next_serial; /* of Refresh() */
    guint n_refreshed;
    GPtrArray *signals; /* of char *: "Member path arguments" */
    guint n_answered;
} Fixture;

/* A client's call and its result. */
typedef struct {
    Fixture *fixture;
    gboolean is_answered;
    GVariant *reply;
    GError *error;
} Call;

static void
on_registry_changed(const XpvDomain *before, const XpvDomain *after, gpointer data)
{
    Fixture *f = data;
    xpv_publisher_domain_changed(f->publisher, before, after);
}

static void
on_report_changed(const char *uuid, gpointer data)
{
}

static guint64
on_refresh(gpointer data)
{
    Fixture *f = data;
    f->n_refreshed++;
    return f->next_serial;
}

static void
on_named(gpointer data)
{
    Fixture *f = data;
    f->is_named = TRUE;
}

static void
on_failed(const GError *error, gpointer data)
{
    g_error("%s", error->message);
}

static const XpvPublisherListener listener = { .refresh = on_refresh, .named = on_named, .failed = on_failed };

static void
on_signal(GDBusConnection *client, const char *sender, const char *path, const char *interface, const char *member,
          GVariant *arguments, gpointer data)
{
    Fixture *f = data;
    g_autofree char *text = g_variant_print(arguments, FALSE);
    g_ptr_array_add(f->signals, g_strdup_printf("%s %s %s", member, path, text));
}

static const XpvHostProperties no_host = { .version = (char *)"",
                                           .rules = (char *)"",
                                           .uri = (char *)"",
                                           .hypervisor = (char *)"",
                                           .host_name = (char *)"",
                                           .host_kernel = (char *)"",
                                           .host_architecture = (char *)"",
                                           .host_processor = (char *)"",
                                           .host_release = (char *)"" };

static void
set_up(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    static const XpvHost host = { "Xen", XPV_ARCH_X86_64, XPV_PROCESSOR_INTEL, 11 };
    f->bus = g_test_dbus_new(G_TEST_DBUS_NONE);
    g_test_dbus_up(f->bus);
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address(f->bus), TRUE);

    f->client = g_dbus_connection_new_for_address_sync(g_test_dbus_get_bus_address(f->bus),
                                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                           G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                       NULL, NULL, &error);
    g_assert_no_error(error);
    static const char *const members[] = { "PropertiesChanged", "InterfacesAdded", "InterfacesRemoved",
                                           "IncompatibleDomain" };
    f->signals = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < G_N_ELEMENTS(members); i++)
        g_dbus_connection_signal_subscribe(f->client, NULL, NULL, members[i], NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                           on_signal, f, NULL);
    /* A thread of GIO's sends the match rules. Once the bus answers a later call, it has them. */
    g_autoptr(GVariant) id G_GNUC_UNUSED =
        g_dbus_connection_call_sync(f->client, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                    "GetId", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
    g_assert_no_error(error);

    XpvReportContext context = { .config_path = "/nonexistent/xenpv-compatd.conf", .changed = on_report_changed };
    f->reports = xpv_reports_new(&context);
    f->registry = xpv_registry_new(&host, f->reports, 0, on_registry_changed, f);
    f->publisher = xpv_publisher_new(f->registry, &no_host, &listener, f, &error);
    g_assert_no_error(error);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_clear_pointer(&f->publisher, xpv_publisher_free);
    xpv_registry_free(f->registry);
    xpv_reports_free(f->reports);
    g_dbus_connection_close_sync(f->client, NULL, NULL);
    settle();
    g_object_unref(f->client);
    g_ptr_array_unref(f->signals);
    g_test_dbus_down(f->bus);
    g_object_unref(f->bus);
}

static void
begin(Fixture *f)
{
    xpv_publisher_acquire_name(f->publisher);
    wait_until(f->is_named);
}

static void
on_answered(GObject *source, GAsyncResult *result, gpointer data)
{
    Call *call = data;
    call->reply = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &call->error);
    call->is_answered = TRUE;
    call->fixture->n_answered++;
}

static Call *
call_begin(Fixture *f, const char *path, const char *interface, const char *method, GVariant *arguments)
{
    Call *call = g_new0(Call, 1);
    call->fixture = f;
    g_dbus_connection_call(f->client, XPV_BUS_NAME, path, interface, method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
                           WAIT_SECONDS * 1000, NULL, on_answered, call);
    return call;
}

static void
call_free(Call *call)
{
    g_clear_pointer(&call->reply, g_variant_unref);
    g_clear_error(&call->error);
    g_free(call);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Call, call_free)

static Call *
call_manager(Fixture *f, const char *method, GVariant *arguments)
{
    Call *call = call_begin(f, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, method, arguments);
    wait_until(call->is_answered);
    return call;
}

/* Waits until everything that the publisher has sent has arrived. */
static void
sync_signals(Fixture *f)
{
    g_autoptr(Call) call = call_begin(f, XPV_ROOT_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL);
    wait_until(call->is_answered);
    g_assert_no_error(call->error);
}

static XpvDomainXml *
make_xml(const char *uuid, const char *name, const char *kernel)
{
    XpvDomainXml *xml = g_new0(XpvDomainXml, 1);
    xml->uuid = xpv_intern(uuid);
    xml->name = g_strdup(name);
    xml->id = -1;
    xml->virtualization = XPV_VIRTUALIZATION_HVM;
    xml->metadata_kernel = xpv_intern(kernel);
    return xml;
}

/* expect_signals: the signals since the last call begin with these; NULL-terminated. */
static G_GNUC_NULL_TERMINATED void
expect_signals(Fixture *f, ...)
{
    va_list list;
    guint n = 0;
    sync_signals(f);
    va_start(list, f);
    for (const char *signal; (signal = va_arg(list, const char *)); n++) {
        g_assert_cmpuint(n, <, f->signals->len);
        const char *got = f->signals->pdata[n];
        if (!g_str_has_prefix(got, signal))
            expect("signal", got, signal);
    }
    va_end(list);
    g_assert_cmpuint(f->signals->len, ==, n);
    g_ptr_array_set_size(f->signals, 0);
}

static void
test_silent_before_the_name(Fixture *f, gconstpointer data)
{
    xpv_registry_update(f->registry, make_xml(UUID, "guest", NULL), "shut-off");
    xpv_registry_update(f->registry, make_xml(UUID, "other", NULL), "shut-off");
    begin(f);
    expect_signals(f, NULL);
    xpv_registry_update(f->registry, make_xml(UUID, "third", NULL), "shut-off");
    expect_signals(f, "PropertiesChanged " PATH " ('" XPV_DOMAIN_INTERFACE "', {'Name': <'third'>}, [])", NULL);
    xpv_registry_remove(f->registry, UUID);
    expect_signals(f, "InterfacesRemoved " XPV_ROOT_PATH " (", NULL);
    xpv_registry_update(f->registry, make_xml(UUID, "fourth", NULL), "shut-off");
    expect_signals(f, "InterfacesAdded " XPV_ROOT_PATH " (", NULL);
}

/* Two domains that differ in one member differ in that property: every row of the vtable points at its own member, and
 * has that member's type. */
static void
test_each_property_of_a_domain(Fixture *f, gconstpointer data)
{
    static const char *one[] = { "one", NULL };
    static const char *two[] = { "one", "two", NULL };
    const XpvDomain base = {
        .uuid = (char *)UUID,
        .name = (char *)"a",
        .id = 1,
        .state = "a",
        .virtualization = "a",
        .kernel = (char *)"a",
        .kernel_source = "a",
        .release = "a",
        .variant = "a",
        .processor = "a",
        .required_host_architectures = one,
        .verdict = "a",
        .reasons = one,
        .warnings = one,
        .explanation = (char *)"a",
        .remedy = (char *)"a",
        .driver_source = "a",
        .drivers = "a",
        .disk_drivers = "a",
        .network_drivers = "a",
        .installed_kernels = (char **)one,
        .driver_packages = (char **)one,
        .inspected_at = 1,
        .acknowledged = FALSE,
        .stale = FALSE,
        .changed_at = 1,
    };
    XpvDomain b = base;
    const struct {
        const char *property;
        gpointer member;
        char type;
    } members[] = {
        { "Name", &b.name, 's' },
        { "Id", &b.id, 'i' },
        { "State", &b.state, 's' },
        { "Virtualization", &b.virtualization, 's' },
        { "Kernel", &b.kernel, 's' },
        { "KernelSource", &b.kernel_source, 's' },
        { "Release", &b.release, 's' },
        { "Variant", &b.variant, 's' },
        { "Processor", &b.processor, 's' },
        { "RequiredHostArchitectures", &b.required_host_architectures, 'a' },
        { "Verdict", &b.verdict, 's' },
        { "Reasons", &b.reasons, 'a' },
        { "Warnings", &b.warnings, 'a' },
        { "Explanation", &b.explanation, 's' },
        { "Remedy", &b.remedy, 's' },
        { "DriverSource", &b.driver_source, 's' },
        { "Drivers", &b.drivers, 's' },
        { "DiskDrivers", &b.disk_drivers, 's' },
        { "NetworkDrivers", &b.network_drivers, 's' },
        { "InstalledKernels", &b.installed_kernels, 'a' },
        { "DriverPackages", &b.driver_packages, 'a' },
        { "Acknowledged", &b.acknowledged, 'i' },
        { "Stale", &b.stale, 'i' },
        { "ChangedAt", &b.changed_at, 't' },
    };
    xpv_registry_update(f->registry, make_xml(UUID, "guest", NULL), "shut-off");
    begin(f);
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        b = base;
        xpv_publisher_domain_changed(f->publisher, &base, &b);
        expect_signals(f, NULL);
        if (members[i].type == 's')
            *(const char **)members[i].member = "b";
        else if (members[i].type == 'a')
            *(const char ***)members[i].member = two;
        else if (members[i].type == 'i')
            *(gint32 *)members[i].member = 5;
        else
            *(guint64 *)members[i].member = 1 + ((guint64)1 << 40); /* both halves count */
        g_autofree char *expected =
            g_strdup_printf("PropertiesChanged " PATH " ('" XPV_DOMAIN_INTERFACE "', {'%s': <", members[i].property);
        xpv_publisher_domain_changed(f->publisher, &base, &b);
        expect_signals(f, expected, NULL);
    }

    b = base;
    b.uuid = (char *)"other"; /* it is constant: no signal */
    b.inspected_at = 2;       /* no signal for this one either */
    xpv_publisher_domain_changed(f->publisher, &b, &base);
    expect_signals(f, NULL);
}

static void
test_each_property_of_the_host(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *property;
        gsize offset;
    } texts[] = {
        { "Hypervisor", offsetof(XpvHostProperties, hypervisor) },
        { "HostName", offsetof(XpvHostProperties, host_name) },
        { "HostKernel", offsetof(XpvHostProperties, host_kernel) },
        { "HostArchitecture", offsetof(XpvHostProperties, host_architecture) },
        { "HostProcessor", offsetof(XpvHostProperties, host_processor) },
        { "HostRelease", offsetof(XpvHostProperties, host_release) },
    };
    begin(f);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        XpvHostProperties host = no_host;
        G_STRUCT_MEMBER(char *, &host, texts[i].offset) = (char *)"x";
        g_autofree char *begins = g_strdup_printf(
            "PropertiesChanged " XPV_ROOT_PATH " ('" XPV_MANAGER_INTERFACE "', {'%s': <'x'>}", texts[i].property);
        g_autofree char *ends = g_strdup_printf(
            "PropertiesChanged " XPV_ROOT_PATH " ('" XPV_MANAGER_INTERFACE "', {'%s': <''>}", texts[i].property);
        xpv_publisher_host_changed(f->publisher, &no_host, &host);
        expect_signals(f, begins, NULL);
        xpv_publisher_host_changed(f->publisher, &host, &no_host);
        expect_signals(f, ends, NULL);
    }

    XpvHostProperties host = no_host;
    host.connected = TRUE;
    xpv_publisher_host_changed(f->publisher, &no_host, &host);
    expect_signals(f, "PropertiesChanged " XPV_ROOT_PATH " ('" XPV_MANAGER_INTERFACE "', {'Connected': <true>}", NULL);
    XpvHostProperties unread = host;
    host.disks_read = TRUE;
    xpv_publisher_host_changed(f->publisher, &unread, &host);
    expect_signals(f, "PropertiesChanged " XPV_ROOT_PATH " ('" XPV_MANAGER_INTERFACE "', {'DisksRead': <true>}", NULL);
    for (guint verdict = 0; verdict < XPV_VERDICT_MAX; verdict++) {
        XpvHostProperties before = host;
        host.counts[verdict]++;
        xpv_publisher_host_changed(f->publisher, &before, &host);
        expect_signals(f, "PropertiesChanged " XPV_ROOT_PATH " ('" XPV_MANAGER_INTERFACE "', {'Counts': <{", NULL);
    }
    XpvHostProperties before = host;
    host.last_update = 5; /* no signal */
    xpv_publisher_host_changed(f->publisher, &before, &host);
    expect_signals(f, NULL);
}

static char *
next_hostile(GRand *rand)
{
    gsize length;
    return hostile_report(rand, &length);
}

/* Hostile text is published too: sd-bus refuses none of it, and keeps the connection. */
static void
test_hostile_text(Fixture *f, gconstpointer data)
{
    const guint n = 500;
    g_autoptr(GRand) rand = g_rand_new_with_seed(20080612);
    begin(f);
    for (guint i = 0; i < 2 * n; i++) {
        g_autofree char *uuid = g_strdup_printf("5b1a3c10-0000-4000-8000-%012u", i % n);
        g_autofree char *name = next_hostile(rand);
        g_autofree char *kernel = next_hostile(rand);
        g_autofree char *unique = g_strdup_printf("%s%u", name, i);
        xpv_registry_update(f->registry, make_xml(uuid, unique, kernel), "shut-off");
        xpv_publisher_alert(f->publisher, xpv_registry_lookup(f->registry, uuid));
    }
    g_autoptr(XpvHostState) last = NULL;
    for (guint i = 0; i < n; i++) {
        g_autofree char *hostile = next_hostile(rand);
        g_autofree char *unique = g_strdup_printf("%s%u", hostile, i);
        XpvLibvirtHost libvirt = { unique, unique, unique, unique };
        XpvConfig config = { .uri = hostile, .host_kernel = unique };
        g_autoptr(XpvHostState) state = xpv_host_state_new(&config, NULL, NULL);
        xpv_host_state_set_libvirt(state, &libvirt);
        xpv_publisher_host_changed(f->publisher, last ? xpv_host_state_get(last) : &no_host, xpv_host_state_get(state));
        xpv_host_state_free(last);
        last = g_steal_pointer(&state);
    }
    sync_signals(f);
    guint added = 0, changed = 0, alerts = 0;
    for (guint i = 0; i < f->signals->len; i++) {
        added += g_str_has_prefix(f->signals->pdata[i], "InterfacesAdded ");
        changed += g_str_has_prefix(f->signals->pdata[i], "PropertiesChanged ");
        alerts += g_str_has_prefix(f->signals->pdata[i], "IncompatibleDomain ");
    }
    g_assert_cmpuint(added, ==, n);
    g_assert_cmpuint(changed, ==, 2 * n);
    g_assert_cmpuint(alerts, ==, 2 * n);

    g_autoptr(Call) list = call_manager(f, "ListDomains", NULL);
    g_assert_no_error(list->error);
    g_autoptr(GVariant) rows = g_variant_get_child_value(list->reply, 0);
    g_assert_cmpuint(g_variant_n_children(rows), ==, n);
    g_autoptr(Call) managed =
        call_begin(f, XPV_ROOT_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL);
    wait_until(managed->is_answered);
    g_assert_no_error(managed->error);
    g_autoptr(GVariant) objects = g_variant_get_child_value(managed->reply, 0);
    g_assert_cmpuint(g_variant_n_children(objects), >=, n);
}

static Call *
check_kernel(Fixture *f, const char *report, GVariant *facts)
{
    return call_manager(f, "CheckKernel", g_variant_new("(s@a{sv})", report, facts));
}

static GVariant *
no_facts(void)
{
    return g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0);
}

static GVariant *
one_fact(const char *key, const char *value)
{
    GVariant *fact =
        g_variant_new_dict_entry(g_variant_new_string(key), g_variant_new_variant(g_variant_new_string(value)));
    return g_variant_new_array(NULL, &fact, 1);
}

/* A client's text is answered or refused, and the next client is served. */
static void
test_hostile_clients(Fixture *f, gconstpointer data)
{
    static const struct {
        const char *text;
        gboolean is_readable; /* false for noncharacters, which sd-bus does not take for UTF-8 */
    } cases[] = {
        { "", TRUE },
        { " ", TRUE },
        { "%s%n", TRUE },
        { "\n\n\n", TRUE },
        { "\x01\x7f", TRUE },
        { "\xef\xbf\xbd", TRUE },
        { "\xf0\x9f\x90\xa7", TRUE },
        { "\xef\xb7\x90", FALSE },
        { "\xef\xbf\xbe", FALSE },
        { "\xf4\x8f\xbf\xbf", FALSE },
    };
    begin(f);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *text = cases[i].text;
        g_autoptr(Call) domain = call_manager(f, "GetDomain", g_variant_new("(s)", text));
        g_autofree char *name = domain->error ? g_dbus_error_get_remote_error(domain->error) : NULL;
        if (cases[i].is_readable)
            expect(text, name, XPV_ERROR_NO_SUCH_DOMAIN);
        expect_true(text, name != NULL, "refused");
        g_autoptr(Call) check = check_kernel(f, text, no_facts());
        expect_true(text, (check->reply != NULL) == cases[i].is_readable, "answered, if it can be read");
        g_autoptr(Call) key = check_kernel(f, "", one_fact(text, ""));
        expect_true(text, key->error != NULL, "refused");
        g_autoptr(Call) value = check_kernel(f, "", one_fact("host-kernel", text));
        expect_true(text, (value->reply != NULL) == cases[i].is_readable, "answered, if it can be read");
    }
    g_autofree char *huge = g_strnfill(1000000, 'x');
    g_autoptr(Call) check = check_kernel(f, huge, no_facts());
    g_assert_no_error(check->error);
    g_autoptr(Call) domain = call_manager(f, "GetDomain", g_variant_new("(s)", huge));
    g_assert_nonnull(domain->error);
    sync_signals(f);
}

static void
expect_not_connected(Call *call)
{
    g_autofree char *name = call->error ? g_dbus_error_get_remote_error(call->error) : NULL;
    g_assert_cmpstr(name, ==, XPV_ERROR_NOT_CONNECTED);
}

/* Each call of Refresh() is answered after a refresh that began later than the call. */
static void
test_refresh(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_FAILED, "it is gone");
    begin(f);
    f->next_serial = 5;
    g_autoptr(Call) first = call_begin(f, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "Refresh", NULL);
    g_autoptr(Call) second = call_begin(f, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "Refresh", NULL);
    sync_signals(f);
    f->next_serial = 6;
    g_autoptr(Call) third = call_begin(f, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "Refresh", NULL);
    sync_signals(f);
    xpv_publisher_refreshed(f->publisher, 4);
    sync_signals(f);
    g_assert_false(first->is_answered);
    xpv_publisher_refreshed(f->publisher, 5);
    sync_signals(f);
    g_assert_true(first->is_answered && second->is_answered);
    g_assert_no_error(first->error);
    g_assert_false(third->is_answered);

    g_autoptr(Call) fourth = call_begin(f, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "Refresh", NULL);
    sync_signals(f);
    xpv_publisher_refresh_failed(f->publisher, error);
    sync_signals(f);
    g_assert_true(third->is_answered && fourth->is_answered);
    expect_not_connected(third);
    expect_not_connected(fourth);
    xpv_publisher_refreshed(f->publisher, 99);
    sync_signals(f);
}

/* A call that expects no answer gets none, and is not kept. */
static void
test_refresh_without_reply(Fixture *f, gconstpointer data)
{
    begin(f);
    f->next_serial = 7;
    g_autoptr(GDBusMessage) message =
        g_dbus_message_new_method_call(XPV_BUS_NAME, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "Refresh");
    g_dbus_message_set_flags(message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
    g_assert_true(g_dbus_connection_send_message(f->client, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
    g_autoptr(Call) call = call_begin(f, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "Refresh", NULL);
    sync_signals(f);
    g_assert_cmpuint(f->n_refreshed, ==, 2);
    xpv_publisher_refreshed(f->publisher, 7);
    wait_until(call->is_answered);
    g_assert_no_error(call->error);
}

static void
test_ends_while_refreshing(Fixture *f, gconstpointer data)
{
    begin(f);
    f->next_serial = 1;
    g_autoptr(Call) call = call_begin(f, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "Refresh", NULL);
    sync_signals(f);
    g_clear_pointer(&f->publisher, xpv_publisher_free);
    wait_until(call->is_answered); /* the bus answers, as the name has no owner any more */
    g_assert_nonnull(call->error);
}

static void
test_no_bus(void)
{
    g_autoptr(GError) error = NULL;
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", TRUE);
    g_autoptr(XpvPublisher) publisher = xpv_publisher_new(NULL, &no_host, &listener, NULL, &error);
    g_assert_null(publisher);
    g_assert_error(error, XPV_PUBLISHER_ERROR, XPV_PUBLISHER_ERROR_FAILED);
}

static void
add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    add("/publisher/silent-before-the-name", test_silent_before_the_name);
    add("/publisher/each-property-of-a-domain", test_each_property_of_a_domain);
    add("/publisher/each-property-of-the-host", test_each_property_of_the_host);
    add("/publisher/hostile-text", test_hostile_text);
    add("/publisher/hostile-clients", test_hostile_clients);
    add("/publisher/refresh", test_refresh);
    add("/publisher/refresh-without-reply", test_refresh_without_reply);
    add("/publisher/ends-while-refreshing", test_ends_while_refreshing);
    g_test_add_func("/publisher/no-bus", test_no_bus);
    return g_test_run();
}
