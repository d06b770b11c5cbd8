/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake-connection.h"

#include <string.h>

#define MAX_DOMAINS 200

typedef struct {
    gboolean is_there;
    gint id;
    const char *state;
    const char *last_state; /* as last read in this run */
} Domain;

struct _XpvConnection {
    gboolean is_listening;
    const XpvConnectionListener *listener;
    gpointer data;
    GDestroyNotify free_data;
};

/* What a kind of call does, for each domain. */
typedef struct {
    gboolean hangs, fails;
    gint code; /* the error's */
    guint begun, hanging;
} Rule;

static GThread *main_thread;

static GMutex mutex; /* guards everything below */
static GCond released;
static Domain domains[MAX_DOMAINS];
static Rule rules[FAKE_CALLS][MAX_DOMAINS];
static GPtrArray *connections; /* of XpvConnection */
static GArray *opened_at;
static XpvEvents events; /* of the next connection */
static gboolean is_partial;
static gboolean tells_no_states;

G_DEFINE_QUARK(xpv - libvirt - error - quark, xpv_libvirt_error)

void
fake_begin(void)
{
    main_thread = g_thread_self();
    (void)XPV_LIBVIRT_ERROR; /* xpv_libvirt_init() does so too */
    memset(domains, 0, sizeof domains);
    memset(rules, 0, sizeof rules);
    events = XPV_EVENTS_ALL;
    is_partial = FALSE;
    tells_no_states = FALSE;
    connections = g_ptr_array_new();
    opened_at = g_array_new(FALSE, FALSE, sizeof(gint64));
}

void
fake_set_events(XpvEvents events_now)
{
    events = events_now;
}

void
fake_set_partial(gboolean is_partial_now)
{
    g_mutex_lock(&mutex);
    is_partial = is_partial_now;
    g_mutex_unlock(&mutex);
}

void
fake_tell_no_states(void)
{
    tells_no_states = TRUE;
}

void
fake_end(void)
{
    g_assert_cmpuint(connections->len, ==, 0);
    g_clear_pointer(&connections, g_ptr_array_unref);
    g_clear_pointer(&opened_at, g_array_unref);
}

const char *
fake_uuid(guint number)
{
    g_autofree char *uuid = g_strdup_printf("5b1a3c10-0000-4000-8000-%012u", number);
    return g_intern_string(uuid);
}

guint
fake_number(const char *uuid)
{
    guint64 number;
    g_assert_true(g_str_has_prefix(uuid, "5b1a3c10-0000-4000-8000-"));
    g_assert_true(g_ascii_string_to_unsigned(uuid + 24, 10, 0, G_MAXUINT, &number, NULL));
    return number < MAX_DOMAINS ? (guint)number : 0;
}

void
fake_set_domain(guint number, gint id, const char *state)
{
    g_mutex_lock(&mutex);
    const char *last_state = domains[number].id == id ? domains[number].last_state : NULL;
    domains[number] = (Domain){ TRUE, id, state, last_state };
    g_mutex_unlock(&mutex);
}

void
fake_remove_domain(guint number)
{
    g_mutex_lock(&mutex);
    domains[number].is_there = FALSE;
    g_mutex_unlock(&mutex);
}

static void
send_event(guint number, XpvReadWhat what, const XpvRunBegin *begin)
{
    g_mutex_lock(&mutex);
    for (guint i = 0; i < connections->len; i++) {
        XpvConnection *connection = connections->pdata[i];
        if (connection->is_listening)
            connection->listener->domain_changed(fake_uuid(number), what, begin, connection->data);
    }
    g_mutex_unlock(&mutex);
}

void
fake_send_event(guint number)
{
    send_event(number, XPV_READ_CHANGED, NULL);
}

void
fake_send_pause(guint number)
{
    send_event(number, XPV_READ_STATE, NULL);
}

void
fake_send_begin(guint number, const XpvRunBegin *begin)
{
    send_event(number, XPV_READ_CHANGED, begin);
}

