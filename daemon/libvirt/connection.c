/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/libvirt/connection.h"

#include "common/capabilities.h"
#include "common/text.h"
#include "common/xml.h"
#include "daemon/libvirt/loop.h"
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

G_DEFINE_QUARK(xpv_libvirt_error, xpv_libvirt_error)

typedef virDomain *Domain;
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(Domain, virDomainFree, NULL)

/* The longest lists that a server returns: of ids (any version), and of names (before libvirt 1.0). */
#define IDS_MAX 16384
#define NAMES_MAX 1024

/* How often a domain is read if its XML and state do not fit together. */
#define TRIES_MAX 3

/* What an error quotes of libvirt's message, in characters. A server on another host chooses its bytes and length. */
#define MESSAGE_MAX 1024

/* The data that libvirt's callbacks share with the connection: one may still run on the main thread while the worker
 * unregisters it. A handle must not outlive the connection, because the last handle would close it. */
typedef struct {
    const XpvConnectionListener *listener;
    gpointer data;
    GDestroyNotify free_data;

    GMutex mutex;        /* guards the members below */
    GHashTable *handles; /* UUID → virDomain, owned: of the last event, until used; NULL: do not store any */
} Subscriber;

/* A run of a domain, for servers whose lists do not tell states. */
typedef struct {
    gint id;
    const char *state; /* as read last */
} Run;

struct _XpvConnection {
    char *uri;
    guint keepalive;

    virConnectPtr connection;
    Subscriber *subscriber; /* (nullable) */
    GArray *callbacks;      /* of int */
    XpvEvents events;
    GHashTable *handles; /* UUID → virDomain, owned: of the last list; if lists tell states, until each is used */
    GHashTable *runs;    /* UUID → Run, owned: all domains that were read, if lists do not tell states */
    gboolean lacks_list; /* no call lists all domains */
    gboolean lacks_state;
};

/* The words of "virsh domstate", with - for a blank. */
/* clang-format off */
static const char *const state_words[] = {
    [VIR_DOMAIN_NOSTATE] = "no-state",
    [VIR_DOMAIN_RUNNING] = "running",
    [VIR_DOMAIN_BLOCKED] = "idle",
    [VIR_DOMAIN_PAUSED] = "paused",
    [VIR_DOMAIN_SHUTDOWN] = "in-shutdown",
    [VIR_DOMAIN_SHUTOFF] = "shut-off",
    [VIR_DOMAIN_CRASHED] = "crashed",
    [VIR_DOMAIN_PMSUSPENDED] = "pmsuspended",
};
/* clang-format on */

/* xend says idle or no state of a guest that is not on a processor at this moment. It runs. */
static const char *
state_to_word(gint state, gboolean is_running)
{
    gboolean is_known = state >= 0 && (guint)state < G_N_ELEMENTS(state_words);
    if (is_running && (!is_known || state == VIR_DOMAIN_NOSTATE || state == VIR_DOMAIN_BLOCKED))
        return state_words[VIR_DOMAIN_RUNNING];
    return state_words[is_known ? state : VIR_DOMAIN_NOSTATE];
}

/* Errors are returned as GError. Without this, libvirt prints them, too. */
static void
ignore_error(void *data, virErrorPtr error)
{
}

gboolean
xpv_libvirt_init(GError **error)
{
    xpv_xml_init();
    virSetErrorFunc(NULL, ignore_error);
    virInitialize();
    /* On first use, libvirt caches these without a lock, so they are called here before there are threads. */
    (void)XPV_LIBVIRT_ERROR;
    (void)XPV_DOMAIN_XML_ERROR;
    return xpv_libvirt_loop_attach(error);
}

