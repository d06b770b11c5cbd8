/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/xenstore/session.h"

#include "daemon/worker.h"

/* So many events within a second are a flood. A guest agent that rewrites all its keys makes some 30. */
#define FLOOD_EVENTS 100

/* The events of a run's watches so far. */
typedef struct {
    guint n_begins; /* first events of new watches that are still to come, and mean nothing */
    guint n_events; /* within a second */
    gint64 since;   /* when the first of them came; monotonic µs */
    gboolean flood_is_told;
    gboolean change_is_told; /* since the last read; reset by the next one */
    gboolean is_at_top;      /* an event was for a watched path itself */
} Watched;

/* Shared by the thread of the watches and the thread of the calls. */
typedef struct {
    XpvWorker *worker; /* a reference */
    GMutex mutex;
    GHashTable *runs; /* run → Watched, owned */
} Feed;

struct _XpvXenstoreSession {
    guint timeout;
    XpvWorker *worker;
    Feed *feed; /* the worker's */
    const XpvXenstoreSessionListener *listener;
    gpointer data;
};

typedef struct {
    XpvJob head;
    Feed *feed;
    guint run;
    gint id;
    gboolean is_read;
    XpvGuestKeys keys;
} KeysJob;

/* A message from the thread of the watches. */
typedef struct {
    XpvJob head;
    guint run;
} NoteJob;

typedef void (*NoteDone)(XpvJob *note, gpointer data);

static void
end(XpvXenstoreSession *session, GFileError code, const char *why)
{
    g_autoptr(GError) error = g_error_new_literal(G_FILE_ERROR, (gint)code, why);
    session->listener->ended(error, session->data);
}

static void
changed_done(XpvJob *job, gpointer data)
{
    XpvXenstoreSession *session = data;
    session->listener->changed(((NoteJob *)job)->run, session->data);
}

static void
flooded_done(XpvJob *job, gpointer data)
{
    XpvXenstoreSession *session = data;
    session->listener->flooded(((NoteJob *)job)->run, session->data);
}

static void
lost_done(XpvJob *job, gpointer data)
{
    end(data, G_FILE_ERROR_PIPE, "xenstored has closed the connection");
}

static void
post_note(Feed *feed, NoteDone done, guint run)
{
    NoteJob *note = g_new0(NoteJob, 1);
    note->head.done = done;
    note->run = run;
    xpv_worker_post(feed->worker, &note->head);
}

/* Returns: (nullable) the callback for an event. */
static NoteDone
count_event(Watched *watched, const char *path)
{
    if (xpv_guest_keys_is_watched(path)) {
        watched->is_at_top = watched->n_begins == 0;
        if (watched->n_begins > 0) {
            watched->n_begins--;
            return NULL;
        }
    }
    gint64 now = g_get_monotonic_time();
    if (now - watched->since > G_USEC_PER_SEC) {
        watched->since = now;
        watched->n_events = 0;
    }
    if (++watched->n_events >= FLOOD_EVENTS && !watched->flood_is_told) {
        watched->flood_is_told = TRUE;
        return flooded_done;
    }
    if (!watched->change_is_told && xpv_guest_keys_matter(path)) {
        watched->change_is_told = TRUE;
        return changed_done;
    }
    return NULL;
}

static void
on_fired(const char *path, const char *token, gpointer data)
{
    Feed *feed = data;
    guint run = (guint)g_ascii_strtoull(token, NULL, 10);
    g_mutex_lock(&feed->mutex);
    Watched *watched = g_hash_table_lookup(feed->runs, GUINT_TO_POINTER(run));
    NoteDone note = watched ? count_event(watched, path) : NULL;
    g_mutex_unlock(&feed->mutex);
    if (note)
        post_note(feed, note, run);
}

static void
on_lost(gpointer data)
{
    post_note(data, lost_done, 0);
}

static const XpvXenstoreListener xenstore_listener = { .fired = on_fired, .lost = on_lost };

static Feed *
feed_new(XpvWorker *worker)
{
    Feed *feed = g_new0(Feed, 1);
    feed->worker = xpv_worker_ref(worker);
    g_mutex_init(&feed->mutex);
    feed->runs = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return feed;
}

static void
feed_free(gpointer data)
{
    Feed *feed = data;
    g_hash_table_unref(feed->runs);
    g_mutex_clear(&feed->mutex);
    xpv_worker_unref(feed->worker);
    g_free(feed);
}

static void
feed_add(Feed *feed, guint run)
{
    Watched *watched = g_new0(Watched, 1);
    watched->n_begins = XPV_GUEST_KEYS_WATCHES;
    g_mutex_lock(&feed->mutex);
    g_hash_table_replace(feed->runs, GUINT_TO_POINTER(run), watched);
    g_mutex_unlock(&feed->mutex);
}

static void
feed_remove(Feed *feed, guint run)
{
    g_mutex_lock(&feed->mutex);
    g_hash_table_remove(feed->runs, GUINT_TO_POINTER(run));
    g_mutex_unlock(&feed->mutex);
}

