/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/session.h"

#include "daemon/workers.h"

/* A call spends most of its time on its way, so that a first look at thousands of domains takes half as long over a few
 * connections. Not over one with a few threads: libvirt's client before 10.4 cannot take more than one; its threads
 * poll the socket for each other, and one that leaves may leave an event source behind that points into its stack
 * (CVE-2024-4418). */
#define HELPERS 6

/* How many looks must wait so that one more connection is worth it. */
#define LOOKS_PER_HELPER 128

struct _XpvSession {
    char *uri;
    guint timeout;
    XpvWorkers *workers;
    gboolean has_events;
    const XpvSessionListener *listener;
    gpointer data;
};

typedef struct {
    XpvJob head;
    XpvWorkers *subscriber; /* (nullable) */
    XpvLibvirtHost *host;
    gboolean has_events;
    gboolean is_remote;
    GError *error;
} OpenJob;

typedef struct {
    XpvJob head;
    GPtrArray *domains;
    GError *error;
} ListJob;

typedef struct {
    XpvJob head;
    char uuid[37];
    const char *state; /* (nullable) */
    gboolean for_look;
    XpvLibvirtLook look;
    GError *error;
} LookJob;

/* Something that libvirt tells by itself. */
typedef struct {
    XpvJob head;
    char uuid[37]; /* "": the connection is closed */
} NoteJob;

static void
note_done(XpvJob *job, gpointer data)
{
    NoteJob *note = (NoteJob *)job;
    XpvSession *session = data;
    if (*note->uuid)
        session->listener->domain_changed(session, note->uuid, session->data);
    else
        session->listener->closed(session, session->data);
}

static void
note_free(XpvJob *job)
{
    g_free(job);
}

static void
post_note(XpvWorkers *workers, const char *uuid)
{
    NoteJob *note = g_new0(NoteJob, 1);
    note->head = (XpvJob){ .done = note_done, .free = note_free };
    g_strlcpy(note->uuid, uuid, sizeof note->uuid);
    xpv_workers_post(workers, &note->head);
}

static void
on_domain_changed(const char *uuid, gpointer data)
{
    post_note(data, uuid);
}

static void
on_closed(gpointer data)
{
    post_note(data, "");
}

static const XpvLibvirtListener libvirt_listener = { on_domain_changed, on_closed };

static void
open_run(XpvJob *job, gpointer own)
{
    OpenJob *open = (OpenJob *)job;
    XpvWorkers *subscriber = g_steal_pointer(&open->subscriber);
    open->host = subscriber ? xpv_libvirt_open(own, &libvirt_listener, subscriber, (GDestroyNotify)xpv_workers_unref,
                                               &open->error)
                            : xpv_libvirt_open(own, NULL, NULL, NULL, &open->error);
    open->has_events = xpv_libvirt_has_events(own);
    open->is_remote = xpv_libvirt_is_remote(own);
}

static void
open_done(XpvJob *job, gpointer data)
{
    OpenJob *open = (OpenJob *)job;
    XpvSession *session = data;
    session->has_events = open->has_events;
    if (open->is_remote)
        xpv_workers_allow_helpers(session->workers, HELPERS, LOOKS_PER_HELPER);
    session->listener->opened(session, open->host, open->error, session->data);
}

static void
open_free(XpvJob *job)
{
    OpenJob *open = (OpenJob *)job;
    g_clear_pointer(&open->subscriber, xpv_workers_unref);
    xpv_libvirt_host_free(open->host);
    g_clear_error(&open->error);
    g_free(open);
}

static void
list_run(XpvJob *job, gpointer own)
{
    ListJob *list = (ListJob *)job;
    list->domains = xpv_libvirt_list(own, &list->error);
}

