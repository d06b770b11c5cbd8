/* SPDX-License-Identifier: CC0-1.0 */
/* A client of xenpv-compatd in the manner of virt-manager, to copy from. It shows a list of domains and a status line,
 * and keeps them up to date while the daemon or libvirt restarts. It needs GIO and no code of xenpv-compat.
 *
 * org.xenpv.Compat1.xml describes the interface. The show_…() functions stand in for a toolkit: each prints a line,
 * with tabs between its fields. */
#include <gio/gio.h>
#include <glib-unix.h>

#define BUS_NAME "org.xenpv.Compat1"
#define ROOT "/org/xenpv/Compat1"
#define MANAGER BUS_NAME ".Manager"
#define DOMAIN BUS_NAME ".Domain"

typedef struct {
    GCancellable *closing;
    GDBusConnection *bus; /* NULL until connected, as are the following */
    GHashTable *rows;     /* object path to the text that its row shows */
    GDBusObjectManager *domains;
    GDBusProxy *host;
    char *status;
    gboolean is_behind;     /* there may be rows of domains that are gone */
    gboolean is_refreshing; /* Refresh() has yet to answer */
} Window;

/* The toolkit's part. Names, kernels and the like are plain text: a toolkit that uses markup must escape them. */

static void
show_status(Window *window, const char *status)
{
    if (g_strcmp0(window->status, status) == 0)
        return;
    g_free(window->status);
    window->status = g_strdup(status);
    g_print("status\t%s\n", status);
}

static void
show_row(Window *window, const char *path, const char *text)
{
    const char *before = g_hash_table_lookup(window->rows, path);
    if (g_strcmp0(before, text) == 0)
        return;
    g_print("%s\t%s\n", before ? "change" : "add", text);
    g_hash_table_replace(window->rows, g_strdup(path), g_strdup(text));
}

static void
remove_row(Window *window, const char *path)
{
    const char *text = g_hash_table_lookup(window->rows, path);
    if (!text)
        return;
    g_print("remove\t%s\n", text);
    g_hash_table_remove(window->rows, path);
}

static void
show_alert(const char *name, const char *kernel)
{
    g_print("alert\t%s\t%s\n", name, kernel);
}

/* Properties. A daemon that is older or newer than this client may lack a property, or have it with another type. */

static char *
get_string(GDBusProxy *proxy, const char *property)
{
    g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property(proxy, property);
    return value && g_variant_is_of_type(value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string(value, NULL)
                                                                       : g_strdup("");
}

static char *
get_strings(GDBusProxy *proxy, const char *property)
{
    g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property(proxy, property);
    if (!value || !g_variant_is_of_type(value, G_VARIANT_TYPE_STRING_ARRAY))
        return g_strdup("");
    g_autofree const char **strings = g_variant_get_strv(value, NULL);
    return g_strjoinv(", ", (char **)strings);
}

static gboolean
get_boolean(GDBusProxy *proxy, const char *property)
{
    g_autoptr(GVariant) value = g_dbus_proxy_get_cached_property(proxy, property);
    return value && g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN) && g_variant_get_boolean(value);
}

/* A later daemon may send verdicts that this client does not know: they get an icon too. You can show the verdict
 * itself and the words of Reasons and Warnings as they are. Better, show Explanation and Remedy, which are
 * sentences. */