static void
set_error(GError **error, const char *what)
{
    virErrorPtr cause = virGetLastError();
    gint code = cause && cause->code == VIR_ERR_NO_DOMAIN ? XPV_LIBVIRT_ERROR_NO_DOMAIN : XPV_LIBVIRT_ERROR_FAILED;
    const char *message = cause && cause->message ? cause->message : "libvirt does not say why";
    g_autofree char *why = xpv_text_clean(message, -1, MESSAGE_MAX);
    g_set_error(error, XPV_LIBVIRT_ERROR, code, "%s: %s", what, why);
}

/* A driver without the call reports no support; a server without it reports an unknown procedure. */
static gboolean
lacks_call(void)
{
    int code = virGetLastErrorCode();
    return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_RPC;
}

static void
free_handle(gpointer handle)
{
    virDomainFree(handle);
}

static GHashTable *
handles_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_handle);
}

/* Returns: -1 if it does not run */
static gint
id_of(virDomainPtr handle)
{
    gint id = (gint)virDomainGetID(handle);
    return MAX(id, -1);
}

/* @handle: (transfer full) */
static void
put_handle(GHashTable *handles, virDomainPtr handle)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(handle, uuid) == 0)
        g_hash_table_replace(handles, g_strdup(uuid), handle);
    else
        virDomainFree(handle);
}

static void
subscriber_clear(gpointer data)
{
    Subscriber *subscriber = data;
    g_mutex_clear(&subscriber->mutex);
    subscriber->free_data(subscriber->data);
}

static void
subscriber_unref(gpointer data)
{
    g_atomic_rc_box_release_full(data, subscriber_clear);
}

static Subscriber *
subscriber_new(const XpvConnectionListener *listener, gpointer data, GDestroyNotify free_data)
{
    Subscriber *subscriber = g_atomic_rc_box_new0(Subscriber);
    subscriber->listener = listener;
    subscriber->data = data;
    subscriber->free_data = free_data;
    g_mutex_init(&subscriber->mutex);
    return subscriber;
}

XpvConnection *
xpv_connection_new(const char *uri, guint keepalive, const XpvConnectionListener *listener, gpointer data,
                   GDestroyNotify free_data)
{
    XpvConnection *connection = g_new0(XpvConnection, 1);
    connection->uri = g_strdup(uri);
    connection->keepalive = keepalive;
    connection->subscriber = listener ? subscriber_new(listener, data, free_data) : NULL;
    connection->callbacks = g_array_new(FALSE, FALSE, sizeof(int));
    connection->handles = handles_new();
    connection->runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return connection;
}

static void
on_close(virConnectPtr connection, int reason, void *data)
{
    Subscriber *subscriber = data;
    subscriber->listener->closed(subscriber->data);
}

static void
tell(Subscriber *subscriber, virDomainPtr domain, XpvReadWhat what, const XpvRunBegin *begin)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, uuid) < 0)
        return;
    g_mutex_lock(&subscriber->mutex);
    if (subscriber->handles && virDomainRef(domain) == 0)
        g_hash_table_replace(subscriber->handles, g_strdup(uuid), domain);
    g_mutex_unlock(&subscriber->mutex);
    subscriber->listener->domain_changed(uuid, what, begin, subscriber->data);
}

static int
on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
    const XpvRunBegin begin = { id_of(domain), detail == VIR_DOMAIN_EVENT_STARTED_BOOTED };
    gboolean is_pause = event == VIR_DOMAIN_EVENT_SUSPENDED || event == VIR_DOMAIN_EVENT_RESUMED;
    tell(data, domain, is_pause ? XPV_READ_STATE : XPV_READ_CHANGED, event == VIR_DOMAIN_EVENT_STARTED ? &begin : NULL);
    return 0;
}

static void
on_event(virConnectPtr connection, virDomainPtr domain, void *data)
{
    tell(data, domain, XPV_READ_CHANGED, NULL);
}

static void
on_metadata_change(virConnectPtr connection, virDomainPtr domain, int type, const char *namespace_uri, void *data)
{
    tell(data, domain, XPV_READ_CHANGED, NULL);
}

static void
on_device(virConnectPtr connection, virDomainPtr domain, const char *alias, void *data)
{
    tell(data, domain, XPV_READ_CHANGED, NULL);
}

