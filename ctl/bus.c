/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/bus.h"

#include <string.h>

#include "common/names.h"
#include "common/text.h"
#include "ctl/exit.h"
#include "ctl/remote.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"
#define BUS_ERROR "org.freedesktop.DBus.Error."
#define START "“systemctl start xenpv-compatd”"
#define XEN_PATH "/proc/xen/capabilities"
#define UNIT_PATH "/org/freedesktop/systemd1/unit/xenpv_2dcompatd_2eservice"

/* The time that systemd has to say why the daemon does not run. */
#define WHY_MS 1000

/* Two parts of a sentence. Between them stands, in brackets, the error that came back. */
typedef struct {
    const char *tried;
    const char *help;
} Trouble;

static const Trouble no_bus = { "could not connect to the system bus, where xenpv-compatd answers",
                                "start D-Bus, and then the daemon with " START };
static const Trouble barred = { "this user may not connect to the system bus, where xenpv-compatd answers",
                                "ask as a user who may, such as root" };
static const Trouble closed = { "the system bus, where xenpv-compatd answers, has closed the connection",
                                "start D-Bus, and then the daemon with " START };
static const Trouble dropped = { "the connection over ssh has ended", "ssh's own message is above" };
static const Trouble absent = { "asked the system bus for " XPV_BUS_NAME ", but xenpv-compatd does not run",
                                "start it with " START };
static const Trouble no_xen = { "asked the system bus for " XPV_BUS_NAME
                                ", but xenpv-compatd starts on Xen hosts only, and this host does not run Xen",
                                "boot it with Xen" };
static const Trouble failing = { "asked the system bus for " XPV_BUS_NAME ", but xenpv-compatd fails to start",
                                 "“journalctl -u xenpv-compatd” says why" };
static const Trouble denied = { "the system bus does not let this user ask xenpv-compatd",
                                "is its policy, " XPV_BUS_NAME ".conf, installed? " START
                                " starts the daemon if it does not run" };
static const Trouble late = { "asked xenpv-compatd over the system bus, but it did not answer",
                              "“systemctl status xenpv-compatd” shows its state; start it with " START };
static const Trouble other = { "asked " XPV_BUS_NAME " over the system bus, but got no answer that makes sense",
                               "“systemctl status xenpv-compatd” shows its state; start it with " START };

static const Trouble *
trouble_of(const GError *error)
{
    static const struct {
        const char *prefix;
        const Trouble *trouble;
    } troubles[] = {
        { BUS_ERROR "ServiceUnknown", &absent }, { BUS_ERROR "NameHasNoOwner", &absent },
        { BUS_ERROR "Spawn.", &absent },         { "org.freedesktop.systemd1.", &absent },
        { BUS_ERROR "AccessDenied", &denied },   { BUS_ERROR "AuthFailed", &denied },
        { BUS_ERROR "NoReply", &late },          { BUS_ERROR "Timeout", &late },
        { BUS_ERROR "TimedOut", &late },         { BUS_ERROR "Disconnected", &closed },
    };

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        return &late;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        return &closed;
    g_autofree char *name = g_dbus_error_get_remote_error(error);
    for (guint i = 0; name && i < G_N_ELEMENTS(troubles); i++) {
        if (g_str_has_prefix(name, troubles[i].prefix))
            return troubles[i].trouble;
    }
    return &other;
}

/* Whether the unit asserts that the host runs Xen, and the host does not. systemd forgets the result of an assertion of
 * a unit that is not enabled; for this host, the file itself tells. */
static gboolean
lacks_xen(GVariant *properties, gboolean is_local)
{
    g_autoptr(GVariant) asserts = g_variant_lookup_value(properties, "Asserts", G_VARIANT_TYPE("a(sbbsi)"));
    GVariantIter iter;
    const char *path;
    int result; /* 0: not known */

    if (!asserts)
        return FALSE;
    g_variant_iter_init(&iter, asserts);
    while (g_variant_iter_next(&iter, "(&sbb&si)", NULL, NULL, NULL, &path, &result)) {
        if (g_str_equal(path, XEN_PATH))
            return result < 0 || (result == 0 && is_local && !g_file_test(path, G_FILE_TEST_EXISTS));
    }
    return FALSE;
}

