/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/libvirt/session.h"

#include "daemon/worker.h"

struct _XpvSession {
    char *uri;
    guint timeout;
    XpvWorker *worker;
    const XpvSessionListener *listener;
    gpointer data;
};

typedef struct {
    XpvJob head;
    XpvLibvirtHost *host;
    XpvEvents events;
} OpenJob;

typedef struct {
    XpvJob head;
    GPtrArray *domains;
    gboolean is_whole;
} ListJob;

typedef struct {
    XpvJob head;
    char uuid[37];
    XpvReadWhat what;
    const char *state; /* (nullable) */
    XpvReading reading;
} ReadJob;

/* An event of a domain. */
typedef struct {
    XpvJob head;
    char uuid[37];
    XpvReadWhat what;
    XpvRunBegin begin; /* its id is -1 if no run begins */
} NoteJob;

static void
changed_done(XpvJob *job, gpointer data)
{
    const NoteJob *note = (NoteJob *)job;
    XpvSession *session = data;
    session->listener->domain_changed(note->uuid, note->what, note->begin.id >= 0 ? &note->begin : NULL, session->data);
}

static void
on_domain_changed(const char *uuid, XpvReadWhat what, const XpvRunBegin *begin, gpointer data)
{
    NoteJob *note = g_new0(NoteJob, 1);
    note->head.done = changed_done;
    note->what = what;
    note->begin = begin ? *begin : (XpvRunBegin){ .id = -1 };
    g_strlcpy(note->uuid, uuid, sizeof note->uuid);
    xpv_worker_post(data, &note->head);
}

static void
closed_done(XpvJob *job, gpointer data)
{
    XpvSession *session = data;
    session->listener->closed(session->data);
}

static void
on_closed(gpointer data)
{
    XpvJob *note = g_new0(XpvJob, 1);
    note->done = closed_done;
    xpv_worker_post(data, note);
}

static const XpvConnectionListener libvirt_listener = { .domain_changed = on_domain_changed, .closed = on_closed };

static void
open_call(XpvJob *job, gpointer own)
{
    OpenJob *open = (OpenJob *)job;
    open->host = xpv_connection_open(own, &job->error);
    open->events = xpv_connection_get_events(own);
}

static void
open_done(XpvJob *job, gpointer data)
{
    const OpenJob *open = (OpenJob *)job;
    XpvSession *session = data;
    session->listener->opened(open->host, open->events, job->error, session->data);
}

static void
open_clear(XpvJob *job)
{
    xpv_libvirt_host_free(((OpenJob *)job)->host);
}

static void
list_call(XpvJob *job, gpointer own)
{
    ListJob *list = (ListJob *)job;
    list->domains = xpv_connection_list(own, &list->is_whole, &job->error);
}

static void
list_done(XpvJob *job, gpointer data)
{
    const ListJob *list = (ListJob *)job;
    XpvSession *session = data;
    session->listener->listed(list->domains, list->is_whole, job->error, session->data);
}

static void
list_clear(XpvJob *job)
{
    g_clear_pointer(&((ListJob *)job)->domains, g_ptr_array_unref);
}

static void
read_call(XpvJob *job, gpointer own)
{
    ReadJob *read = (ReadJob *)job;
    if (!xpv_connection_read(own, read->uuid, read->what, read->state, &read->reading, &job->error))
        g_assert(job->error);
}

static void
read_done(XpvJob *job, gpointer data)
{
    ReadJob *read = (ReadJob *)job;
    XpvSession *session = data;
    session->listener->read(read->uuid, &read->reading, job->error, session->data);
}

static void
read_clear(XpvJob *job)
{
    xpv_reading_clear(&((ReadJob *)job)->reading);
}

static gpointer
create_connection(XpvWorker *worker, gpointer data)
{
    const XpvSession *session = data;
    guint keepalive = MAX(session->timeout / 2, 1);
    return session->listener->domain_changed
               ? xpv_connection_new(session->uri, keepalive, &libvirt_listener, xpv_worker_ref(worker),
                                    (GDestroyNotify)xpv_worker_unref)
               : xpv_connection_new(session->uri, keepalive, NULL, NULL, NULL);
}

static gboolean
on_overdue(XpvJob *job, gpointer data)
{
    XpvSession *session = data;
    g_autofree char *uuid = job->call == read_call ? g_strdup(((ReadJob *)job)->uuid) : NULL;
    g_autoptr(GError) error =
        g_error_new(XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_FAILED, "libvirt has not answered for %u s", session->timeout);
    session->listener->overdue(uuid, error, session->data);
    return TRUE;
}

static const XpvWorkerPurpose purpose = {
    .name = "libvirt", .create = create_connection, .free = (GDestroyNotify)xpv_connection_free, .overdue = on_overdue
};

XpvSession *
xpv_session_new(const char *uri, guint timeout, const XpvSessionListener *listener, gpointer data)
{
    XpvSession *session = g_new0(XpvSession, 1);
    session->uri = g_strdup(uri);
    session->timeout = timeout;
    session->listener = listener;
    session->data = data;
    session->worker = xpv_worker_new(&purpose, timeout, session);

    OpenJob *open = g_new0(OpenJob, 1);
    open->head = (XpvJob){ .call = open_call, .done = open_done, .clear = open_clear };
    xpv_worker_push(session->worker, &open->head);
    return session;
}

void
xpv_session_abandon(XpvSession *session)
{
    xpv_worker_abandon(session->worker);
    g_free(session->uri);
    g_free(session);
}

void
xpv_session_list(XpvSession *session)
{
    ListJob *list = g_new0(ListJob, 1);
    list->head = (XpvJob){ .call = list_call, .done = list_done, .clear = list_clear };
    xpv_worker_push(session->worker, &list->head);
}

void
xpv_session_read(XpvSession *session, const char *uuid, XpvReadWhat what, const char *state)
{
    ReadJob *read = g_new0(ReadJob, 1);
    read->head = (XpvJob){ .call = read_call, .done = read_done, .clear = read_clear };
    read->what = what;
    read->state = state;
    g_strlcpy(read->uuid, uuid, sizeof read->uuid);
    xpv_worker_push(session->worker, &read->head);
}
