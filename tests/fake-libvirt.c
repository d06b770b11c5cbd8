/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake-libvirt.h"

#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DOMAINS 20
#define MAX_CALLBACKS 8

struct _virConnect {
    gint references;
};

struct _virDomain {
    gint references;
    guint number;
    int id; /* at the time of the lookup */
};

typedef struct {
    gboolean is_there;
    int id, state;
} Domain;

static struct _virConnect connection;
static FakeAge age;

static GMutex mutex; /* guards everything below */
static Domain table[MAX_DOMAINS];
static guint counts[FAKE_COUNTED];
static gboolean is_xend_away, is_closed, lies;
static const char *list_failure; /* NULL: lists work */
static gint n_handles;
static struct {
    virConnectDomainEventCallback call;
    void *data;
    virFreeCallback free_data;
} callbacks[MAX_CALLBACKS];
static virConnectCloseFunc close_call;
static void *close_data;

static __thread virError last_error;

static int
fail(int code, const char *message)
{
    last_error.code = code;
    last_error.message = (char *)message;
    return -1;
}

static void
count(FakeCount what)
{
    g_mutex_lock(&mutex);
    counts[what]++;
    g_mutex_unlock(&mutex);
}

static int
lack(const char *message)
{
    count(FAKE_LACKING);
    return fail(VIR_ERR_RPC, message);
}

static int
fail_for_xend(void)
{
    return fail(VIR_ERR_INTERNAL_ERROR, "internal error failed to connect to xend");
}

void
fake_begin(FakeAge its_age)
{
    age = its_age;
    memset(table, 0, sizeof table);
    memset(counts, 0, sizeof counts);
    memset(callbacks, 0, sizeof callbacks);
    is_xend_away = is_closed = lies = FALSE;
    list_failure = NULL;
    close_call = NULL;
}

void
fake_end(void)
{
    g_assert_cmpint(g_atomic_int_get(&n_handles), ==, 0);
    g_assert_cmpint(g_atomic_int_get(&connection.references), ==, 0);
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
    return (guint)g_ascii_strtoull(uuid + strlen(uuid) - 12, NULL, 10);
}

void
fake_set_domain(guint number, int id, int state)
{
    g_mutex_lock(&mutex);
    table[number] = (Domain){ TRUE, id, state };
    g_mutex_unlock(&mutex);
}

void
fake_set_xend(gboolean is_there)
{
    g_mutex_lock(&mutex);
    is_xend_away = !is_there;
    g_mutex_unlock(&mutex);
}

void
fake_fail_lists(const char *message)
{
    g_mutex_lock(&mutex);
    list_failure = message;
    g_mutex_unlock(&mutex);
}

static const char *
get_list_failure(void)
{
    g_mutex_lock(&mutex);
    const char *message = list_failure;
    g_mutex_unlock(&mutex);
    return message;
}

void
fake_lie(void)
{
    lies = TRUE;
}

guint
fake_count(FakeCount what)
{
    g_mutex_lock(&mutex);
    guint n = counts[what];
    g_mutex_unlock(&mutex);
    return n;
}

guint
fake_count_all(void)
{
    guint n = 0;
    for (guint i = 0; i < FAKE_COUNTED; i++)
        n += fake_count((FakeCount)i);
    return n;
}

void
fake_forget(void)
{
    g_mutex_lock(&mutex);
    memset(counts, 0, sizeof counts);
    g_mutex_unlock(&mutex);
}

static virDomainPtr
new_handle(guint number, int id)
{
    virDomainPtr handle = g_new0(struct _virDomain, 1);
    *handle = (struct _virDomain){ 1, number, id };
    g_atomic_int_inc(&n_handles);
    return handle;
}

static Domain
get_domain(guint number)
{
    g_mutex_lock(&mutex);
    Domain domain = table[number];
    g_mutex_unlock(&mutex);
    return domain;
}

void
fake_send_event(guint number)
{
    virDomainPtr handle = new_handle(number, get_domain(number).id);
    if (callbacks[VIR_DOMAIN_EVENT_ID_LIFECYCLE].call)
        callbacks[VIR_DOMAIN_EVENT_ID_LIFECYCLE].call(&connection, handle, VIR_DOMAIN_EVENT_STARTED, 0,
                                                      callbacks[VIR_DOMAIN_EVENT_ID_LIFECYCLE].data);
    virDomainFree(handle);
}

