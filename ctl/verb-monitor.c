/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints changes and alerts as they come.
 *
 * The monitor remembers each domain, and prints only differences. When the daemon goes away, GDBus's client drops all
 * objects, and adds them again when the daemon is back: the monitor prints neither. Meanwhile, and until libvirt
 * answers and all domains are read, the monitor is behind: it ignores changes of domains, and compares afterwards. */
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "common/names.h"
#include "common/words.h"
#include "ctl/bus.h"
#include "ctl/json.h"
#include "ctl/layout.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/table.h"
#include "ctl/verbs.h"
#include "dbus/compat1.h"

static const XpvCtlColumn columns[] = {
    { "TIME", 0, 4 },    { "EVENT", 0, 0 },   { "NAME", 12, 0 }, { "STATE", 0, 2 },
    { "VERDICT", 0, 0 }, { "KERNEL", 10, 1 }, { "WHY", 16, 3 },
};

typedef struct {
    XpvCtl *ctl;
    GMainLoop *loop;
    guint sources[3]; /* the signals that end it */
    GDBusConnection *connection;
    XpvProxyManager *manager;
    GDBusObjectManager *objects;
    GHashTable *known;  /* object path to XpvCtlObject */
    XpvCtlObject *host; /* as of the last time that it was there */
    XpvCtlTable *table; /* of the printed lines */
    gboolean is_connected;
    gboolean is_behind;
    GError *error; /* what went wrong */
} Monitor;

