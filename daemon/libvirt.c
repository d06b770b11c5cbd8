/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/libvirt.h"

#include <libvirt-glib/libvirt-glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <string.h>

G_DEFINE_QUARK(xpv_libvirt_error, xpv_libvirt_error)

typedef virDomain *Domain;
G_DEFINE_AUTO_CLEANUP_FREE_FUNC(Domain, virDomainFree, NULL)

/* How many domains may come between the count of the older calls and their list, and how long a list a server of that
 * time makes (REMOTE_DOMAIN_NAME_LIST_MAX). */
#define LIST_SLACK 16
#define LIST_MAX 1024

/* How often a domain is read again whose XML and state are of two moments. */
#define LOOKS_MAX 3

/* Who is told, shared by libvirt's callbacks: one may still run on the main thread while a worker takes it back. */
typedef struct {
    const XpvLibvirtListener *listener;
    gpointer data;
    GDestroyNotify free_data;
} Subscriber;

struct _XpvLibvirt {
    char *uri;
    guint keepalive;

    virConnectPtr connection;
    Subscriber *subscriber; /* (nullable) */
    GArray *callbacks;      /* of int */
    gboolean has_events;
    GHashTable *handles; /* UUID → virDomain, owned: of the last list, until they are looked at */
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

static const char *
state_to_word(gint state)
{
    return state >= 0 && (guint)state < G_N_ELEMENTS(state_words) ? state_words[state]
                                                                  : state_words[VIR_DOMAIN_NOSTATE];
}

/* Errors come back as GError; libvirt would print them besides. */
static void
ignore_error(void *data, virErrorPtr error)
{
}

void
xpv_libvirt_init(void)
{
    xmlInitParser();
    virSetErrorFunc(NULL, ignore_error);
    gvir_event_register();
    virInitialize();
    /* Threads that asked for them first would both write down the answer. */
    (void)XPV_LIBVIRT_ERROR;
    (void)XPV_DOMAIN_XML_ERROR;
}

static void
set_error(GError **error, const char *what)
{
    virErrorPtr cause = virGetLastError();
    gint code = cause && cause->code == VIR_ERR_NO_DOMAIN ? XPV_LIBVIRT_ERROR_NO_DOMAIN : XPV_LIBVIRT_ERROR_FAILED;
    g_set_error(error, XPV_LIBVIRT_ERROR, code, "%s: %s", what,
                cause && cause->message ? cause->message : "libvirt does not say why");
}

/* A driver without the call says that it does not support it, a server without it that there is no such procedure. */
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

XpvLibvirt *
xpv_libvirt_new(const char *uri, guint keepalive)
{
    XpvLibvirt *libvirt = g_new0(XpvLibvirt, 1);
    libvirt->uri = g_strdup(uri);
    libvirt->keepalive = keepalive;
    libvirt->callbacks = g_array_new(FALSE, FALSE, sizeof(int));
    libvirt->handles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_handle);
    return libvirt;
}

static void
subscriber_clear(gpointer data)
{
    Subscriber *subscriber = data;
    if (subscriber->free_data)
        subscriber->free_data(subscriber->data);
}

static void
subscriber_unref(gpointer data)
{
    g_atomic_rc_box_release_full(data, subscriber_clear);
}

static void
on_close(virConnectPtr connection, int reason, void *data)
{
    Subscriber *subscriber = data;
    subscriber->listener->closed(subscriber->data);
}

static void
tell(Subscriber *subscriber, virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (virDomainGetUUIDString(domain, uuid) == 0)
        subscriber->listener->domain_changed(uuid, subscriber->data);
}

static int
on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
    tell(data, domain);
    return 0;
}

static void
on_event(virConnectPtr connection, virDomainPtr domain, void *data)
{
    tell(data, domain);
}

static void
on_metadata_change(virConnectPtr connection, virDomainPtr domain, int type, const char *namespace_uri, void *data)
{
    tell(data, domain);
}

static void
on_device(virConnectPtr connection, virDomainPtr domain, const char *alias, void *data)
{
    tell(data, domain);
}

/* Everything that may move a published property. Drivers emit but some of them. Without the needed ones (libvirt before
 * 0.8.0 and 3.0.0), the host has to be polled. */