void
fake_close(void)
{
    is_closed = TRUE;
    close_call(&connection, VIR_CONNECT_CLOSE_REASON_EOF, close_data);
}

virErrorPtr
virGetLastError(void)
{
    return &last_error;
}

int
virGetLastErrorCode(void)
{
    return last_error.code;
}

virConnectPtr
virConnectOpenReadOnly(const char *name)
{
    g_assert_cmpstr(name, ==, "xen:///");
    g_assert_cmpint(g_atomic_int_get(&connection.references), ==, 0);
    g_atomic_int_set(&connection.references, 1);
    is_closed = FALSE;
    return &connection;
}

int
virConnectClose(virConnectPtr conn)
{
    g_atomic_int_set(&conn->references, 0);
    return 0;
}

int
virConnectIsAlive(virConnectPtr conn)
{
    return !is_closed;
}

int
virConnectSetKeepAlive(virConnectPtr conn, int interval, unsigned int count)
{
    return age == FAKE_9_0 ? 0 : 1;
}

int
virConnectRegisterCloseCallback(virConnectPtr conn, virConnectCloseFunc cb, void *opaque, virFreeCallback freecb)
{
    close_call = cb;
    close_data = opaque;
    return 0;
}

int
virConnectUnregisterCloseCallback(virConnectPtr conn, virConnectCloseFunc cb)
{
    return 0;
}