/* All events that can change a published property. Each driver has only some of them. */
static const struct {
    int id;
    virConnectDomainEventGenericCallback callback;
    XpvEvents makes; /* the level that the connection reaches with this event: a higher one needs less polling */
} events[] = {
    { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), XPV_EVENTS_LIFECYCLE },
    { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata_change), XPV_EVENTS_ALL },
    { VIR_DOMAIN_EVENT_ID_REBOOT, on_event, XPV_EVENTS_NONE },
    { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device), XPV_EVENTS_NONE },
    { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device), XPV_EVENTS_NONE },
};

/* Stores handles of events from now on. Only for servers with all events: these find a domain by UUID, even if the id
 * of its handle is old. */
static void
want_handles(Subscriber *subscriber)
{
    g_mutex_lock(&subscriber->mutex);
    subscriber->handles = handles_new();
    g_mutex_unlock(&subscriber->mutex);
}

static void
subscribe(XpvConnection *connection)
{
    Subscriber *subscriber = connection->subscriber;
    /* A driver without close callbacks accepts one and never frees its data, so we free it. */
    virConnectRegisterCloseCallback(connection->connection, on_close, subscriber, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        int callback = virConnectDomainEventRegisterAny(connection->connection, NULL, events[i].id, events[i].callback,
                                                        g_atomic_rc_box_acquire(subscriber), subscriber_unref);
        if (callback < 0) {
            subscriber_unref(subscriber);
            continue;
        }
        g_array_append_val(connection->callbacks, callback);
        if (events[i].makes == connection->events + 1)
            connection->events = events[i].makes;
    }
    if (connection->events == XPV_EVENTS_ALL)
        want_handles(subscriber);
}

/* Handles and callbacks hold references to the connection. */
static void
unsubscribe(XpvConnection *connection)
{
    Subscriber *subscriber = connection->subscriber;
    for (guint i = 0; i < connection->callbacks->len; i++)
        virConnectDomainEventDeregisterAny(connection->connection, g_array_index(connection->callbacks, int, i));
    virConnectUnregisterCloseCallback(connection->connection, on_close);

    g_mutex_lock(&subscriber->mutex);
    GHashTable *handles = g_steal_pointer(&subscriber->handles);
    g_mutex_unlock(&subscriber->mutex);
    g_clear_pointer(&handles, g_hash_table_unref);
}

void
xpv_connection_free(XpvConnection *connection)
{
    g_hash_table_unref(connection->handles);
    g_hash_table_unref(connection->runs);
    if (connection->connection && connection->subscriber)
        unsubscribe(connection);
    if (connection->connection)
        virConnectClose(connection->connection);
    g_clear_pointer(&connection->subscriber, subscriber_unref);
    g_array_unref(connection->callbacks);
    g_free(connection->uri);
    g_free(connection);
}

static char *
read_vendor(virConnectPtr connection)
{
    char *capabilities = virConnectGetCapabilities(connection);
    char *vendor = capabilities ? xpv_capabilities_vendor(capabilities) : NULL;
    free(capabilities);
    return vendor;
}

/* Drivers need not know everything: libxl does not tell the host's name. But every verdict needs the architecture. */
static XpvLibvirtHost *
read_host(virConnectPtr connection, GError **error)
{
    g_autoptr(XpvLibvirtHost) host = g_new0(XpvLibvirtHost, 1);
    virNodeInfo node;
    if (virNodeGetInfo(connection, &node) == 0) {
        host->machine = g_strndup(node.model, sizeof node.model);
    } else if (!lacks_call()) {
        set_error(error, "Cannot read the host's architecture");
        return NULL;
    }
    host->hypervisor = g_strdup(virConnectGetType(connection));
    host->name = virConnectGetHostname(connection);
    host->vendor = read_vendor(connection);
    return g_steal_pointer(&host);
}