static const struct {
    int id;
    virConnectDomainEventGenericCallback callback;
    gboolean is_needed;
} events[] = {
    { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), TRUE },
    { VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata_change), TRUE },
    { VIR_DOMAIN_EVENT_ID_REBOOT, on_event, FALSE },
    { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device), FALSE },
    { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device), FALSE },
};

static void
subscribe(XpvLibvirt *libvirt, Subscriber *subscriber)
{
    /* A driver that has no such callback takes it without a word, and never frees its data: so the data is ours. */
    libvirt->subscriber = g_atomic_rc_box_acquire(subscriber);
    virConnectRegisterCloseCallback(libvirt->connection, on_close, subscriber, NULL);

    guint needed = 0;
    for (guint i = 0; i < G_N_ELEMENTS(events); i++) {
        int callback = virConnectDomainEventRegisterAny(libvirt->connection, NULL, events[i].id, events[i].callback,
                                                        g_atomic_rc_box_acquire(subscriber), subscriber_unref);
        if (callback < 0) {
            subscriber_unref(subscriber);
            continue;
        }
        g_array_append_val(libvirt->callbacks, callback);
        needed += events[i].is_needed;
    }
    libvirt->has_events = needed == 2;
}

void
xpv_libvirt_free(XpvLibvirt *libvirt)
{
    g_hash_table_unref(libvirt->handles); /* each holds a reference to the connection */
    if (libvirt->connection) {
        /* So do these. */
        for (guint i = 0; i < libvirt->callbacks->len; i++)
            virConnectDomainEventDeregisterAny(libvirt->connection, g_array_index(libvirt->callbacks, int, i));
        virConnectUnregisterCloseCallback(libvirt->connection, on_close);
        virConnectClose(libvirt->connection);
    }
    if (libvirt->subscriber)
        subscriber_unref(libvirt->subscriber);
    g_array_unref(libvirt->callbacks);
    g_free(libvirt->uri);
    g_free(libvirt);
}

/* The processor's vendor in the capabilities' <host><cpu>; libxl's have none. */
static char *
read_vendor(virConnectPtr connection)
{
    g_autofree char *capabilities = virConnectGetCapabilities(connection);
    if (!capabilities)
        return NULL;
    xmlDoc *doc = xmlReadMemory(capabilities, (int)strlen(capabilities), NULL, NULL,
                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *node = doc ? xmlDocGetRootElement(doc) : NULL;
    static const char *const path[] = { "host", "cpu", "vendor" };
    for (guint i = 0; node && i < G_N_ELEMENTS(path); i++) {
        node = node->children;
        while (node && !(node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, path[i]) == 0))
            node = node->next;
    }
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    char *vendor = content ? g_strstrip(g_strdup((char *)content)) : NULL;
    xmlFree(content);
    xmlFreeDoc(doc);
    return vendor;
}

/* What a driver does not tell of its host is no failure: libxl tells no name. But every verdict needs its architecture.
 */
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

static gboolean
open_connection(XpvLibvirt *libvirt, GError **error)
{
    libvirt->connection = virConnectOpenReadOnly(libvirt->uri);
    if (!libvirt->connection) {
        g_autofree char *what = g_strdup_printf("Cannot connect to libvirt at %s", libvirt->uri);
        set_error(error, what);
        return FALSE;
    }
    /* A driver inside this process has no wire to keep alive, and refuses. */
    virConnectSetKeepAlive(libvirt->connection, (int)libvirt->keepalive, 1);
    return TRUE;
}