int
virConnectDomainEventRegisterAny(virConnectPtr conn, virDomainPtr domain, int id,
                                 virConnectDomainEventGenericCallback cb, void *opaque, virFreeCallback freecb)
{
    if (age < FAKE_0_8_2)
        return fail(VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver");
    if (age == FAKE_0_8_2 && id != VIR_DOMAIN_EVENT_ID_LIFECYCLE)
        return fail(VIR_ERR_RPC, "unsupported event ID");
    if (id >= MAX_CALLBACKS && id != VIR_DOMAIN_EVENT_ID_METADATA_CHANGE)
        return fail(VIR_ERR_NO_SUPPORT, "this function is not supported by the connection driver");
    id = MIN(id, MAX_CALLBACKS - 1);
    callbacks[id].call = VIR_DOMAIN_EVENT_CALLBACK(cb) ? (virConnectDomainEventCallback)(void *)cb : NULL;
    callbacks[id].data = opaque;
    callbacks[id].free_data = freecb;
    return id;
}

int
virConnectDomainEventDeregisterAny(virConnectPtr conn, int id)
{
    callbacks[id].call = NULL;
    callbacks[id].free_data(callbacks[id].data);
    return 0;
}

char *
virConnectGetCapabilities(virConnectPtr conn)
{
    return strdup("<capabilities><host><cpu><features><svm/></features></cpu></host></capabilities>");
}

char *
virConnectGetHostname(virConnectPtr conn)
{
    return strdup("old");
}

const char *
virConnectGetType(virConnectPtr conn)
{
    return "Xen";
}

int
virNodeGetInfo(virConnectPtr conn, virNodeInfoPtr info)
{
    memset(info->model, 'x', sizeof info->model); /* without a NUL at the end */
    return 0;
}

int
virConnectListAllDomains(virConnectPtr conn, virDomainPtr **domains, unsigned int flags)
{
    if (age < FAKE_9_0)
        return lack("unknown procedure: 273");
    count(FAKE_LISTS);
    if (get_list_failure())
        return fail(VIR_ERR_INTERNAL_ERROR, get_list_failure());
    virDomainPtr *handles = calloc(MAX_DOMAINS + 1, sizeof *handles);
    int n = 0;
    for (guint i = 0; i < MAX_DOMAINS; i++) {
        Domain domain = get_domain(i);
        gboolean is_listed =
            flags == 0 || (flags == VIR_CONNECT_LIST_DOMAINS_PAUSED ? domain.state == VIR_DOMAIN_PAUSED : FALSE);
        if (domain.is_there && is_listed)
            handles[n++] = new_handle(i, domain.id);
    }
    *domains = realloc(handles, (size_t)(n + 1) * sizeof *handles);
    return lies ? n + 1000 : n;
}

int
virConnectListDomains(virConnectPtr conn, int *ids, int maxids)
{
    int n = 0;
    count(FAKE_LISTS);
    if (get_list_failure())
        return fail(VIR_ERR_INTERNAL_ERROR, get_list_failure());
    for (guint i = 0; i < MAX_DOMAINS; i++) {
        Domain domain = get_domain(i);
        if (domain.is_there && domain.id >= 0 && n < maxids)
            ids[n++] = domain.id;
    }
    return lies ? maxids + 1000 : n;
}

/* Without xend, the driver for /etc/xen lists each file there. Since 0.6 it lists those of running domains too. */
int
virConnectListDefinedDomains(virConnectPtr conn, char **const names, int maxnames)
{
    int n = 0;
    count(FAKE_LISTS);
    for (guint i = 0; i < MAX_DOMAINS; i++) {
        Domain domain = get_domain(i);
        if (domain.is_there && n < maxnames && (domain.id < 0 || (is_xend_away && age > FAKE_0_3_3)))
            names[n++] = g_strdup_printf("guest-%u", i);
    }
    return n;
}

virDomainPtr
virDomainLookupByID(virConnectPtr conn, int id)
{
    count(FAKE_LOOKUPS);
    if (is_xend_away && age == FAKE_0_3_3) {
        fail_for_xend();
        return NULL;
    }
    for (guint i = 0; i < MAX_DOMAINS; i++) {
        Domain domain = get_domain(i);
        if (domain.is_there && domain.id == id)
            return new_handle(i, id);
    }
    fail(VIR_ERR_NO_DOMAIN, "Domain not found");
    return NULL;
}

static virDomainPtr
look_up(guint number)
{
    Domain domain = get_domain(number);
    count(FAKE_LOOKUPS);
    if (is_xend_away && age == FAKE_0_3_3) {
        fail_for_xend();
        return NULL;
    }
    if (domain.is_there)
        return new_handle(number, is_xend_away && age < FAKE_9_0 ? -1 : domain.id);
    fail(VIR_ERR_NO_DOMAIN, "Domain not found");
    return NULL;
}

virDomainPtr
virDomainLookupByName(virConnectPtr conn, const char *name)
{
    return look_up((guint)g_ascii_strtoull(name + strlen("guest-"), NULL, 10));
}

virDomainPtr
virDomainLookupByUUIDString(virConnectPtr conn, const char *uuid)
{
    return look_up(fake_number(uuid));
}

int
virDomainRef(virDomainPtr domain)
{
    g_atomic_int_inc(&domain->references);
    return 0;
}

int
virDomainFree(virDomainPtr domain)
{
    last_error = (virError){ 0 }; /* as libvirt does */
    if (g_atomic_int_dec_and_test(&domain->references)) {
        g_atomic_int_add(&n_handles, -1);
        g_free(domain);
    }
    return 0;
}

unsigned int
virDomainGetID(virDomainPtr domain)
{
    return (unsigned int)domain->id;
}

const char *
virDomainGetName(virDomainPtr domain)
{
    g_autofree char *name = g_strdup_printf("guest-%u", domain->number);
    return g_intern_string(name);
}

int
virDomainGetUUIDString(virDomainPtr domain, char *buf)
{
    g_strlcpy(buf, fake_uuid(domain->number), VIR_UUID_STRING_BUFLEN);
    return 0;
}

/* While xend is away, the XML of a running domain cannot be read; that of a stopped one can, from /etc/xen. */
char *
virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    const Domain found = get_domain(domain->number);
    int id = is_xend_away ? -1 : found.id;
    count(FAKE_XMLS);
    if (is_xend_away && age < FAKE_9_0 && (domain->id >= 0 || age == FAKE_0_3_3)) {
        fail_for_xend();
        return NULL;
    }
    g_autofree char *running = id >= 0 ? g_strdup_printf(" id='%d'", id) : g_strdup("");
    return g_strdup_printf(
        "<domain type='xen'%s><name>guest-%u</name><uuid>%s</uuid><os><type>hvm</type></os></domain>", running,
        domain->number, fake_uuid(lies ? domain->number + 1 : domain->number));
}

int
virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags)
{
    if (age < FAKE_9_0)
        return lack("unknown procedure: 212");
    count(FAKE_STATES);
    *state = get_domain(domain->number).state;
    return 0;
}

/* The hypervisor answers this, not xend. */
int
virDomainGetInfo(virDomainPtr domain, virDomainInfoPtr info)
{
    count(FAKE_STATES);
    info->state = (unsigned char)get_domain(domain->number).state;
    if (domain->id >= 0 && domain->id == get_domain(domain->number).id)
        return 0;
    return is_xend_away ? fail_for_xend() : 0;
}