/* Why the daemon does not run, as far as systemd knows. */
static const Trouble *
why_absent(GDBusConnection *connection)
{
    const char *state = "";
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_sync(connection, "org.freedesktop.systemd1", UNIT_PATH, PROPERTIES_INTERFACE, "GetAll",
                                    g_variant_new("(s)", "org.freedesktop.systemd1.Unit"), G_VARIANT_TYPE("(a{sv})"),
                                    G_DBUS_CALL_FLAGS_NO_AUTO_START, WHY_MS, NULL, NULL);
    g_autoptr(GVariant) properties = reply ? g_variant_get_child_value(reply, 0) : NULL;

    if (!properties)
        return &absent;
    if (lacks_xen(properties, xpv_ctl_remote_host(connection) == NULL))
        return &no_xen;
    g_variant_lookup(properties, "ActiveState", "&s", &state);
    return g_str_equal(state, "failed") ? &failing : &absent;
}

/* @host: (nullable) NULL: this one */
static GError *
explain_as(const Trouble *trouble, const char *host, GError *error)
{
    g_autoptr(GError) taken = error;
    g_dbus_error_strip_remote_error(taken);
    g_autofree char *detail = xpv_text_clean(taken->message, -1, 0);
    detail[strcspn(detail, ";")] = '\0'; /* the bus adds details of a call that it denies */
    if (g_str_has_suffix(detail, "."))
        detail[strlen(detail) - 1] = '\0';
    return g_error_new(XPV_CTL_ERROR, XPV_CTL_EXIT_UNREACHABLE, "%s%s%s%s (%s); %s", host ? "on " : "", host ?: "",
                       host ? ": " : "", trouble->tried, detail, trouble->help);
}

GError *
xpv_ctl_bus_explain(GDBusConnection *connection, GError *error)
{
    const char *host = xpv_ctl_remote_host(connection);
    const Trouble *trouble = trouble_of(error);
    if (host && trouble == &closed) {
        xpv_ctl_remote_listen(connection);
        trouble = &dropped;
    }
    if (trouble == &absent)
        trouble = why_absent(connection);
    return explain_as(trouble, host, error);
}

GDBusConnection *
xpv_ctl_bus_open(const char *host, GError **error)
{
    if (host)
        return xpv_ctl_remote_open(host, error);

    GError *failure = NULL;
    GDBusConnection *connection = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, &failure);
    if (!connection) {
        gboolean is_barred = g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
        g_propagate_error(error, explain_as(is_barred ? &barred : &no_bus, NULL, failure));
        return NULL;
    }
    /* Otherwise GDBus sends SIGTERM to the process, which "monitor" takes for its user's. */
    g_dbus_connection_set_exit_on_close(connection, FALSE);
    return connection;
}