/* The next change is told again. Returns: whether a watched path itself changed since the last read. */
static gboolean
feed_begin_read(Feed *feed, guint run)
{
    gboolean is_at_top = FALSE;
    g_mutex_lock(&feed->mutex);
    Watched *watched = g_hash_table_lookup(feed->runs, GUINT_TO_POINTER(run));
    if (watched) {
        is_at_top = watched->is_at_top;
        watched->change_is_told = FALSE;
        watched->is_at_top = FALSE;
    }
    g_mutex_unlock(&feed->mutex);
    return is_at_top;
}

static void
open_call(XpvJob *job, gpointer own)
{
    if (!xpv_xenstore_open(own, &job->error))
        g_assert(job->error);
}

static void
open_done(XpvJob *job, gpointer data)
{
    XpvXenstoreSession *session = data;
    if (job->error)
        session->listener->ended(job->error, session->data);
    else
        session->listener->opened(session->data);
}

static void
read_call(XpvJob *job, gpointer own)
{
    KeysJob *keys = (KeysJob *)job;
    if (feed_begin_read(keys->feed, keys->run) && xpv_guest_keys_are_gone(own, keys->id))
        return;
    keys->is_read = xpv_guest_keys_read(own, keys->id, &keys->keys);
}

static void
watch_call(XpvJob *job, gpointer own)
{
    KeysJob *keys = (KeysJob *)job;
    g_autofree char *token = g_strdup_printf("%u", keys->run);
    feed_add(keys->feed, keys->run);
    xpv_guest_keys_watch(own, keys->id, token);
    read_call(job, own);
}

static void
read_done(XpvJob *job, gpointer data)
{
    KeysJob *keys = (KeysJob *)job;
    XpvXenstoreSession *session = data;
    session->listener->read(keys->run, keys->is_read ? &keys->keys : NULL, session->data);
}

static void
unwatch_call(XpvJob *job, gpointer own)
{
    KeysJob *keys = (KeysJob *)job;
    g_autofree char *token = g_strdup_printf("%u", keys->run);
    feed_remove(keys->feed, keys->run);
    xpv_guest_keys_unwatch(own, keys->id, token);
}

static void
keys_clear(XpvJob *job)
{
    xpv_guest_keys_clear(&((KeysJob *)job)->keys);
}

static gpointer
create_xenstore(XpvWorker *worker, gpointer data)
{
    XpvXenstoreSession *session = data;
    session->feed = feed_new(worker);
    return xpv_xenstore_new(&xenstore_listener, session->feed, feed_free);
}

static gboolean
on_overdue(XpvJob *job, gpointer data)
{
    XpvXenstoreSession *session = data;
    if (xpv_xenstore_count() > 1) /* an earlier one still hangs, and this one would hang as well */
        return FALSE;
    g_autofree char *why = g_strdup_printf("xenstored has not answered for %u s", session->timeout);
    end(session, G_FILE_ERROR_AGAIN, why);
    return TRUE;
}

static const XpvWorkerPurpose purpose = {
    .name = "xenstore", .create = create_xenstore, .free = (GDestroyNotify)xpv_xenstore_free, .overdue = on_overdue
};

XpvXenstoreSession *
xpv_xenstore_session_new(guint timeout, const XpvXenstoreSessionListener *listener, gpointer data)
{
    XpvXenstoreSession *session = g_new0(XpvXenstoreSession, 1);
    session->timeout = timeout;
    session->listener = listener;
    session->data = data;
    session->worker = xpv_worker_new(&purpose, timeout, session);

    XpvJob *open = g_new0(XpvJob, 1);
    *open = (XpvJob){ .call = open_call, .done = open_done };
    xpv_worker_push(session->worker, open);
    return session;
}

void
xpv_xenstore_session_abandon(XpvXenstoreSession *session)
{
    xpv_worker_abandon(session->worker);
    g_free(session);
}

static void
push_keys(XpvXenstoreSession *session, guint run, gint id, void (*call)(XpvJob *job, gpointer own),
          void (*done)(XpvJob *job, gpointer data))
{
    KeysJob *keys = g_new0(KeysJob, 1);
    keys->head = (XpvJob){ .call = call, .done = done, .clear = keys_clear };
    keys->feed = session->feed;
    keys->run = run;
    keys->id = id;
    xpv_worker_push(session->worker, &keys->head);
}

void
xpv_xenstore_session_watch(XpvXenstoreSession *session, guint run, gint id)
{
    push_keys(session, run, id, watch_call, read_done);
}

void
xpv_xenstore_session_read(XpvXenstoreSession *session, guint run, gint id)
{
    push_keys(session, run, id, read_call, read_done);
}

void
xpv_xenstore_session_unwatch(XpvXenstoreSession *session, guint run, gint id)
{
    push_keys(session, run, id, unwatch_call, NULL);
}
