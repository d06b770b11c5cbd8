/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/publisher.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include "common/facts.h"
#include "common/guide.h"
#include "common/names.h"
#include "common/text.h"
#include "daemon/bus/log-control.h"
#include "daemon/bus/loop.h"
#include "dbus/properties.h"

G_DEFINE_QUARK(xpv_publisher_error, xpv_publisher_error)

/* Names of sd-bus and of the D-Bus specification. */
#define SYSTEM_BUS "unix:path=/run/dbus/system_bus_socket"

/* A waiting call of Refresh(). */
typedef struct {
    guint64 serial;
    sd_bus_message *call;
} Refresh;

struct _XpvPublisher {
    XpvHostProperties host; /* borrowed; the first member, so that its offsets are those of the vtable */
    XpvRegistry *registry;
    const XpvPublisherListener *listener;
    gpointer data;
    sd_bus *bus;
    GSource *loop;
    gboolean is_announced; /* the name is requested: from now on, clients may listen */
    GQueue refreshes;      /* of Refresh, with the lowest serial first */
};

/* Reads and compares the members that the vtables' rows point at. */

static gboolean
is_equal(const char *signature, gconstpointer a, gconstpointer b)
{
    if (g_str_equal(signature, "s"))
        return g_strcmp0(*(char *const *)a, *(char *const *)b) == 0;
    if (g_str_equal(signature, "as"))
        return g_strv_equal(*(const char *const *const *)a, *(const char *const *const *)b);
    if (g_str_equal(signature, "t"))
        return *(const guint64 *)a == *(const guint64 *)b;
    if (g_str_equal(signature, "a{su}"))
        return memcmp(a, b, sizeof((XpvHostProperties *)NULL)->counts) == 0;
    return *(const gint32 *)a == *(const gint32 *)b; /* "i", "b" */
}

/* The properties that differ and have a change signal. Returns: (transfer container) NULL-terminated. */
static GPtrArray *
find_changes(const sd_bus_vtable *vtable, gconstpointer before, gconstpointer after)
{
    GPtrArray *names = g_ptr_array_new();
    for (const sd_bus_vtable *row = vtable; row->type != _SD_BUS_VTABLE_END; row++) {
        if (row->type != _SD_BUS_VTABLE_PROPERTY || !(row->flags & SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE))
            continue;
        gsize offset = row->x.property.offset;
        if (!is_equal(row->x.property.signature, G_STRUCT_MEMBER_P(before, offset), G_STRUCT_MEMBER_P(after, offset)))
            g_ptr_array_add(names, (gpointer)row->x.property.member);
    }
    g_ptr_array_add(names, NULL);
    return names;
}

static void
emit_changes(XpvPublisher *publisher, const char *path, const char *interface, const sd_bus_vtable *vtable,
             gconstpointer before, gconstpointer after)
{
    g_autoptr(GPtrArray) names = find_changes(vtable, before, after);
    if (publisher->is_announced && names->len > 1)
        sd_bus_emit_properties_changed_strv(publisher->bus, path, interface, (char **)names->pdata);
}

/* org.xenpv.Compat1.Domain */

#define CONST SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define SILENT 0

static const sd_bus_vtable domain_vtable[] = {
    SD_BUS_VTABLE_START(0),
#define ROW(CONSTANT, member, name, signature, changes, places, label, unknown)                                        \
    SD_BUS_PROPERTY(name, signature, NULL, offsetof(XpvDomain, member), changes),
    XPV_DOMAIN_PROPERTIES(ROW)
#undef ROW
        SD_BUS_VTABLE_END,
};

static int
find_domain(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found, sd_bus_error *error)
{
    XpvPublisher *publisher = userdata;
    g_autofree char *uuid = xpv_domain_uuid_from_path(path);
    const XpvDomain *domain = uuid ? xpv_registry_lookup(publisher->registry, uuid) : NULL;
    *ret_found = (void *)domain;
    return domain != NULL;
}