static GVariant *
call(GDBusConnection *connection, const char *path, const char *interface, const char *method, GVariant *arguments,
     const char *reply_type, GError **error)
{
    return g_dbus_connection_call_sync(connection, XPV_BUS_NAME, path, interface, method, arguments,
                                       G_VARIANT_TYPE(reply_type), G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
}

gboolean
xpv_ctl_bus_ping(GDBusConnection *connection, GError **error)
{
    GError *failure = NULL;
    g_autoptr(GVariant) reply =
        g_dbus_connection_call_sync(connection, XPV_BUS_NAME, XPV_ROOT_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL,
                                    NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, &failure);
    if (!reply)
        g_propagate_error(error, xpv_ctl_bus_explain(connection, failure));
    return reply != NULL;
}

static XpvCtlObject *
get_all(GDBusConnection *connection, const char *path, const char *interface_name, const XpvCtlInterface *interface,
        GError **error)
{
    g_autoptr(GVariant) reply =
        call(connection, path, PROPERTIES_INTERFACE, "GetAll", g_variant_new("(s)", interface_name), "(a{sv})", error);
    g_autoptr(GVariant) properties = reply ? g_variant_get_child_value(reply, 0) : NULL;
    return properties ? xpv_ctl_object_new(interface, properties) : NULL;
}

XpvCtlObject *
xpv_ctl_bus_host(GDBusConnection *connection, GError **error)
{
    GError *failure = NULL;
    XpvCtlObject *host = get_all(connection, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, &xpv_ctl_host_interface, &failure);
    if (!host)
        g_propagate_error(error, xpv_ctl_bus_explain(connection, failure));
    return host;
}

static void
add_domain(GPtrArray *domains, GVariant *interfaces)
{
    g_autoptr(GVariant) properties = g_variant_lookup_value(interfaces, XPV_DOMAIN_INTERFACE, G_VARIANT_TYPE_VARDICT);
    if (properties)
        g_ptr_array_add(domains, xpv_ctl_object_new(&xpv_ctl_domain_interface, properties));
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(xpv_ctl_object_string(*(XpvCtlObject *const *)a, XPV_CTL_DOMAIN_NAME),
                  xpv_ctl_object_string(*(XpvCtlObject *const *)b, XPV_CTL_DOMAIN_NAME));
}

GPtrArray *
xpv_ctl_bus_domains(GDBusConnection *connection, GError **error)
{
    GError *failure = NULL;
    g_autoptr(GVariant) reply = call(connection, XPV_ROOT_PATH, OBJECT_MANAGER_INTERFACE, "GetManagedObjects", NULL,
                                     "(a{oa{sa{sv}}})", &failure);
    if (!reply) {
        g_propagate_error(error, xpv_ctl_bus_explain(connection, failure));
        return NULL;
    }

    GPtrArray *domains = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_ctl_object_free);
    g_autoptr(GVariant) objects = g_variant_get_child_value(reply, 0);
    GVariantIter iter;
    GVariant *interfaces;
    g_variant_iter_init(&iter, objects);
    while (g_variant_iter_loop(&iter, "{&o@a{sa{sv}}}", NULL, &interfaces))
        add_domain(domains, interfaces);
    g_ptr_array_sort(domains, compare_names);
    return domains;
}

/* Also if the domain is removed between the two calls. */
static gboolean
is_no_such_domain(const GError *error)
{
    g_autofree char *name = g_dbus_error_get_remote_error(error);
    return g_strcmp0(name, XPV_ERROR_NO_SUCH_DOMAIN) == 0 || g_strcmp0(name, BUS_ERROR "UnknownObject") == 0;
}

static XpvCtlObject *
find_domain(GDBusConnection *connection, const char *domain, GError **error)
{
    const char *path;
    g_autoptr(GVariant) reply =
        call(connection, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "GetDomain", g_variant_new("(s)", domain), "(o)", error);
    if (!reply)
        return NULL;
    g_variant_get(reply, "(&o)", &path);
    return get_all(connection, path, XPV_DOMAIN_INTERFACE, &xpv_ctl_domain_interface, error);
}

XpvCtlObject *
xpv_ctl_bus_domain(GDBusConnection *connection, const char *domain, GError **error)
{
    GError *failure = NULL;
    g_autofree char *valid = g_utf8_make_valid(domain, -1); /* D-Bus has no other strings */
    XpvCtlObject *found = find_domain(connection, valid, &failure);
    if (found)
        return found;

    if (is_no_such_domain(failure)) {
        g_clear_error(&failure);
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_NO_SUCH_DOMAIN, "no domain named or with UUID “%s”", valid);
    } else {
        g_propagate_error(error, xpv_ctl_bus_explain(connection, failure));
    }
    return NULL;
}