static void
monitor_clear(Monitor *monitor)
{
    for (guint i = 0; i < G_N_ELEMENTS(monitor->sources); i++)
        g_source_remove(monitor->sources[i]);
    if (monitor->connection)
        g_signal_handlers_disconnect_by_data(monitor->connection, monitor);
    g_clear_object(&monitor->objects);
    g_clear_object(&monitor->manager);
    g_clear_object(&monitor->connection);
    g_clear_pointer(&monitor->known, g_hash_table_unref);
    g_clear_pointer(&monitor->host, xpv_ctl_object_free);
    g_clear_pointer(&monitor->table, xpv_ctl_table_free);
    g_clear_pointer(&monitor->loop, g_main_loop_unref);
    g_clear_error(&monitor->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Monitor, monitor_clear)

static gboolean
quit(gpointer user_data)
{
    Monitor *monitor = user_data;
    g_main_loop_quit(monitor->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_stdout_closed(int fd, GIOCondition condition, gpointer user_data)
{
    return quit(user_data);
}

/* @error: (transfer full) */
static void
fail(Monitor *monitor, GError *error)
{
    if (!monitor->error)
        monitor->error = xpv_ctl_bus_explain(monitor->connection, error);
    else
        g_error_free(error);
    g_main_loop_quit(monitor->loop);
}

static char *
now_text(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    return g_date_time_format(now, "%H:%M:%S");
}

static const char *
event_style(const char *event)
{
    if (g_str_equal(event, "alert") || g_str_equal(event, "disconnected"))
        return XPV_CTL_STYLE_BAD;
    return g_str_equal(event, "connected") ? XPV_CTL_STYLE_GOOD : XPV_CTL_STYLE_NONE;
}

static void
print(Monitor *monitor, const char *text)
{
    if (!xpv_ctl_output_write(&monitor->ctl->output, text))
        g_main_loop_quit(monitor->loop);
}

static void
print_json(Monitor *monitor, const char *event, const XpvCtlObject *object, XpvCtlPlace place)
{
    g_autofree char *line = xpv_ctl_json_line(event, object, place);
    print(monitor, line);
}

static void
add_row(Monitor *monitor, const char *event, const XpvCtlObject *domain)
{
    xpv_ctl_table_add(monitor->table, now_text(), XPV_CTL_STYLE_FAINT);
    xpv_ctl_table_add(monitor->table, g_strdup(event), event_style(event));
    xpv_ctl_add_domain(monitor->table, domain);
}

/* Returns: (transfer full) the rows that were added, for the terminal's present width. */
static char *
take_rows(Monitor *monitor)
{
    XpvCtlOutput *output = &monitor->ctl->output;
    xpv_ctl_output_measure(output);
    return xpv_ctl_table_render(monitor->table, output);
}

/* Makes the columns wide enough for all present domains and for usual values, so that columns without room on the
 * terminal are left out from the start. Prints only the headings, and only on a terminal: a pipe gets events alone. */
static void
start_table(Monitor *monitor)
{
    static const char *const usual[] = { "00:00:00",
                                         "removed",
                                         "a-usual-name",
                                         "in-shutdown",
                                         "not-applicable",
                                         "2.6.18-398.el5PAE",
                                         "needs another host architecture" };
    G_STATIC_ASSERT(G_N_ELEMENTS(usual) == G_N_ELEMENTS(columns));
    GHashTableIter iter;
    gpointer domain;

    monitor->table = xpv_ctl_table_new(columns, G_N_ELEMENTS(columns));
    for (guint i = 0; i < G_N_ELEMENTS(usual); i++)
        xpv_ctl_table_add(monitor->table, g_strdup(usual[i]), XPV_CTL_STYLE_NONE);
    g_hash_table_iter_init(&iter, monitor->known);
    while (g_hash_table_iter_next(&iter, NULL, &domain))
        add_row(monitor, "removed", domain);

    g_autofree char *text = take_rows(monitor);
    text[strcspn(text, "\n") + 1] = '\0';
    if (monitor->ctl->output.is_terminal)
        print(monitor, text);
}

static void
print_domain(Monitor *monitor, const char *event, const XpvCtlObject *domain)
{
    if (monitor->ctl->json) {
        print_json(monitor, event, domain, XPV_CTL_EVERYWHERE);
        return;
    }
    add_row(monitor, event, domain);
    g_autofree char *text = take_rows(monitor);
    print(monitor, text);
}

static void
print_sentence(Monitor *monitor, const char *event, const char *sentence)
{
    XpvCtlOutput *output = &monitor->ctl->output;
    g_autofree char *time = now_text();
    g_autoptr(GString) line = g_string_new(NULL);

    xpv_ctl_output_measure(output);
    xpv_ctl_output_append(output, line, time, XPV_CTL_STYLE_FAINT);
    g_string_append(line, "  ");
    xpv_ctl_output_append(output, line, event, event_style(event));
    g_string_append(line, "  ");
    guint indent = xpv_ctl_layout_width(time) + strlen("  ");
    guint start = indent + xpv_ctl_layout_width(event) + strlen("  ");
    xpv_ctl_layout_wrap(line, sentence, start, xpv_ctl_layout_indent(indent, output->width), output->width);
    g_string_append_c(line, '\n');
    print(monitor, line->str);
}

static void
print_link(Monitor *monitor, gboolean has_daemon)
{
    const char *event = monitor->is_connected ? "connected" : "disconnected";
    if (monitor->ctl->json) {
        print_json(monitor, event, monitor->host, XPV_CTL_OF_LINK);
    } else if (!has_daemon) {
        print_sentence(monitor, event, "xenpv-compatd is gone");
    } else {
        g_autofree char *uri = xpv_ctl_object_text(monitor->host, XPV_CTL_HOST_URI);
        g_autofree char *sentence =
            g_strdup_printf("libvirt (%s) %s", uri, monitor->is_connected ? "answers" : "does not answer");
        print_sentence(monitor, event, sentence);
    }
}

static XpvCtlObject *
object_from_proxy(const XpvCtlInterface *interface, GDBusProxy *proxy)
{
    GVariantDict properties;
    g_variant_dict_init(&properties, NULL);
    for (guint i = 0; i < interface->n_properties; i++) {
        const char *name = interface->properties[i].name;
        g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property(proxy, name);
        if (value)
            g_variant_dict_insert_value(&properties, name, value);
    }
    return xpv_ctl_object_new(interface, g_variant_dict_end(&properties));
}

/* Returns: (nullable) NULL if the object is not a domain. */
static XpvCtlObject *
domain_from_object(GDBusObject *object)
{
    g_autoptr(GDBusInterface) proxy = g_dbus_object_get_interface(object, XPV_DOMAIN_INTERFACE);
    return proxy ? object_from_proxy(&xpv_ctl_domain_interface, G_DBUS_PROXY(proxy)) : NULL;
}

/* Remembers the present domain, and prints what has changed.
 * @now: (transfer full) (nullable) NULL: it is gone */
static void
note(Monitor *monitor, const char *path, XpvCtlObject *now)
{
    const XpvCtlObject *before = g_hash_table_lookup(monitor->known, path);
    if (!now) {
        if (before)
            print_domain(monitor, "removed", before);
        g_hash_table_remove(monitor->known, path);
        return;
    }
    if (!before)
        print_domain(monitor, "added", now);
    else if (!xpv_ctl_object_same(before, now))
        print_domain(monitor, "changed", now);
    g_hash_table_replace(monitor->known, g_strdup(path), now);
}

static void
compare_all(Monitor *monitor)
{
    monitor->is_behind = FALSE;
    g_autofree const char **paths = (const char **)g_hash_table_get_keys_as_array(monitor->known, NULL);
    for (guint i = 0; paths[i]; i++) {
        g_autoptr(GDBusObject) object = g_dbus_object_manager_get_object(monitor->objects, paths[i]);
        if (!object)
            note(monitor, paths[i], NULL);
    }
    g_autolist(GDBusObject) objects = g_dbus_object_manager_get_objects(monitor->objects);
    for (GList *l = objects; l; l = l->next)
        note(monitor, g_dbus_object_get_object_path(l->data), domain_from_object(l->data));
}

static void
on_refreshed(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Monitor *monitor = user_data;
    g_autoptr(GError) error = NULL;
    /* If libvirt is away again, another "connected" follows. */
    if (xpv_proxy_manager_call_refresh_finish(monitor->manager, result, &error) && monitor->is_behind)
        compare_all(monitor);
}

/* A daemon that has just started may have published nothing yet. The domains are not gone. */
static void
catch_up(Monitor *monitor)
{
    if (xpv_proxy_manager_get_last_update(monitor->manager) > 0)
        compare_all(monitor);
    else
        xpv_proxy_manager_call_refresh(monitor->manager, NULL, on_refreshed, monitor);
}

/* Each proxy notices by itself that the daemon has gone or is back. */
static gboolean
has_daemon(const Monitor *monitor)
{
    g_autofree char *owner = g_dbus_proxy_get_name_owner(G_DBUS_PROXY(monitor->manager));
    g_autofree char *objects_owner =
        g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(monitor->objects));
    return owner && g_strcmp0(owner, objects_owner) == 0;
}

static void
look_at_link(Monitor *monitor)
{
    gboolean is_there = has_daemon(monitor);
    if (is_there) {
        xpv_ctl_object_free(monitor->host);
        monitor->host = object_from_proxy(&xpv_ctl_host_interface, G_DBUS_PROXY(monitor->manager));
    } else {
        monitor->is_behind = TRUE;
    }

    gboolean is_connected = is_there && xpv_ctl_object_boolean(monitor->host, XPV_CTL_HOST_CONNECTED);
    if (is_connected == monitor->is_connected)
        return;
    monitor->is_connected = is_connected;
    print_link(monitor, is_there);
    if (is_connected && monitor->is_behind)
        catch_up(monitor);
}

/* It was added, or has changed. */
static void
on_domain(Monitor *monitor, GDBusObject *object)
{
    if (!monitor->is_behind)
        note(monitor, g_dbus_object_get_object_path(object), domain_from_object(object));
}

static void
on_domain_removed(Monitor *monitor, GDBusObject *object)
{
    if (!monitor->is_behind)
        note(monitor, g_dbus_object_get_object_path(object), NULL);
}

static XpvCtlObject *
domain_from_alert(const char *name, const char *uuid, const char *kernel, const char *const *reasons)
{
    GVariantDict properties;
    g_variant_dict_init(&properties, NULL);
    g_variant_dict_insert(&properties, "Name", "s", name);
    g_variant_dict_insert(&properties, "Uuid", "s", uuid);
    g_variant_dict_insert(&properties, "Kernel", "s", kernel);
    g_variant_dict_insert(&properties, "Verdict", "s", xpv_verdict_to_word(XPV_VERDICT_INCOMPATIBLE));
    g_variant_dict_insert(&properties, "Reasons", "^as", reasons);
    return xpv_ctl_object_new(&xpv_ctl_domain_interface, g_variant_dict_end(&properties));
}

static void
on_alert(XpvProxyManager *manager, const char *path, const char *name, const char *uuid, const char *kernel,
         const char *const *reasons, gpointer user_data)
{
    Monitor *monitor = user_data;
    g_autoptr(GDBusObject) object = g_dbus_object_manager_get_object(monitor->objects, path);
    g_autoptr(XpvCtlObject) domain = object ? domain_from_object(object) : NULL;
    if (!domain)
        domain = domain_from_alert(name, uuid, kernel, reasons);
    print_domain(monitor, "alert", domain);
}

static void
on_bus_closed(GDBusConnection *connection, gboolean remote_peer_vanished, GError *error, gpointer user_data)
{
    fail(user_data, g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CLOSED, error ? error->message : "Closed"));
}

/* From here on, changes are printed, but not the domains that are already there. */
static void
start(Monitor *monitor)
{
    monitor->host = object_from_proxy(&xpv_ctl_host_interface, G_DBUS_PROXY(monitor->manager));
    monitor->is_connected = xpv_ctl_object_boolean(monitor->host, XPV_CTL_HOST_CONNECTED);
    g_autolist(GDBusObject) objects = g_dbus_object_manager_get_objects(monitor->objects);
    for (GList *l = objects; l; l = l->next) {
        XpvCtlObject *domain = domain_from_object(l->data);
        if (domain)
            g_hash_table_replace(monitor->known, g_strdup(g_dbus_object_get_object_path(l->data)), domain);
    }

    g_autofree char *warning = xpv_ctl_host_warning(monitor->host);
    if (warning)
        xpv_ctl_complain(warning);
    if (!monitor->ctl->json)
        start_table(monitor);

    g_signal_connect_swapped(monitor->objects, "notify::name-owner", G_CALLBACK(look_at_link), monitor);
    g_signal_connect_swapped(monitor->objects, "object-added", G_CALLBACK(on_domain), monitor);
    g_signal_connect_swapped(monitor->objects, "object-removed", G_CALLBACK(on_domain_removed), monitor);
    g_signal_connect_swapped(monitor->objects, "interface-proxy-properties-changed", G_CALLBACK(on_domain), monitor);
    g_signal_connect_swapped(monitor->manager, "notify::g-name-owner", G_CALLBACK(look_at_link), monitor);
    g_signal_connect_swapped(monitor->manager, "g-properties-changed", G_CALLBACK(look_at_link), monitor);
    g_signal_connect(monitor->manager, "incompatible-domain", G_CALLBACK(on_alert), monitor);
    look_at_link(monitor);
}

static void
on_objects(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Monitor *monitor = user_data;
    GError *error = NULL;
    monitor->objects = xpv_proxy_object_manager_client_new_finish(result, &error);
    if (monitor->objects)
        start(monitor);
    else
        fail(monitor, error);
}

static void
on_manager(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Monitor *monitor = user_data;
    GError *error = NULL;
    monitor->manager = xpv_proxy_manager_proxy_new_finish(result, &error);
    if (!monitor->manager) {
        fail(monitor, error);
        return;
    }
    g_dbus_proxy_set_default_timeout(G_DBUS_PROXY(monitor->manager), G_MAXINT); /* Refresh takes as long as libvirt */
    xpv_proxy_object_manager_client_new(monitor->connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, XPV_BUS_NAME,
                                        XPV_ROOT_PATH, NULL, on_objects, monitor);
}

/* Proxies do not fail without a daemon; a call does, and says why. */
static void
on_answer(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Monitor *monitor = user_data;
    GError *error = NULL;
    g_autoptr(GVariant) reply = g_dbus_connection_call_finish(monitor->connection, result, &error);
    if (!reply) {
        fail(monitor, error);
        return;
    }
    xpv_proxy_manager_proxy_new(monitor->connection, G_DBUS_PROXY_FLAGS_NONE, XPV_BUS_NAME, XPV_ROOT_PATH, NULL,
                                on_manager, monitor);
}

/* Asynchronous, so that a signal ends the monitor at once. */
static void
reach_daemon(Monitor *monitor)
{
    g_dbus_connection_call(monitor->connection, XPV_BUS_NAME, XPV_ROOT_PATH, "org.freedesktop.DBus.Properties",
                           "GetAll", g_variant_new("(s)", XPV_MANAGER_INTERFACE), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                           NULL, on_answer, monitor);
}

static gboolean
run(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    GDBusConnection *connection = xpv_ctl_bus_open(ctl->host, error);
    if (!connection)
        return FALSE;

    g_auto(Monitor) monitor = { .ctl = ctl, .connection = connection };
    monitor.loop = g_main_loop_new(NULL, FALSE);
    monitor.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)xpv_ctl_object_free);
    monitor.sources[0] = g_unix_signal_add(SIGINT, quit, &monitor);
    monitor.sources[1] = g_unix_signal_add(SIGTERM, quit, &monitor);
    monitor.sources[2] = g_unix_fd_add(STDOUT_FILENO, G_IO_ERR | G_IO_HUP, on_stdout_closed, &monitor);

    g_signal_connect(monitor.connection, "closed", G_CALLBACK(on_bus_closed), &monitor);
    reach_daemon(&monitor);
    g_main_loop_run(monitor.loop);

    if (monitor.error) {
        g_propagate_error(error, g_steal_pointer(&monitor.error));
        return FALSE;
    }
    return TRUE;
}

const XpvCtlVerb xpv_ctl_verb_monitor = {
    .name = "monitor",
    .description = "A line for every change and alert, until interrupted",
    .takes = XPV_CTL_TAKES_JSON | XPV_CTL_TAKES_HOST,
    .run = run,
};