static int
enumerate_domains(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *error)
{
    XpvPublisher *publisher = userdata;
    g_autoptr(GPtrArray) domains = xpv_registry_list(publisher->registry);
    char **nodes = g_new0(char *, domains->len + 1); /* sd-bus frees it and the strings in it */
    for (guint i = 0; i < domains->len; i++)
        nodes[i] = xpv_domain_path(((const XpvDomain *)domains->pdata[i])->uuid);
    *ret_nodes = nodes;
    return 0;
}

/* org.xenpv.Compat1.Manager */

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const XpvDomain *const *)a)->name, (*(const XpvDomain *const *)b)->name);
}

static int
append_domain(sd_bus_message *reply, const XpvDomain *domain)
{
    g_autofree char *path = xpv_domain_path(domain->uuid);
    return sd_bus_message_append(reply, "(ssssso)", domain->name, domain->uuid, domain->state, domain->verdict,
                                 domain->kernel, path);
}

/* Sends the message, unless writing it failed (@result < 0). @message: (transfer full) */
static int
send_message(sd_bus_message *message, int result)
{
    if (result >= 0)
        result = sd_bus_send(NULL, message, NULL);
    sd_bus_message_unref(message);
    return result;
}

static int
list_domains(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    XpvPublisher *publisher = userdata;
    g_autoptr(GPtrArray) domains = xpv_registry_list(publisher->registry);
    g_ptr_array_sort(domains, compare_names);

    sd_bus_message *reply = NULL;
    int result = sd_bus_message_new_method_return(call, &reply);
    if (result >= 0)
        result = sd_bus_message_open_container(reply, 'a', "(ssssso)");
    for (guint i = 0; result >= 0 && i < domains->len; i++)
        result = append_domain(reply, domains->pdata[i]);
    if (result >= 0)
        result = sd_bus_message_close_container(reply);
    return send_message(reply, result);
}

/* An error that quotes the caller. It is cut, because the bus refuses messages that are too large. */
static int G_GNUC_PRINTF(3, 4) refuse(sd_bus_error *error, const char *name, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *cut = xpv_text_clean(sentence, -1, XPV_TEXT_PUBLISHED_MAX);
    return sd_bus_error_set(error, name, cut);
}

static int
get_domain(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    XpvPublisher *publisher = userdata;
    const char *name = NULL;
    int result = sd_bus_message_read(call, "s", &name);
    if (result < 0)
        return result;
    const XpvDomain *domain = xpv_registry_find(publisher->registry, name);
    if (!domain)
        return refuse(error, XPV_ERROR_NO_SUCH_DOMAIN, "There is no domain with name or UUID “%s”", name);
    g_autofree char *path = xpv_domain_path(domain->uuid);
    return sd_bus_reply_method_return(call, "o", path);
}

/* Reads the next fact of CheckKernel() or CheckVariants().
 * @keys: the facts before it. A repeated one is refused, as thousands of them would keep other clients waiting
 * Returns: 0 at the end */
static int
read_fact(sd_bus_message *call, GHashTable *keys, XpvHost *host, XpvGuest *guest, sd_bus_error *error)
{
    const char *key, *contents, *value;
    int result = sd_bus_message_enter_container(call, 'e', "sv");
    if (result <= 0)
        return result;
    if ((result = sd_bus_message_read_basic(call, 's', &key)) < 0 ||
        (result = sd_bus_message_peek_type(call, NULL, &contents)) < 0)
        return result;
    if (!g_hash_table_add(keys, (gpointer)key))
        return refuse(error, XPV_ERROR_INVALID_ARGS, "The fact %s is there twice", key);
    if (!g_str_equal(contents, "s"))
        return refuse(error, XPV_ERROR_INVALID_ARGS, "The fact %s must be a string (s), not of type “%s”", key,
                      contents);
    if ((result = sd_bus_message_read(call, "v", "s", &value)) < 0)
        return result;

    g_autoptr(GError) cause = NULL;
    if (!xpv_facts_set(host, &guest->virtualization, key, value, &cause))
        return refuse(error, XPV_ERROR_INVALID_ARGS, "%s", cause->message);
    result = sd_bus_message_exit_container(call);
    return result < 0 ? result : 1;
}