XpvLibvirtHost *
xpv_connection_open(XpvConnection *connection, GError **error)
{
    connection->connection = virConnectOpenReadOnly(connection->uri);
    if (!connection->connection) {
        g_autofree char *what = g_strdup_printf("Cannot connect to libvirt at %s", connection->uri);
        set_error(error, what);
        return NULL;
    }
    /* A driver inside this process needs no keepalive, and refuses it. */
    virConnectSetKeepAlive(connection->connection, (int)connection->keepalive, 1);
    if (connection->subscriber)
        subscribe(connection);
    return read_host(connection->connection, error);
}

XpvLibvirtHost *
xpv_libvirt_host_copy(const XpvLibvirtHost *host)
{
    XpvLibvirtHost *copy = g_new0(XpvLibvirtHost, 1);
    copy->hypervisor = g_strdup(host->hypervisor);
    copy->name = g_strdup(host->name);
    copy->machine = g_strdup(host->machine);
    copy->vendor = g_strdup(host->vendor);
    return copy;
}

void
xpv_libvirt_host_free(XpvLibvirtHost *host)
{
    if (!host)
        return;
    g_free(host->hypervisor);
    g_free(host->name);
    g_free(host->machine);
    g_free(host->vendor);
    g_free(host);
}

XpvEvents
xpv_connection_get_events(const XpvConnection *connection)
{
    return connection->events;
}

void
xpv_listed_domain_free(XpvListedDomain *domain)
{
    if (!domain)
        return;
    g_free(domain->name);
    g_free(domain);
}

/* Puts the domains of a server's list into @handles. The server's count may be wrong, so the list ends at the NULL that
 * libvirt's client has put there. Returns: FALSE if it fails. */
static gboolean
list_into(XpvConnection *connection, unsigned int flag, GHashTable *handles)
{
    virDomainPtr *list = NULL;
    if (virConnectListAllDomains(connection->connection, &list, flag) < 0)
        return FALSE;
    for (virDomainPtr *handle = list; handle && *handle; handle++)
        put_handle(handles, *handle);
    free(list);
    return TRUE;
}

/* Sets the state of all domains that a server lists for a flag. */
static gboolean
fill_state(XpvConnection *connection, GHashTable *by_uuid, unsigned int flag, const char *state)
{
    g_autoptr(GHashTable) handles = handles_new();
    GHashTableIter iter;
    gpointer uuid;
    if (!list_into(connection, flag, handles))
        return FALSE;
    g_hash_table_iter_init(&iter, handles);
    while (g_hash_table_iter_next(&iter, &uuid, NULL)) {
        XpvListedDomain *domain = g_hash_table_lookup(by_uuid, uuid);
        if (domain)
            domain->state = state;
    }
    return TRUE;
}

/* Most domains run or are off, and the list tells that. Two calls tell the other states, instead of thousands, one for
 * each domain. If a domain starts or stops between the calls, its XML shows it. */
static void
fill_states(XpvConnection *connection, GPtrArray *domains)
{
    g_autoptr(GHashTable) by_uuid = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < domains->len; i++) {
        XpvListedDomain *domain = domains->pdata[i];
        domain->state = state_words[domain->id < 0 ? VIR_DOMAIN_SHUTOFF : VIR_DOMAIN_RUNNING];
        g_hash_table_insert(by_uuid, domain->uuid, domain);
    }
    if (fill_state(connection, by_uuid, VIR_CONNECT_LIST_DOMAINS_PAUSED, state_words[VIR_DOMAIN_PAUSED]) &&
        fill_state(connection, by_uuid, VIR_CONNECT_LIST_DOMAINS_OTHER, NULL))
        return;
    for (guint i = 0; i < domains->len; i++)
        ((XpvListedDomain *)domains->pdata[i])->state = NULL;
}

/* Before libvirt 0.9.13, no call lists all domains: there is a list of the running ones, and one of the others. A
 * domain that starts or stops in between is in both or in neither. So the list of running domains is made a second
 * time, and it wins: while xend is away, servers of that age list running domains in both. */