XpvLibvirtHost *
xpv_libvirt_open(XpvLibvirt *libvirt, const XpvLibvirtListener *listener, gpointer data, GDestroyNotify free_data,
                 GError **error)
{
    Subscriber *subscriber = g_atomic_rc_box_new0(Subscriber);
    *subscriber = (Subscriber){ listener, data, free_data };

    gboolean is_open = open_connection(libvirt, error);
    if (is_open && listener)
        subscribe(libvirt, subscriber);
    subscriber_unref(subscriber);
    return is_open ? read_host(libvirt->connection, error) : NULL;
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

gboolean
xpv_libvirt_has_events(const XpvLibvirt *libvirt)
{
    return libvirt->has_events;
}

void
xpv_libvirt_domain_free(XpvLibvirtDomain *domain)
{
    if (!domain)
        return;
    g_free(domain->name);
    g_free(domain);
}

/* Sets the state of those that a driver lists under a flag. */
static gboolean
fill_state(XpvLibvirt *libvirt, GHashTable *by_uuid, unsigned int flag, const char *state)
{
    virDomainPtr *handles = NULL;
    int n = virConnectListAllDomains(libvirt->connection, &handles, flag);
    for (int i = 0; i < n; i++) {
        char uuid[VIR_UUID_STRING_BUFLEN];
        virDomainGetUUIDString(handles[i], uuid);
        XpvLibvirtDomain *domain = g_hash_table_lookup(by_uuid, uuid);
        if (domain)
            domain->state = state;
        virDomainFree(handles[i]);
    }
    free(handles);
    return n >= 0;
}

/* Most domains run or are off, which the list tells; two calls tell the others, where asking each domain would cost
 * thousands. What goes on or off between the calls shows in its XML. */
static void
fill_states(XpvLibvirt *libvirt, GPtrArray *domains)
{
    g_autoptr(GHashTable) by_uuid = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < domains->len; i++) {
        XpvLibvirtDomain *domain = domains->pdata[i];
        domain->state = state_words[domain->id < 0 ? VIR_DOMAIN_SHUTOFF : VIR_DOMAIN_RUNNING];
        g_hash_table_insert(by_uuid, domain->uuid, domain);
    }
    if (fill_state(libvirt, by_uuid, VIR_CONNECT_LIST_DOMAINS_PAUSED, state_words[VIR_DOMAIN_PAUSED]) &&
        fill_state(libvirt, by_uuid, VIR_CONNECT_LIST_DOMAINS_OTHER, NULL))
        return;
    for (guint i = 0; i < domains->len; i++)
        ((XpvLibvirtDomain *)domains->pdata[i])->state = NULL;
}

/* Takes over the handle, which is NULL where the domain has gone since. */
static void
keep_handle(XpvLibvirt *libvirt, virDomainPtr handle)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    if (handle && virDomainGetUUIDString(handle, uuid) == 0)
        g_hash_table_replace(libvirt->handles, g_strdup(uuid), handle);
}

static int
room_for(int n)
{
    return MAX(n, MIN(n + LIST_SLACK, LIST_MAX));
}

/* Adds those whose id is not among @known yet. */
static gboolean
keep_running(XpvLibvirt *libvirt, GHashTable *known)
{
    int n = virConnectNumOfDomains(libvirt->connection);
    for (int room = 0; n >= room && room_for(n) > room;) { /* until there was room for all */
        room = room_for(n);
        g_autofree int *ids = g_new(int, room);
        n = virConnectListDomains(libvirt->connection, ids, room);
        for (int i = 0; i < n; i++) {
            if (g_hash_table_add(known, GINT_TO_POINTER(ids[i])))
                keep_handle(libvirt, virDomainLookupByID(libvirt->connection, ids[i]));
        }
    }
    return n >= 0;
}

static gboolean
keep_defined(XpvLibvirt *libvirt)
{
    int n = virConnectNumOfDefinedDomains(libvirt->connection);
    for (int room = 0; n >= room && room_for(n) > room;) {
        room = room_for(n);
        g_autofree char **names = g_new(char *, room);
        n = virConnectListDefinedDomains(libvirt->connection, names, room);
        for (int i = 0; i < n; i++) {
            keep_handle(libvirt, virDomainLookupByName(libvirt->connection, names[i]));
            free(names[i]);
        }
    }
    return n >= 0;
}

/* Before libvirt 0.9.13: those that run by id, then the others by name; then those that have begun to run meanwhile.
 * Returns: FALSE where that fails too. */
static gboolean
list_by_older_calls(XpvLibvirt *libvirt)
{
    g_autoptr(GHashTable) known = g_hash_table_new(NULL, NULL);
    return keep_running(libvirt, known) && keep_defined(libvirt) && keep_running(libvirt, known);
}

/* Leaves libvirt->handles with all domains. */
static gboolean
list_all(XpvLibvirt *libvirt)
{
    virDomainPtr *handles = NULL;
    g_hash_table_remove_all(libvirt->handles);
    int n = virConnectListAllDomains(libvirt->connection, &handles, 0);
    if (n < 0)
        return lacks_call() && list_by_older_calls(libvirt);
    for (int i = 0; i < n; i++)
        keep_handle(libvirt, handles[i]);
    free(handles);
    return TRUE;
}