static int
read_facts(sd_bus_message *call, XpvHost *host, XpvGuest *guest, sd_bus_error *error)
{
    g_autoptr(GHashTable) keys = g_hash_table_new(g_str_hash, g_str_equal);
    int result = sd_bus_message_enter_container(call, 'a', "{sv}");
    while (result > 0)
        result = read_fact(call, keys, host, guest, error);
    return result < 0 ? result : sd_bus_message_exit_container(call);
}

/* The other results of CheckKernel(): all other properties that follow from the report. */
static gboolean
is_result(const sd_bus_vtable *row)
{
    static const char *const results[] = {
#define OF_REPORT(name) name,
#define OF_WHOLE(name)
#define ROW(CONSTANT, member, name, signature, changes, places, label, unknown) places(name)
        XPV_DOMAIN_PROPERTIES(ROW) NULL
#undef ROW
#undef OF_WHOLE
#undef OF_REPORT
    };
    const char *name = row->type == _SD_BUS_VTABLE_PROPERTY ? row->x.property.member : "Verdict";
    return !g_str_equal(name, "Verdict") && !g_str_equal(name, "Reasons") && g_strv_contains(results, name);
}

static int
append_result(sd_bus_message *reply, const sd_bus_vtable *row, const XpvDomain *domain)
{
    gconstpointer value = G_STRUCT_MEMBER_P(domain, row->x.property.offset);
    if (g_str_equal(row->x.property.signature, "s"))
        return sd_bus_message_append(reply, "{sv}", row->x.property.member, "s", *(char *const *)value);

    int result = sd_bus_message_open_container(reply, 'e', "sv");
    if (result >= 0)
        result = sd_bus_message_append(reply, "s", row->x.property.member);
    if (result >= 0)
        result = sd_bus_message_open_container(reply, 'v', "as");
    if (result >= 0)
        result = sd_bus_message_append_strv(reply, *(char **const *)value);
    if (result >= 0)
        result = sd_bus_message_close_container(reply);
    return result < 0 ? result : sd_bus_message_close_container(reply);
}

/* All results of CheckKernel() for a report. */
static int
append_check(sd_bus_message *reply, const XpvHost *host, const XpvGuest *guest)
{
    g_autoptr(XpvJudgement) judgement = xpv_judge(host, guest);
    XpvDomainStatus status = { .name = "", .state = "", .kernel_source = "" };
    g_autoptr(XpvDomain) domain = xpv_domain_new(&status, guest, judgement, NULL);
    int result = sd_bus_message_append(reply, "s", domain->verdict);
    if (result >= 0)
        result = sd_bus_message_append_strv(reply, (char **)domain->reasons);
    if (result >= 0)
        result = sd_bus_message_open_container(reply, 'a', "{sv}");
    for (const sd_bus_vtable *row = domain_vtable; result >= 0 && row->type != _SD_BUS_VTABLE_END; row++)
        result = is_result(row) ? append_result(reply, row, domain) : result;
    return result < 0 ? result : sd_bus_message_close_container(reply);
}

/* Reports are judged as on Xen, whatever this host is. */
static void
begin_check(XpvPublisher *publisher, XpvHost *ret_host, XpvGuest *ret_guest)
{
    *ret_guest = (XpvGuest){ .id = -1, .virtualization = XPV_VIRTUALIZATION_HVM };
    xpv_host_properties_get_facts(&publisher->host, ret_host);
    ret_host->hypervisor = "Xen";
}