typedef struct {
    XpvConnection *connection;
    GHashTable *running; /* id → virDomain, owned: of this refresh and the last one */
    GHashTable *defined; /* name → virDomain, owned: of the last refresh */
    gboolean is_whole;
} OlderList;

/* Takes over the handles of the last refresh, so that each domain is looked up only once. */
static void
take_last_handles(OlderList *list)
{
    GHashTableIter iter;
    gpointer handle;
    g_hash_table_iter_init(&iter, list->connection->handles);
    while (g_hash_table_iter_next(&iter, NULL, &handle)) {
        gint id = id_of(handle);
        virDomainRef(handle);
        if (id >= 0)
            g_hash_table_replace(list->running, GINT_TO_POINTER(id), handle);
        else
            g_hash_table_replace(list->defined, g_strdup(virDomainGetName(handle)), handle);
    }
    g_hash_table_remove_all(list->connection->handles);
}

/* @handle: (nullable) (transfer full) NULL: the look-up failed. A domain that is gone does not belong to the list;
 * after any other error the list may lack domains. */
static void
put_looked_up(OlderList *list, virDomainPtr handle)
{
    if (handle)
        put_handle(list->connection->handles, handle);
    else if (virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)
        list->is_whole = FALSE;
}

static gboolean
list_running(OlderList *list)
{
    g_autofree int *ids = g_new(int, IDS_MAX);
    int n = virConnectListDomains(list->connection->connection, ids, IDS_MAX);
    for (int i = 0; i < MIN(n, IDS_MAX); i++) {
        virDomainPtr handle = g_hash_table_lookup(list->running, GINT_TO_POINTER(ids[i]));
        if (!handle && (handle = virDomainLookupByID(list->connection->connection, ids[i])))
            g_hash_table_replace(list->running, GINT_TO_POINTER(ids[i]), handle);
        if (handle)
            virDomainRef(handle);
        put_looked_up(list, handle);
    }
    return n >= 0;
}

static gboolean
list_defined(OlderList *list)
{
    g_autofree char **names = g_new0(char *, NAMES_MAX);
    int n = virConnectListDefinedDomains(list->connection->connection, names, NAMES_MAX);
    for (int i = 0; i < MIN(n, NAMES_MAX); i++) {
        virDomainPtr handle = g_hash_table_lookup(list->defined, names[i]);
        if (handle)
            virDomainRef(handle);
        else
            handle = virDomainLookupByName(list->connection->connection, names[i]);
        put_looked_up(list, handle);
        free(names[i]);
    }
    list->is_whole &= n < NAMES_MAX;
    return n >= 0;
}

static void
set_list_error(const XpvConnection *connection, GError **error)
{
    g_autofree char *what = g_strdup_printf("Cannot list the domains of %s", connection->uri);
    set_error(error, what);
}

static gboolean
list_by_older_calls(XpvConnection *connection, gboolean *ret_is_whole, GError **error)
{
    g_autoptr(GHashTable) running = g_hash_table_new_full(NULL, NULL, NULL, free_handle);
    g_autoptr(GHashTable) defined = handles_new();
    OlderList list = { connection, running, defined, TRUE };
    take_last_handles(&list);
    gboolean is_listed = list_running(&list) && list_defined(&list) && list_running(&list);
    if (!is_listed)
        set_list_error(connection, error); /* now, because libvirt forgets the error as the handles are freed */
    *ret_is_whole = list.is_whole;
    return is_listed;
}

/* Fills connection->handles with all domains. */
static gboolean
list_all(XpvConnection *connection, gboolean *ret_is_whole, GError **error)
{
    *ret_is_whole = TRUE;
    if (!connection->lacks_list) {
        g_hash_table_remove_all(connection->handles);
        if (list_into(connection, 0, connection->handles))
            return TRUE;
        connection->lacks_list = lacks_call();
    }
    if (connection->lacks_list)
        return list_by_older_calls(connection, ret_is_whole, error);
    set_list_error(connection, error);
    return FALSE;
}