static XpvLibvirtDomain *
describe(const char *uuid, virDomainPtr handle)
{
    XpvLibvirtDomain *domain = g_new0(XpvLibvirtDomain, 1);
    unsigned int id = virDomainGetID(handle);
    g_strlcpy(domain->uuid, uuid, sizeof domain->uuid);
    domain->id = id == (unsigned int)-1 ? -1 : (gint)id;
    domain->name = g_strdup(virDomainGetName(handle));
    return domain;
}

GPtrArray *
xpv_libvirt_list(XpvLibvirt *libvirt, GError **error)
{
    GHashTableIter iter;
    gpointer uuid, handle;
    if (!list_all(libvirt)) {
        g_autofree char *what = g_strdup_printf("Cannot list the domains of %s", libvirt->uri);
        set_error(error, what);
        return NULL;
    }
    GPtrArray *domains = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_libvirt_domain_free);
    g_hash_table_iter_init(&iter, libvirt->handles);
    while (g_hash_table_iter_next(&iter, &uuid, &handle))
        g_ptr_array_add(domains, describe(uuid, handle));
    fill_states(libvirt, domains);
    return domains;
}

void
xpv_libvirt_look_clear(XpvLibvirtLook *look)
{
    g_clear_pointer(&look->xml, xpv_domain_xml_free);
}

static virDomainPtr
take_handle(XpvLibvirt *libvirt, const char *uuid, GError **error)
{
    g_autofree char *key = NULL;
    gpointer handle = NULL;
    g_hash_table_steal_extended(libvirt->handles, uuid, (gpointer *)&key, &handle);
    if (!handle)
        handle = virDomainLookupByUUIDString(libvirt->connection, uuid);
    if (!handle)
        set_error(error, "Cannot find it");
    return handle;
}

static XpvDomainXml *
read_xml(virDomainPtr handle, GError **error)
{
    char *text = virDomainGetXMLDesc(handle, 0);
    if (!text) {
        set_error(error, "Cannot read its XML");
        return NULL;
    }
    XpvDomainXml *xml = xpv_domain_xml_parse(text, error);
    free(text);
    return xml;
}

static const char *
read_state(virDomainPtr handle, GError **error)
{
    int state;
    virDomainInfo info;
    if (virDomainGetState(handle, &state, NULL, 0) == 0)
        return state_to_word(state);
    if (lacks_call() && virDomainGetInfo(handle, &info) == 0) /* before libvirt 0.9.2 */
        return state_to_word(info.state);
    set_error(error, "Cannot read its state");
    return NULL;
}

/* Whether XML and state can be of one moment. A domain that has crashed may be kept for a look at it, id and all. */
static gboolean
is_consistent(const XpvDomainXml *xml, const char *state)
{
    gboolean is_off = g_str_equal(state, state_words[VIR_DOMAIN_SHUTOFF]);
    gboolean is_crashed = g_str_equal(state, state_words[VIR_DOMAIN_CRASHED]);
    return is_crashed || is_off == (xml->id < 0);
}

static gboolean
look(XpvLibvirt *libvirt, const char *uuid, const char *state, XpvLibvirtLook *ret_look, GError **error)
{
    g_auto(Domain) handle = take_handle(libvirt, uuid, error);

    for (guint i = 0; handle && i < LOOKS_MAX; i++) {
        g_autoptr(XpvDomainXml) xml = read_xml(handle, error);
        if (!xml || (!state && !(state = read_state(handle, error))))
            return FALSE;
        if (is_consistent(xml, state) || i + 1 == LOOKS_MAX) {
            ret_look->xml = g_steal_pointer(&xml);
            ret_look->state = state;
            return TRUE;
        }
        state = NULL;
    }
    return FALSE;
}

gboolean
xpv_libvirt_look(XpvLibvirt *libvirt, const char *uuid, const char *state, XpvLibvirtLook *ret_look, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (look(libvirt, uuid, state, ret_look, &cause))
        return TRUE;
    if (cause->domain == XPV_LIBVIRT_ERROR && virConnectIsAlive(libvirt->connection) == 0)
        cause->code = XPV_LIBVIRT_ERROR_CLOSED;
    g_propagate_error(error, g_steal_pointer(&cause));
    return FALSE;
}