static int
check_kernel(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    XpvHost host;
    XpvGuest guest;
    const char *text;

    begin_check(userdata, &host, &guest);
    int result = sd_bus_message_read(call, "s", &text);
    if (result >= 0)
        result = read_facts(call, &host, &guest, error);
    if (result < 0)
        return result;

    g_autoptr(XpvReport) report = xpv_report_parse(text, -1);
    guest.report = report;
    sd_bus_message *reply = NULL;
    result = sd_bus_message_new_method_return(call, &reply);
    if (result >= 0)
        result = append_check(reply, &host, &guest);
    return send_message(reply, result);
}

static int
append_variant(sd_bus_message *reply, const XpvHost *host, XpvGuest *guest, const char *package)
{
    g_autoptr(XpvReport) report = xpv_report_parse(package, -1);
    guest->report = report;
    int result = sd_bus_message_open_container(reply, 'r', "sasa{sv}");
    if (result >= 0)
        result = append_check(reply, host, guest);
    return result < 0 ? result : sd_bus_message_close_container(reply);
}

static int
check_variants(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    XpvHost host;
    XpvGuest guest;

    begin_check(userdata, &host, &guest);
    int result = read_facts(call, &host, &guest, error);
    if (result < 0)
        return result;

    g_auto(GStrv) packages = xpv_guide_cells();
    sd_bus_message *reply = NULL;
    result = sd_bus_message_new_method_return(call, &reply);
    if (result >= 0)
        result = sd_bus_message_open_container(reply, 'a', "(sasa{sv})");
    for (char **package = packages; result >= 0 && *package; package++)
        result = append_variant(reply, &host, &guest, *package);
    if (result >= 0)
        result = sd_bus_message_close_container(reply);
    return send_message(reply, result);
}

static int
refresh(sd_bus_message *call, void *userdata, sd_bus_error *error)
{
    XpvPublisher *publisher = userdata;
    guint64 serial = publisher->listener->refresh(publisher->data);
    if (sd_bus_message_get_expect_reply(call) <=
        0) /* the bus does not limit calls without a reply, so they must cost nothing */
        return 1;
    Refresh *waiting = g_new0(Refresh, 1);
    waiting->call = sd_bus_message_ref(call);
    waiting->serial = serial;
    g_queue_push_tail(&publisher->refreshes, waiting);
    return 1;
}

static int
get_counts(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
           void *userdata, sd_bus_error *error)
{
    const guint32 *counts = userdata;
    int result = sd_bus_message_open_container(reply, 'a', "{su}");
    for (guint i = 0; result >= 0 && i < XPV_VERDICT_MAX; i++)
        result = sd_bus_message_append(reply, "{su}", xpv_verdict_to_word((XpvVerdict)i), counts[i]);
    return result < 0 ? result : sd_bus_message_close_container(reply);
}

static const sd_bus_vtable manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("ListDomains", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssssso)", domains), list_domains,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("GetDomain", SD_BUS_ARGS("s", domain), SD_BUS_RESULT("o", path), get_domain,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("CheckKernel", SD_BUS_ARGS("s", report, "a{sv}", facts),
                            SD_BUS_RESULT("s", verdict, "as", reasons, "a{sv}", results), check_kernel,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("CheckVariants", SD_BUS_ARGS("a{sv}", facts), SD_BUS_RESULT("a(sasa{sv})", cells),
                            check_variants, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Refresh", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, refresh, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_SIGNAL_WITH_ARGS("IncompatibleDomain",
                            SD_BUS_ARGS("o", domain, "s", name, "s", uuid, "s", kernel, "as", reasons), 0),
#define ROW(CONSTANT, member, name, signature, changes, places, label, unknown)                                        \
    SD_BUS_PROPERTY(name, signature, NULL, offsetof(XpvHostProperties, member), changes),
#define COUNTS_ROW(CONSTANT, member, name, signature, changes, places, label, unknown)                                 \
    SD_BUS_PROPERTY(name, signature, get_counts, offsetof(XpvHostProperties, member), changes),
    XPV_HOST_PROPERTIES(ROW, COUNTS_ROW)