static XpvListedDomain *
describe(XpvConnection *connection, const char *uuid, virDomainPtr handle)
{
    XpvListedDomain *domain = g_new0(XpvListedDomain, 1);
    const Run *run = g_hash_table_lookup(connection->runs, uuid);
    g_strlcpy(domain->uuid, uuid, sizeof domain->uuid);
    domain->id = id_of(handle);
    domain->name = g_strdup(virDomainGetName(handle));
    if (connection->lacks_list && domain->id < 0)
        domain->state = state_words[VIR_DOMAIN_SHUTOFF];
    if (run && run->id == domain->id)
        domain->last_state = run->state;
    return domain;
}

GPtrArray *
xpv_connection_list(XpvConnection *connection, gboolean *ret_is_whole, GError **error)
{
    GHashTableIter iter;
    gpointer uuid, handle;
    if (!list_all(connection, ret_is_whole, error))
        return NULL;
    GPtrArray *domains = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_listed_domain_free);
    g_hash_table_iter_init(&iter, connection->handles);
    while (g_hash_table_iter_next(&iter, &uuid, &handle))
        g_ptr_array_add(domains, describe(connection, uuid, handle));
    if (!connection->lacks_list)
        fill_states(connection, domains);
    return domains;
}

void
xpv_reading_clear(XpvReading *reading)
{
    g_clear_pointer(&reading->xml, xpv_domain_xml_free);
}

/* Returns: (nullable) (transfer full) */
static virDomainPtr
steal_handle(GHashTable *handles, const char *uuid)
{
    g_autofree char *key = NULL;
    gpointer handle = NULL;
    g_hash_table_steal_extended(handles, uuid, (gpointer *)&key, &handle);
    return handle;
}

/* The handle of an event saves the call that looks one up. */
static virDomainPtr
take_handle_of_event(XpvConnection *connection, const char *uuid)
{
    Subscriber *subscriber = connection->subscriber;
    if (!subscriber)
        return NULL;
    g_mutex_lock(&subscriber->mutex);
    virDomainPtr handle = subscriber->handles ? steal_handle(subscriber->handles, uuid) : NULL;
    g_mutex_unlock(&subscriber->mutex);
    return handle;
}

/* Returns: (nullable) the handle of the last list; NULL: none, or it was used. */
static virDomainPtr
take_listed_handle(XpvConnection *connection, const char *uuid)
{
    if (!connection->lacks_list)
        return steal_handle(connection->handles, uuid);
    virDomainPtr handle = g_hash_table_lookup(connection->handles, uuid);
    if (handle)
        virDomainRef(handle);
    return handle;
}

static virDomainPtr
find_handle(XpvConnection *connection, const char *uuid, XpvReadWhat what, GError **error)
{
    virDomainPtr handle = take_handle_of_event(connection, uuid);
    if (!handle && what != XPV_READ_CHANGED)
        handle = take_listed_handle(connection, uuid);
    if (!handle)
        handle = virDomainLookupByUUIDString(connection->connection, uuid);
    if (!handle)
        set_error(error, "Cannot find it");
    return handle;
}

static XpvDomainXml *
read_xml(virDomainPtr handle, const char *uuid, GError **error)
{
    char *text = virDomainGetXMLDesc(handle, 0);
    if (!text) {
        set_error(error, "Cannot read its XML");
        return NULL;
    }
    g_autoptr(XpvDomainXml) xml = xpv_domain_xml_parse(text, error);
    free(text);
    if (xml && !g_str_equal(xml->uuid, uuid)) {
        g_set_error(error, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_FAILED,
                    "libvirt returned the XML of another domain, %s", xml->uuid);
        return NULL;
    }
    return g_steal_pointer(&xml);
}