static const char *
icon_of_verdict(const char *verdict)
{
    static const char *const icons[][2] = {
        { "compatible", "emblem-default" },
        { "incompatible", "dialog-warning" },
        { "unknown", "dialog-question" },
        { "not-applicable", "action-unavailable" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(icons); i++) {
        if (g_str_equal(verdict, icons[i][0]))
            return icons[i][1];
    }
    return "dialog-question";
}

/* Domains. A domain's object path is a stable key: it stays the same when the daemon restarts. Do not parse it: Uuid is
 * the domain's UUID in libvirt. */

/* Shows a domain that is new, has changed, or is sent again. */
static void
update_row(Window *window, GDBusObject *object)
{
    g_autoptr(GDBusProxy) domain = G_DBUS_PROXY(g_dbus_object_get_interface(object, DOMAIN));
    if (!domain)
        return;
    g_autofree char *uuid = get_string(domain, "Uuid");
    g_autofree char *name = get_string(domain, "Name");
    g_autofree char *state = get_string(domain, "State");
    g_autofree char *verdict = get_string(domain, "Verdict");
    g_autofree char *reasons = get_strings(domain, "Reasons");
    const char *stale = get_boolean(domain, "Stale") ? "stale" : "";
    g_autofree char *text = g_strjoin("\t", uuid, name, state, icon_of_verdict(verdict), verdict, reasons, stale, NULL);
    show_row(window, g_dbus_object_get_object_path(object), text);
}

static void
update_all_rows(Window *window)
{
    GList *objects = g_dbus_object_manager_get_objects(window->domains);
    for (GList *l = objects; l; l = l->next)
        update_row(window, l->data);
    g_list_free_full(objects, g_object_unref);
}

/* Removes the rows of domains that went while the daemon was away. */
static void
remove_lost_rows(Window *window)
{
    window->is_behind = FALSE;
    GList *paths = g_hash_table_get_keys(window->rows);
    for (GList *l = paths; l; l = l->next) {
        g_autoptr(GDBusObject) object = g_dbus_object_manager_get_object(window->domains, l->data);
        if (!object)
            remove_row(window, l->data);
    }
    g_list_free(paths);
}

static void
on_object_added(GDBusObjectManager *domains, GDBusObject *object, gpointer user_data)
{
    update_row(user_data, object);
}

static void
on_interface_added(GDBusObjectManager *domains, GDBusObject *object, GDBusInterface *interface, gpointer user_data)
{
    update_row(user_data, object);
}

static void
on_domain_changed(GDBusObjectManagerClient *domains, GDBusObjectProxy *object, GDBusProxy *domain, GVariant *changed,
                  const char *const *invalidated, gpointer user_data)
{
    update_row(user_data, G_DBUS_OBJECT(object));
}

/* When the daemon goes, GIO drops all objects, with name-owner NULL. Their domains still run, so their rows stay:
 * nothing flickers, and the user's selection stays. */
static void
on_object_removed(GDBusObjectManager *domains, GDBusObject *object, gpointer user_data)
{
    g_autofree char *owner = g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(domains));
    if (owner)
        remove_row(user_data, g_dbus_object_get_object_path(object));
}

/* The status of the daemon and of libvirt. */

static void
on_refreshed(GObject *host, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) reply = g_dbus_proxy_call_finish(G_DBUS_PROXY(host), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    Window *window = user_data;
    window->is_refreshing = FALSE;
    if (reply) /* else the daemon or libvirt has gone again, and will be back */
        remove_lost_rows(window);
}

/* A daemon that has just started may not have read libvirt yet, and so publishes no domains. They have not all gone:
 * Refresh() answers once all of them are published. */
static void
catch_up(Window *window)
{
    if (window->is_refreshing)
        return;
    window->is_refreshing = TRUE;
    g_dbus_proxy_call(window->host, "Refresh", NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, window->closing, on_refreshed,
                      window);
}

/* Each proxy notices by itself that the daemon has gone or is back, one after the other. */
static void
look_at_host(Window *window)
{
    g_autofree char *owner = g_dbus_proxy_get_name_owner(window->host);
    g_autofree char *domains_owner =
        g_dbus_object_manager_client_get_name_owner(G_DBUS_OBJECT_MANAGER_CLIENT(window->domains));
    if (!owner || g_strcmp0(owner, domains_owner) != 0) {
        window->is_behind = TRUE;
        show_status(window, "xenpv-compatd is away");
        return;
    }
    gboolean is_connected = get_boolean(window->host, "Connected");
    show_status(window, is_connected ? "up to date" : "libvirt is away");
    if (is_connected && window->is_behind)
        catch_up(window);
}