#undef COUNTS_ROW
#undef ROW
        SD_BUS_VTABLE_END,
};

/* The connection and the name. */

static void
fail(XpvPublisher *publisher, const char *what, const char *why)
{
    g_autoptr(GError) error = g_error_new(XPV_PUBLISHER_ERROR, XPV_PUBLISHER_ERROR_FAILED, "%s: %s", what, why);
    publisher->listener->failed(error, publisher->data);
}

static void
on_disconnected(gpointer data)
{
    fail(data, "The bus has closed the connection", "nobody can reach this daemon any more");
}

static gboolean
check(int result, const char *step, GError **error)
{
    if (result < 0)
        g_set_error(error, XPV_PUBLISHER_ERROR, XPV_PUBLISHER_ERROR_FAILED, "Cannot %s: %s", step, g_strerror(-result));
    return result >= 0;
}

/* As sd_bus_open_system(), but without file descriptors: waiting calls would keep open those that clients send. */
static gboolean
open_bus(XpvPublisher *publisher, GError **error)
{
    const char *stated = g_getenv("DBUS_SYSTEM_BUS_ADDRESS");
    const char *address = stated ? stated : SYSTEM_BUS;
    g_autofree char *connect = g_strconcat("connect to the system bus at ", address, NULL);
    if (!check(sd_bus_new(&publisher->bus), "make a bus connection", error))
        return FALSE;
    sd_bus *bus = publisher->bus;
    return check(sd_bus_set_description(bus, "xenpv-compatd"), "name the bus connection", error) &&
           check(sd_bus_set_address(bus, address), connect, error) &&
           check(sd_bus_set_bus_client(bus, TRUE), "become a client of the bus", error) &&
           check(sd_bus_negotiate_fds(bus, FALSE), "refuse file descriptors on the bus", error) &&
           check(sd_bus_start(bus), connect, error);
}

static gboolean
add_objects(XpvPublisher *publisher, GError **error)
{
    sd_bus *bus = publisher->bus;
    return check(sd_bus_add_object_manager(bus, NULL, XPV_ROOT_PATH), "publish an object manager", error) &&
           check(sd_bus_add_object_vtable(bus, NULL, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, manager_vtable, publisher),
                 "publish the interface " XPV_MANAGER_INTERFACE, error) &&
           check(sd_bus_add_fallback_vtable(bus, NULL, XPV_DOMAIN_PREFIX, XPV_DOMAIN_INTERFACE, domain_vtable,
                                            find_domain, publisher),
                 "publish the interface " XPV_DOMAIN_INTERFACE, error) &&
           check(sd_bus_add_node_enumerator(bus, NULL, XPV_DOMAIN_PREFIX, enumerate_domains, publisher),
                 "publish the list of domains", error) &&
           check(xpv_log_control_add(bus), "publish the interface org.freedesktop.LogControl1", error);
}

XpvPublisher *
xpv_publisher_new(XpvRegistry *registry, const XpvHostProperties *host, const XpvPublisherListener *listener,
                  gpointer data, GError **error)
{
    g_autoptr(XpvPublisher) publisher = g_new0(XpvPublisher, 1);
    publisher->host = *host;
    publisher->registry = registry;
    publisher->listener = listener;
    publisher->data = data;
    if (!open_bus(publisher, error) || !add_objects(publisher, error))
        return NULL;
    publisher->loop = xpv_bus_loop_attach(publisher->bus, on_disconnected, publisher);
    return g_steal_pointer(&publisher);
}

static void
refresh_free(gpointer data)
{
    Refresh *waiting = data;
    sd_bus_message_unref(waiting->call);
    g_free(waiting);
}

void
xpv_publisher_free(XpvPublisher *publisher)
{
    if (!publisher)
        return;
    g_queue_clear_full(&publisher->refreshes, refresh_free);
    if (publisher->loop) {
        g_source_destroy(publisher->loop);
        g_source_unref(publisher->loop);
    }
    sd_bus_close_unref(publisher->bus);
    g_free(publisher);
}