void
fake_send_closed(void)
{
    g_mutex_lock(&mutex);
    for (guint i = 0; i < connections->len; i++) {
        XpvConnection *connection = connections->pdata[i];
        if (connection->is_listening)
            connection->listener->closed(connection->data);
    }
    g_mutex_unlock(&mutex);
}

void
fake_hang(FakeCall call, guint number)
{
    g_mutex_lock(&mutex);
    rules[call][number].hangs = TRUE;
    g_mutex_unlock(&mutex);
}

void
fake_release(FakeCall call, guint number)
{
    g_mutex_lock(&mutex);
    rules[call][number].hangs = FALSE;
    g_cond_broadcast(&released);
    g_mutex_unlock(&mutex);
}

void
fake_release_all(void)
{
    g_mutex_lock(&mutex);
    for (guint call = 0; call < FAKE_CALLS; call++) {
        for (guint number = 0; number < MAX_DOMAINS; number++)
            rules[call][number].hangs = FALSE;
    }
    g_cond_broadcast(&released);
    g_mutex_unlock(&mutex);
}

static void
set_fails(FakeCall call, guint number, gboolean fails, gint code)
{
    g_mutex_lock(&mutex);
    rules[call][number].fails = fails;
    rules[call][number].code = code;
    g_mutex_unlock(&mutex);
}

void
fake_fail(FakeCall call, guint number, gboolean fails)
{
    set_fails(call, number, fails, XPV_LIBVIRT_ERROR_FAILED);
}

void
fake_lose(guint number, gboolean is_lost)
{
    set_fails(FAKE_READ, number, is_lost, XPV_LIBVIRT_ERROR_CLOSED);
}

guint
fake_count(FakeCall call, guint number)
{
    g_mutex_lock(&mutex);
    guint n = rules[call][number].begun;
    g_mutex_unlock(&mutex);
    return n;
}

guint
fake_count_hanging(FakeCall call, guint number)
{
    g_mutex_lock(&mutex);
    guint n = rules[call][number].hanging;
    g_mutex_unlock(&mutex);
    return n;
}

gint64
fake_opened_at(guint n)
{
    g_mutex_lock(&mutex);
    gint64 at = g_array_index(opened_at, gint64, n);
    g_mutex_unlock(&mutex);
    return at;
}

/* Begins a call. Calls block, so the main thread must make none. */
static void
begin_call(FakeCall call, guint number)
{
    g_assert_true(g_thread_self() != main_thread);
    g_mutex_lock(&mutex);
    rules[call][number].begun++;
    if (number != FAKE_ALL)
        rules[call][FAKE_ALL].begun++;
}

static void
add_hanging(FakeCall call, guint number, guint by)
{
    rules[call][number].hanging += by;
    if (number != FAKE_ALL)
        rules[call][FAKE_ALL].hanging += by;
}

/* Ends a call, once it no longer hangs. Returns: whether it succeeds. */
static gboolean
end_call(FakeCall call, guint number, const char *what, GError **error)
{
    g_main_context_wakeup(NULL);
    add_hanging(call, number, 1);
    while (rules[call][number].hangs || rules[call][FAKE_ALL].hangs)
        g_cond_wait(&released, &mutex);
    add_hanging(call, number, (guint)-1);
    gboolean fails = rules[call][number].fails || rules[call][FAKE_ALL].fails;
    gint code = rules[call][number].fails ? rules[call][number].code : rules[call][FAKE_ALL].code;
    g_mutex_unlock(&mutex);
    if (fails)
        g_set_error(error, XPV_LIBVIRT_ERROR, code, "fake: cannot %s", what);
    return !fails;
}

gboolean
xpv_libvirt_init(GError **error)
{
    return TRUE;
}

XpvConnection *
xpv_connection_new(const char *uri, guint keepalive, const XpvConnectionListener *listener, gpointer data,
                   GDestroyNotify free_data)
{
    g_assert_cmpstr(uri, ==, "fake:///");
    g_assert_cmpuint(keepalive, >, 0);
    XpvConnection *connection = g_new0(XpvConnection, 1);
    connection->listener = listener;
    connection->data = data;
    connection->free_data = free_data;
    g_mutex_lock(&mutex);
    g_ptr_array_add(connections, connection);
    g_mutex_unlock(&mutex);
    return connection;
}

