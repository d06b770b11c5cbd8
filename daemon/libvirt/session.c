/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/libvirt/session.h"

#include "daemon/worker.h"

struct _XpvSession {
    char *uri;
    guint timeout;
    XpvWorker *worker;
    XpvEvents events;
    const XpvSessionListener *listener;
    gpointer data;
};

typedef struct {
    XpvJob head;
    XpvWorker *subscriber; /* (nullable) */
    XpvLibvirtHost *host;
    XpvEvents events;
    GError *error;
} OpenJob;

typedef struct {
    XpvJob head;
    GPtrArray *domains;
    gboolean is_whole;
    GError *error;
} ListJob;

typedef struct {
    XpvJob head;
    char uuid[37];
    XpvReadWhat what;
    const char *state; /* (nullable) */
    XpvReading reading;
    GError *error;
} ReadJob;

/* An event from libvirt. */
typedef struct {
    XpvJob head;
    char uuid[37]; /* "": the connection is closed */
    XpvReadWhat what;
    XpvRunBegin begin; /* of which none begins where the id is -1 */
} NoteJob;

static void
note_done(XpvJob *job, gpointer data)
{
    NoteJob *note = (NoteJob *)job;
    XpvSession *session = data;
    if (*note->uuid)
        session->listener->domain_changed(session, note->uuid, note->what, note->begin.id >= 0 ? &note->begin : NULL,
                                          session->data);
    else
        session->listener->closed(session, session->data);
}

static void
note_free(XpvJob *job)
{
    g_free(job);
}

static void
post_note(XpvWorker *worker, const char *uuid, XpvReadWhat what, const XpvRunBegin *begin)
{
    NoteJob *note = g_new0(NoteJob, 1);
    note->head = (XpvJob){ .done = note_done, .free = note_free };
    note->what = what;
    note->begin = begin ? *begin : (XpvRunBegin){ .id = -1 };
    g_strlcpy(note->uuid, uuid, sizeof note->uuid);
    xpv_worker_post(worker, &note->head);
}

static void
on_domain_changed(const char *uuid, XpvReadWhat what, const XpvRunBegin *begin, gpointer data)
{
    post_note(data, uuid, what, begin);
}

static void
on_closed(gpointer data)
{
    post_note(data, "", XPV_READ_CHANGED, NULL);
}

static const XpvConnectionListener libvirt_listener = { .domain_changed = on_domain_changed, .closed = on_closed };

static void
open_call(XpvJob *job, gpointer own)
{
    OpenJob *open = (OpenJob *)job;
    XpvWorker *subscriber = g_steal_pointer(&open->subscriber);
    open->host = subscriber ? xpv_connection_open(own, &libvirt_listener, subscriber, (GDestroyNotify)xpv_worker_unref,
                                                  &open->error)
                            : xpv_connection_open(own, NULL, NULL, NULL, &open->error);
    open->events = xpv_connection_get_events(own);
}

static void
open_done(XpvJob *job, gpointer data)
{
    OpenJob *open = (OpenJob *)job;
    XpvSession *session = data;
    session->events = open->events;
    session->listener->opened(session, open->host, open->error, session->data);
}

static void
open_free(XpvJob *job)
{
    OpenJob *open = (OpenJob *)job;
    g_clear_pointer(&open->subscriber, xpv_worker_unref);
    xpv_libvirt_host_free(open->host);
    g_clear_error(&open->error);
    g_free(open);
}

static void
list_call(XpvJob *job, gpointer own)
{
    ListJob *list = (ListJob *)job;
    list->domains = xpv_connection_list(own, &list->is_whole, &list->error);
}

static void
list_done(XpvJob *job, gpointer data)
{
    ListJob *list = (ListJob *)job;
    XpvSession *session = data;
    session->listener->listed(session, list->domains, list->is_whole, list->error, session->data);
}

static void
list_free(XpvJob *job)
{
    ListJob *list = (ListJob *)job;
    g_clear_pointer(&list->domains, g_ptr_array_unref);
    g_clear_error(&list->error);
    g_free(list);
}

static void
read_call(XpvJob *job, gpointer own)
{
    ReadJob *read = (ReadJob *)job;
    if (!xpv_connection_read(own, read->uuid, read->what, read->state, &read->reading, &read->error))
        g_assert(read->error);
}

static void
read_done(XpvJob *job, gpointer data)
{
    ReadJob *read = (ReadJob *)job;
    XpvSession *session = data;
    session->listener->read(session, read->uuid, read->what, &read->reading, read->error, session->data);
}

static void
read_free(XpvJob *job)
{
    ReadJob *read = (ReadJob *)job;
    xpv_reading_clear(&read->reading);
    g_clear_error(&read->error);
    g_free(read);
}

static gpointer
create_connection(gpointer data)
{
    XpvSession *session = data;
    return xpv_connection_new(session->uri, MAX(session->timeout / 2, 1));
}

static gboolean
on_overdue(XpvJob *job, gpointer data)
{
    XpvSession *session = data;
    g_autofree char *uuid = job->call == read_call ? g_strdup(((ReadJob *)job)->uuid) : NULL;
    g_autoptr(GError) error =
        g_error_new(XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_FAILED, "libvirt has not answered for %u s", session->timeout);
    session->listener->overdue(session, uuid, error, session->data);
    return TRUE;
}

static const XpvWorkerPurpose purpose = {
    .name = "libvirt", .create = create_connection, .free = (GDestroyNotify)xpv_connection_free, .overdue = on_overdue
};

XpvSession *
xpv_session_new(const char *uri, guint timeout, gboolean with_events, const XpvSessionListener *listener, gpointer data)
{
    XpvSession *session = g_new0(XpvSession, 1);
    session->uri = g_strdup(uri);
    session->timeout = timeout;
    session->listener = listener;
    session->data = data;
    session->worker = xpv_worker_new(&purpose, timeout, session);

    OpenJob *open = g_new0(OpenJob, 1);
    open->head = (XpvJob){ .call = open_call, .done = open_done, .free = open_free };
    open->subscriber = with_events ? xpv_worker_ref(session->worker) : NULL;
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
    list->head = (XpvJob){ .call = list_call, .done = list_done, .free = list_free };
    xpv_worker_push(session->worker, &list->head);
}

void
xpv_session_read(XpvSession *session, const char *uuid, XpvReadWhat what, const char *state)
{
    ReadJob *read = g_new0(ReadJob, 1);
    read->head = (XpvJob){ .call = read_call, .done = read_done, .free = read_free };
    read->what = what;
    read->state = state;
    g_strlcpy(read->uuid, uuid, sizeof read->uuid);
    xpv_worker_push(session->worker, &read->head);
}

XpvEvents
xpv_session_get_events(const XpvSession *session)
{
    return session->events;
}