static int
on_name_reply(sd_bus_message *reply, void *userdata, sd_bus_error *ret_error)
{
    XpvPublisher *publisher = userdata;
    uint32_t result = 0;
    const sd_bus_error *error = sd_bus_message_get_error(reply);
    if (!error && sd_bus_message_read(reply, "u", &result) >= 0 && result == 1)
        publisher->listener->named(publisher->data);
    else
        fail(publisher, "Cannot own the bus name " XPV_BUS_NAME,
             error ? error->message : "another process owns it; is xenpv-compatd running already?");
    return 1;
}

void
xpv_publisher_acquire_name(XpvPublisher *publisher)
{
    if (publisher->is_announced)
        return;
    publisher->is_announced = TRUE;
    int result = sd_bus_request_name_async(publisher->bus, NULL, XPV_BUS_NAME, 0, on_name_reply, publisher);
    if (result < 0)
        fail(publisher, "Cannot ask for the bus name " XPV_BUS_NAME, g_strerror(-result));
}

void
xpv_publisher_host_changed(XpvPublisher *publisher, const XpvHostProperties *before, const XpvHostProperties *after)
{
    publisher->host = *after;
    emit_changes(publisher, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, manager_vtable, before, after);
}

void
xpv_publisher_domain_changed(XpvPublisher *publisher, const XpvDomain *before, const XpvDomain *after)
{
    if (!publisher->is_announced)
        return;
    g_autofree char *path = xpv_domain_path(after ? after->uuid : before->uuid);
    if (!before)
        sd_bus_emit_object_added(publisher->bus, path);
    else if (!after)
        sd_bus_emit_object_removed(publisher->bus, path);
    else
        emit_changes(publisher, path, XPV_DOMAIN_INTERFACE, domain_vtable, before, after);
}

void
xpv_publisher_alert(XpvPublisher *publisher, const XpvDomain *domain)
{
    g_autofree char *path = xpv_domain_path(domain->uuid);
    sd_bus_message *signal = NULL;
    int result =
        sd_bus_message_new_signal(publisher->bus, &signal, XPV_ROOT_PATH, XPV_MANAGER_INTERFACE, "IncompatibleDomain");
    if (result >= 0)
        result = sd_bus_message_append(signal, "osss", path, domain->name, domain->uuid, domain->kernel);
    if (result >= 0)
        result = sd_bus_message_append_strv(signal, (char **)domain->reasons);
    result = send_message(signal, result);
    if (result < 0)
        g_warning("Cannot send the alert of domain %s: %s", domain->name, g_strerror(-result));
}

gboolean
xpv_publisher_is_told(XpvPublisher *publisher)
{
    uint64_t queued = 0;
    return sd_bus_get_n_queued_write(publisher->bus, &queued) < 0 || queued == 0;
}

void
xpv_publisher_refreshed(XpvPublisher *publisher, guint64 serial)
{
    Refresh *waiting;
    while ((waiting = g_queue_peek_head(&publisher->refreshes)) && waiting->serial <= serial) {
        g_queue_pop_head(&publisher->refreshes);
        sd_bus_reply_method_return(waiting->call, NULL);
        refresh_free(waiting);
    }
}

void
xpv_publisher_refresh_failed(XpvPublisher *publisher, const GError *error)
{
    /* It names the URI as configured, in which there may be characters that the bus refuses. */
    g_autofree char *text = xpv_text_clean(error->message, -1, XPV_TEXT_PUBLISHED_MAX);
    Refresh *waiting;
    while ((waiting = g_queue_pop_head(&publisher->refreshes))) {
        sd_bus_reply_method_errorf(waiting->call, XPV_ERROR_NOT_CONNECTED, "%s", text);
        refresh_free(waiting);
    }
}