void
xpv_connection_free(XpvConnection *connection)
{
    g_assert_true(g_thread_self() != main_thread); /* it would block */
    g_mutex_lock(&mutex);
    g_assert_true(g_ptr_array_remove(connections, connection));
    g_mutex_unlock(&mutex);
    if (connection->free_data)
        connection->free_data(connection->data);
    g_free(connection);
}

XpvLibvirtHost *
xpv_connection_open(XpvConnection *connection, GError **error)
{
    begin_call(FAKE_OPEN, FAKE_ALL);
    gint64 now = g_get_monotonic_time();
    g_array_append_val(opened_at, now);
    connection->is_listening = connection->listener && events != XPV_EVENTS_NONE && !rules[FAKE_OPEN][FAKE_ALL].fails;
    if (!end_call(FAKE_OPEN, FAKE_ALL, "connect", error))
        return NULL;
    XpvLibvirtHost *host = g_new0(XpvLibvirtHost, 1);
    host->hypervisor = g_strdup("Xen");
    return host;
}

void
xpv_libvirt_host_free(XpvLibvirtHost *host)
{
    if (!host)
        return;
    g_free(host->hypervisor);
    g_free(host);
}

XpvLibvirtHost *
xpv_libvirt_host_copy(const XpvLibvirtHost *host)
{
    XpvLibvirtHost *copy = g_new0(XpvLibvirtHost, 1);
    copy->hypervisor = g_strdup(host->hypervisor);
    return copy;
}

XpvEvents
xpv_connection_get_events(const XpvConnection *connection)
{
    return connection->is_listening ? events : XPV_EVENTS_NONE;
}

GPtrArray *
xpv_connection_list(XpvConnection *connection, gboolean *ret_is_whole, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_listed_domain_free);
    begin_call(FAKE_LIST, FAKE_ALL);
    *ret_is_whole = !is_partial;
    for (guint number = 1; number < MAX_DOMAINS; number++) {
        if (!domains[number].is_there)
            continue;
        XpvListedDomain *domain = g_new0(XpvListedDomain, 1);
        g_strlcpy(domain->uuid, fake_uuid(number), sizeof domain->uuid);
        domain->name = g_strdup_printf("guest-%u", number);
        domain->id = domains[number].id;
        if (tells_no_states)
            domain->last_state = domains[number].last_state;
        else
            domain->state = domains[number].state;
        g_ptr_array_add(list, domain);
    }
    return end_call(FAKE_LIST, FAKE_ALL, "list", error) ? g_steal_pointer(&list) : NULL;
}

void
xpv_listed_domain_free(XpvListedDomain *domain)
{
    if (!domain)
        return;
    g_free(domain->name);
    g_free(domain);
}

gboolean
xpv_connection_read(XpvConnection *connection, const char *uuid, XpvReadWhat what, const char *state,
                    XpvReading *ret_reading, GError **error)
{
    guint number = fake_number(uuid);
    begin_call(FAKE_READ, number);
    Domain found = domains[number];
    domains[number].last_state = found.state;
    if (!end_call(FAKE_READ, number, "read", error))
        return FALSE;
    if (!found.is_there) {
        g_set_error_literal(error, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_NO_DOMAIN, "fake: no such domain");
        return FALSE;
    }
    ret_reading->state = state ? state : found.state; /* as in the real one, the state from a list is used */
    if (what == XPV_READ_STATE)
        return TRUE;
    ret_reading->xml = g_new0(XpvDomainXml, 1);
    ret_reading->xml->uuid = xpv_intern(uuid);
    ret_reading->xml->name = g_strdup_printf("guest-%u", number);
    ret_reading->xml->id = found.id;
    return TRUE;
}

void
xpv_reading_clear(XpvReading *reading)
{
    g_clear_pointer(&reading->xml, xpv_domain_xml_free);
}