/* Returns: (nullable) (static) */
static const char *
read_state(XpvConnection *connection, virDomainPtr handle, gboolean is_running, GError **error)
{
    int state;
    virDomainInfo info;
    if (!connection->lacks_state && virDomainGetState(handle, &state, NULL, 0) == 0)
        return state_to_word(state, is_running);
    connection->lacks_state = connection->lacks_state || lacks_call(); /* before libvirt 0.9.2 */
    if (connection->lacks_state && virDomainGetInfo(handle, &info) == 0)
        return state_to_word(info.state, is_running);
    set_error(error, "Cannot read its state");
    return NULL;
}

/* Whether XML and state fit together. A crashed domain may still be there with its id, for its admin to examine. */
static gboolean
is_consistent(gint id, const char *state)
{
    gboolean is_off = g_str_equal(state, state_words[VIR_DOMAIN_SHUTOFF]);
    gboolean is_crashed = g_str_equal(state, state_words[VIR_DOMAIN_CRASHED]);
    return is_crashed || is_off == (id < 0);
}

/* Returns: FALSE if it fails, or if the domain has changed since the list. */
static gboolean
read_state_alone(XpvConnection *connection, const char *uuid, XpvReading *ret_reading)
{
    g_auto(Domain) handle = find_handle(connection, uuid, XPV_READ_STATE, NULL);
    const char *state = handle ? read_state(connection, handle, TRUE, NULL) : NULL;
    if (!state || !is_consistent(id_of(handle), state))
        return FALSE;
    ret_reading->state = state;
    return TRUE;
}

static gboolean
read_whole(XpvConnection *connection, const char *uuid, XpvReadWhat what, const char *state, XpvReading *ret_reading,
           GError **error)
{
    g_auto(Domain) handle = find_handle(connection, uuid, what, error);
    for (guint i = 1; handle && i <= TRIES_MAX; i++) {
        g_autoptr(XpvDomainXml) xml = read_xml(handle, uuid, error);
        if (!xml || (!state && !(state = read_state(connection, handle, xml->id >= 0, error))))
            return FALSE;
        if (is_consistent(xml->id, state) || i == TRIES_MAX) {
            ret_reading->xml = g_steal_pointer(&xml);
            ret_reading->state = state;
            return TRUE;
        }
        state = NULL;
    }
    return FALSE;
}

/* An old server looks for the id that the handle of its list has. If that fails, the domain is looked up again. */
static gboolean
read_domain(XpvConnection *connection, const char *uuid, XpvReadWhat what, const char *state, XpvReading *ret_reading,
            GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (what == XPV_READ_STATE && read_state_alone(connection, uuid, ret_reading))
        return TRUE;
    if (what == XPV_READ_LISTED && read_whole(connection, uuid, what, state, ret_reading, &cause))
        return TRUE;
    if (cause && !(connection->lacks_list && g_error_matches(cause, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_NO_DOMAIN))) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return FALSE;
    }
    return read_whole(connection, uuid, XPV_READ_CHANGED, NULL, ret_reading, error);
}

static void
remember_run(XpvConnection *connection, const char *uuid, const XpvReading *reading)
{
    Run *run = g_hash_table_lookup(connection->runs, uuid);
    if (!run) {
        run = g_new0(Run, 1);
        g_hash_table_insert(connection->runs, g_strdup(uuid), run);
    }
    run->state = reading->state;
    if (reading->xml)
        run->id = reading->xml->id;
}

gboolean
xpv_connection_read(XpvConnection *connection, const char *uuid, XpvReadWhat what, const char *state,
                    XpvReading *ret_reading, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (read_domain(connection, uuid, what, state, ret_reading, &cause)) {
        if (connection->lacks_list)
            remember_run(connection, uuid, ret_reading);
        return TRUE;
    }
    g_hash_table_remove(connection->runs, uuid);
    if (cause->domain == XPV_LIBVIRT_ERROR && virConnectIsAlive(connection->connection) == 0)
        cause->code = XPV_LIBVIRT_ERROR_CLOSED;
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}