static void
on_host_signal(GDBusProxy *host, const char *sender, const char *signal, GVariant *arguments, gpointer user_data)
{
    if (!g_str_equal(signal, "IncompatibleDomain") || !g_variant_is_of_type(arguments, G_VARIANT_TYPE("(osssas)")))
        return;
    const char *name, *kernel;
    g_variant_get(arguments, "(&o&s&s&s@as)", NULL, &name, NULL, &kernel, NULL);
    show_alert(name, kernel);
}

static void
on_bus_closed(GDBusConnection *bus, gboolean has_vanished, GError *error, gpointer user_data)
{
    show_status(user_data, "the system bus is gone");
}

/* The start. Nothing waits: the window is there before its contents. */

static void
start(Window *window)
{
    g_signal_connect(window->domains, "object-added", G_CALLBACK(on_object_added), window);
    g_signal_connect(window->domains, "object-removed", G_CALLBACK(on_object_removed), window);
    g_signal_connect(window->domains, "interface-added", G_CALLBACK(on_interface_added), window);
    g_signal_connect(window->domains, "interface-proxy-properties-changed", G_CALLBACK(on_domain_changed), window);
    g_signal_connect_swapped(window->domains, "notify::name-owner", G_CALLBACK(look_at_host), window);
    g_signal_connect_swapped(window->host, "notify::g-name-owner", G_CALLBACK(look_at_host), window);
    g_signal_connect_swapped(window->host, "g-properties-changed", G_CALLBACK(look_at_host), window);
    g_signal_connect(window->host, "g-signal", G_CALLBACK(on_host_signal), window);

    update_all_rows(window);
    look_at_host(window);
}

static void
on_host(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    GDBusProxy *host = g_dbus_proxy_new_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    Window *window = user_data;
    window->host = host;
    if (host)
        start(window);
    else
        show_status(window, error->message);
}

static void
on_domains(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    GDBusObjectManager *domains = g_dbus_object_manager_client_new_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    Window *window = user_data;
    window->domains = domains;
    if (domains)
        g_dbus_proxy_new(window->bus, G_DBUS_PROXY_FLAGS_NONE, NULL, BUS_NAME, ROOT, MANAGER, window->closing, on_host,
                         window);
    else
        show_status(window, error->message);
}

/* Where D-Bus can start the daemon, this starts it; elsewhere it waits for the daemon. */
static void
on_bus(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    GDBusConnection *bus = g_bus_get_finish(result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    Window *window = user_data;
    window->bus = bus;
    if (!bus) {
        show_status(window, error->message);
        return;
    }
    g_dbus_connection_set_exit_on_close(bus, FALSE); /* otherwise GIO ends the program when the bus goes */
    g_signal_connect(bus, "closed", G_CALLBACK(on_bus_closed), window);
    g_dbus_object_manager_client_new(bus, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_NONE, BUS_NAME, ROOT, NULL, NULL, NULL,
                                     window->closing, on_domains, window);
}

static gboolean
on_quit(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_CONTINUE;
}

/* Calls that are still under way are cancelled. */
static void
window_clear(Window *window)
{
    g_cancellable_cancel(window->closing);
    if (window->host)
        g_signal_handlers_disconnect_by_data(window->host, window);
    if (window->domains)
        g_signal_handlers_disconnect_by_data(window->domains, window);
    if (window->bus)
        g_signal_handlers_disconnect_by_data(window->bus, window);
    g_clear_object(&window->host);
    g_clear_object(&window->domains);
    g_clear_object(&window->bus);
    g_clear_object(&window->closing);
    g_clear_pointer(&window->rows, g_hash_table_unref);
    g_clear_pointer(&window->status, g_free);
}

int
main(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Window window = {
        .closing = g_cancellable_new(),
        .rows = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
    };
    g_unix_signal_add(SIGINT, on_quit, loop);
    g_bus_get(G_BUS_TYPE_SYSTEM, window.closing, on_bus, &window);
    g_main_loop_run(loop);
    window_clear(&window);
    return 0;
}