static void
list_done(XpvJob *job, gpointer data)
{
    ListJob *list = (ListJob *)job;
    XpvSession *session = data;
    session->listener->listed(session, list->domains, job->started, list->error, session->data);
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
look_run(XpvJob *job, gpointer own)
{
    LookJob *look = (LookJob *)job;
    if (!xpv_libvirt_look(own, look->uuid, look->state, &look->look, &look->error))
        g_assert(look->error);
}

static void
look_done(XpvJob *job, gpointer data)
{
    LookJob *look = (LookJob *)job;
    XpvSession *session = data;
    session->listener->looked(session, look->uuid, &look->look, job->started, look->for_look, look->error,
                              session->data);
}

static void
look_free(XpvJob *job)
{
    LookJob *look = (LookJob *)job;
    xpv_libvirt_look_clear(&look->look);
    g_clear_error(&look->error);
    g_free(look);
}

static gpointer
create_libvirt(gpointer data)
{
    XpvSession *session = data;
    return xpv_libvirt_new(session->uri, MAX(session->timeout / 2, 1));
}

static gboolean
open_further(gpointer own)
{
    return xpv_libvirt_open_further(own);
}

static gboolean
on_overdue(GPtrArray *jobs, gpointer data)
{
    XpvSession *session = data;
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
    gboolean others = FALSE;
    for (guint i = 0; i < jobs->len; i++) {
        XpvJob *job = jobs->pdata[i];
        if (job->run == look_run)
            g_ptr_array_add(uuids, g_strdup(((LookJob *)job)->uuid));
        else
            others = TRUE;
    }
    g_autoptr(GError) error =
        g_error_new(XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_FAILED, "libvirt has not answered for %u s", session->timeout);
    session->listener->overdue(session, uuids, others, error, session->data);
    return TRUE;
}

static const XpvWorkersPurpose purpose = { .name = "libvirt",
                                           .create = create_libvirt,
                                           .prepare = open_further,
                                           .rest = (GDestroyNotify)xpv_libvirt_rest,
                                           .free = (GDestroyNotify)xpv_libvirt_free,
                                           .overdue = on_overdue };

XpvSession *
xpv_session_new(const char *uri, guint timeout, gboolean with_events, const XpvSessionListener *listener, gpointer data)
{
    XpvSession *session = g_new0(XpvSession, 1);
    session->uri = g_strdup(uri);
    session->timeout = timeout;
    session->listener = listener;
    session->data = data;
    session->workers = xpv_workers_new(&purpose, timeout, session);

    OpenJob *open = g_new0(OpenJob, 1);
    open->head = (XpvJob){ open_run, open_done, open_free, 0 };
    open->subscriber = with_events ? xpv_workers_ref(session->workers) : NULL;
    xpv_workers_push(session->workers, &open->head);
    return session;
}

void
xpv_session_abandon(XpvSession *session)
{
    xpv_workers_abandon(session->workers);
    g_free(session->uri);
    g_free(session);
}

void
xpv_session_list(XpvSession *session)
{
    ListJob *list = g_new0(ListJob, 1);
    list->head = (XpvJob){ list_run, list_done, list_free, 0 };
    xpv_workers_push(session->workers, &list->head);
}

void
xpv_session_look(XpvSession *session, const char *uuid, const char *state, gboolean for_look)
{
    LookJob *look = g_new0(LookJob, 1);
    look->head = (XpvJob){ look_run, look_done, look_free, 0 };
    look->state = state;
    look->for_look = for_look;
    g_strlcpy(look->uuid, uuid, sizeof look->uuid);
    xpv_workers_push(session->workers, &look->head);
}

gboolean
xpv_session_has_events(const XpvSession *session)
{
    return session->has_events;
}

gboolean
xpv_session_is_watched(const XpvSession *session)
{
    gint64 started_by = g_get_monotonic_time() - 2 * (gint64)session->timeout * G_USEC_PER_SEC;
    g_autoptr(GPtrArray) forgotten = xpv_workers_find_overdue(session->workers, started_by);
    return forgotten->len == 0;
}

guint
xpv_sessions_count_stuck_threads(void)
{
    return xpv_workers_count_abandoned_threads();
}
