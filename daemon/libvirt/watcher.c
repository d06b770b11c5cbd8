/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/libvirt/watcher.h"

#include "daemon/backoff.h"
#include "daemon/libvirt/session.h"
#include "daemon/pacer.h"
#include "daemon/worker.h"

/* The intervals of polling a host without events, and one with lifecycle events only. */
#define POLL_SECONDS 5
#define POLL_RARELY_SECONDS 60

/* For a server whose list does not tell states: every 12th poll reads the XML of all domains, the others only that of
 * new runs. Such a server is old, and an XML costs it, and the xend behind it, much time. */
#define POLLS_PER_XML 12

/* With so many threads of abandoned workers, xenstore's too, no more connections are opened. */
#define HUNG_MAX 16

/* If somebody asks for a refresh, libvirt is tried again after this time, whatever the backoff. */
#define PROMPT_US G_USEC_PER_SEC

typedef enum {
    WAITING,  /* for the next try to connect */
    PROMPTED, /* the same, but soon: somebody has asked for a refresh */
    OPENING,
    LISTING,
    READING, /* the listed domains */
    SETTLED, /* waiting for events, or for the next poll */
} State;

/* A domain whose call hung. */
typedef struct {
    XpvWatcher *watcher;
    char uuid[37];
    GError *error; /* the error of that call */
    guint tries;
    guint timer;
    XpvSession *session; /* (nullable) for the next try */
} Hung;

struct _XpvWatcher {
    char *uri;
    guint timeout;
    const XpvWatcherListener *listener;
    gpointer data;

    State state;
    guint timer;         /* ends WAITING, PROMPTED and, if the host is polled, SETTLED */
    XpvSession *session; /* NULL while WAITING or PROMPTED */
    XpvEvents events;    /* of the session, once it is open */
    guint tries;         /* since the last list, for the backoff */
    gint64 tried;        /* the time when the last try began */

    guint64 wanted;      /* the serial of the last refresh that was asked for */
    guint64 serial;      /* the serial of the present refresh, or of the last one */
    guint polls;         /* how many refreshes in a row were polls, up to this one; 0: it is none */
    GHashTable *changed; /* of UUID, owned: domains whose next read must be of everything */
    GHashTable *awaited; /* of UUID, owned: domains that the refresh waits for */

    XpvPacer *pacer;       /* of domains, by UUID */
    XpvReadWhat next_what; /* for the read that begins next */
    const char *next_state;

    GHashTable *hung; /* UUID → Hung, owned */

    GHashTable *failed; /* of UUID, owned: domains whose last read failed, though libvirt answers */
    guint retry_timer;
    guint retries;
};

static void start_session(XpvWatcher *watcher);
static void start_refresh(XpvWatcher *watcher, gboolean is_poll);

/* Drops the session and its requests. The results so far were told. */
static void
drop_session(XpvWatcher *watcher)
{
    g_clear_pointer(&watcher->session, xpv_session_abandon);
    g_clear_handle_id(&watcher->timer, g_source_remove);
    xpv_pacer_clear(watcher->pacer);
    g_hash_table_remove_all(watcher->changed);
    g_hash_table_remove_all(watcher->awaited);
}

static gboolean
on_wait_over(gpointer data)
{
    XpvWatcher *watcher = data;
    watcher->timer = 0;
    if (watcher->state == WAITING)
        watcher->tries++;
    start_session(watcher);
    return G_SOURCE_REMOVE;
}

static void
disconnect(XpvWatcher *watcher, const GError *error)
{
    drop_session(watcher);
    watcher->state = WAITING;
    watcher->timer = g_timeout_add(xpv_backoff_ms(watcher->tries), on_wait_over, watcher);
    watcher->listener->disconnected(error, watcher->data);
}

static void
disconnect_because(XpvWatcher *watcher, const char *why)
{
    g_autoptr(GError) error = g_error_new(XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_FAILED, "%s: %s", watcher->uri, why);
    disconnect(watcher, error);
}

static gboolean
is_open(const XpvWatcher *watcher)
{
    return watcher->state >= LISTING;
}

/* The pacer calls this for each read. */
static void
begin_read(const char *uuid, gpointer data)
{
    XpvWatcher *watcher = data;
    gboolean has_changed = g_hash_table_remove(watcher->changed, uuid);
    XpvReadWhat what = has_changed ? watcher->next_what : XPV_READ_STATE;
    xpv_session_read(watcher->session, uuid, what, watcher->next_state);
}

static void
set_changed(XpvWatcher *watcher, const char *uuid)
{
    g_hash_table_add(watcher->changed, g_strdup(uuid));
}

/* After an event or a failure. An older server's list may lack domains, so that their XML was never read. */
static void
read_again(XpvWatcher *watcher, const char *uuid, XpvReadWhat what)
{
    if (g_hash_table_contains(watcher->hung, uuid))
        return;
    if (what != XPV_READ_STATE || watcher->events != XPV_EVENTS_ALL)
        set_changed(watcher, uuid);
    xpv_pacer_want(watcher->pacer, uuid);
}

static gboolean
poll_host(gpointer data)
{
    XpvWatcher *watcher = data;
    watcher->timer = 0;
    watcher->wanted = watcher->serial + 1;
    start_refresh(watcher, TRUE);
    return G_SOURCE_REMOVE;
}

static void
settle(XpvWatcher *watcher)
{
    guint interval = watcher->events == XPV_EVENTS_NONE ? POLL_SECONDS : POLL_RARELY_SECONDS;
    watcher->state = SETTLED;
    if (watcher->events != XPV_EVENTS_ALL)
        watcher->timer = g_timeout_add_seconds(interval, poll_host, watcher);
}

static void
finish_refresh(XpvWatcher *watcher)
{
    settle(watcher);
    watcher->listener->refreshed(watcher->serial, watcher->data);
    if (watcher->state == SETTLED && watcher->serial < watcher->wanted)
        start_refresh(watcher, FALSE);
}

static void
on_opened(const XpvLibvirtHost *host, XpvEvents events, const GError *error, gpointer data)
{
    XpvWatcher *watcher = data;
    if (error) {
        disconnect(watcher, error);
        return;
    }
    watcher->events = events;
    watcher->listener->connected(host, watcher->data);
    start_refresh(watcher, FALSE);
}

/* Sets what to read of a listed domain. Returns: FALSE: nothing. */
static gboolean
plan_read(XpvWatcher *watcher, const XpvListedDomain *domain)
{
    gboolean is_known = watcher->polls > 0 && domain->last_state;
    watcher->next_what = XPV_READ_LISTED;
    watcher->next_state = domain->state;
    if (g_hash_table_contains(watcher->changed, domain->uuid)) {
        watcher->next_what = XPV_READ_CHANGED; /* the list may be older */
        watcher->next_state = NULL;
    } else if (is_known && watcher->polls % POLLS_PER_XML == 0) {
        watcher->next_state = domain->last_state;
    } else if (is_known) {
        watcher->next_what = XPV_READ_STATE;
        return domain->id >= 0;
    }
    return TRUE;
}

static void
read_listed(XpvWatcher *watcher, const XpvListedDomain *domain)
{
    const Hung *hung = g_hash_table_lookup(watcher->hung, domain->uuid);
    if (hung) { /* the listener may not know the domain yet */
        watcher->listener->unreadable(domain->uuid, hung->error, watcher->data);
        return;
    }
    if (plan_read(watcher, domain)) {
        g_hash_table_add(watcher->awaited, g_strdup(domain->uuid));
        if (watcher->next_what != XPV_READ_STATE)
            set_changed(watcher, domain->uuid);
        xpv_pacer_want_now(watcher->pacer, domain->uuid);
    }
    watcher->next_what = XPV_READ_CHANGED;
    watcher->next_state = NULL;
}

static void
on_listed(GPtrArray *domains, gboolean is_whole, const GError *error, gpointer data)
{
    XpvWatcher *watcher = data;
    if (error) {
        disconnect(watcher, error);
        return;
    }
    watcher->tries = 0;
    watcher->state = READING;
    watcher->listener->listed(domains, is_whole, watcher->data);
    for (guint i = 0; i < domains->len; i++)
        read_listed(watcher, domains->pdata[i]);
    if (g_hash_table_size(watcher->awaited) == 0)
        finish_refresh(watcher);
}

static gboolean
retry_failed(gpointer data)
{
    XpvWatcher *watcher = data;
    GHashTableIter iter;
    gpointer uuid;
    watcher->retry_timer = 0;
    g_hash_table_iter_init(&iter, watcher->failed);
    while (is_open(watcher) &&
           g_hash_table_iter_next(&iter, &uuid, NULL)) /* if it is not open, the next refresh reads them */
        read_again(watcher, uuid, XPV_READ_CHANGED);
    return G_SOURCE_REMOVE;
}

/* A failed domain is tried again by a timer: no event says that it can be read again. */
static void
set_failed(XpvWatcher *watcher, const char *uuid, gboolean is_failed)
{
    if (is_failed) {
        g_hash_table_add(watcher->failed, g_strdup(uuid));
        set_changed(watcher, uuid);
    } else {
        g_hash_table_remove(watcher->failed, uuid);
    }
    if (g_hash_table_size(watcher->failed) == 0)
        watcher->retries = 0;
    else if (watcher->retry_timer == 0)
        watcher->retry_timer = g_timeout_add(xpv_backoff_ms(watcher->retries++), retry_failed, watcher);
}

static void
tell_read(XpvWatcher *watcher, const char *uuid, XpvReading *reading, const GError *error)
{
    gboolean is_gone = g_error_matches(error, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_NO_DOMAIN);
    set_failed(watcher, uuid, error && !is_gone);
    if (!error)
        watcher->listener->read(uuid, reading, watcher->data);
    else if (is_gone)
        watcher->listener->gone(uuid, watcher->data);
    else
        watcher->listener->unreadable(uuid, error, watcher->data);
}

static gboolean
is_closed(const GError *error)
{
    return g_error_matches(error, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_CLOSED);
}

static void
on_read(const char *uuid, XpvReading *reading, const GError *error, gpointer data)
{
    XpvWatcher *watcher = data;
    if (is_closed(error)) {
        disconnect_because(watcher, "libvirt has closed the connection"); /* not the domain's fault */
        return;
    }
    tell_read(watcher, uuid, reading, error);
    xpv_pacer_done(watcher->pacer, uuid);
    if (g_hash_table_remove(watcher->awaited, uuid) && g_hash_table_size(watcher->awaited) == 0)
        finish_refresh(watcher);
}

static void
on_domain_changed(const char *uuid, XpvReadWhat what, const XpvRunBegin *begin, gpointer data)
{
    XpvWatcher *watcher = data;
    g_debug("Event of domain %s", uuid);
    if (begin)
        watcher->listener->run_began(uuid, begin, watcher->data);
    if (watcher->state == LISTING)
        set_changed(watcher, uuid); /* the list may tell an older state */
    if (is_open(watcher))           /* if it is not open, the next refresh reads it */
        read_again(watcher, uuid, what);
}

static void
on_closed(gpointer data)
{
    disconnect_because(data, "libvirt has closed the connection");
}

static void try_hung_later(Hung *hung);

static void
on_overdue(const char *uuid, const GError *error, gpointer data)
{
    XpvWatcher *watcher = data;
    if (!uuid) {
        disconnect_because(watcher, error->message);
        return;
    }
    drop_session(watcher);
    start_session(watcher);
    Hung *hung = g_new0(Hung, 1);
    hung->watcher = watcher;
    g_strlcpy(hung->uuid, uuid, sizeof hung->uuid);
    hung->error = g_error_copy(error);
    g_hash_table_replace(watcher->hung, hung->uuid, hung);
    try_hung_later(hung);
    watcher->listener->unreadable(hung->uuid, error, watcher->data);
}

static const XpvSessionListener session_listener = {
    .opened = on_opened,
    .listed = on_listed,
    .read = on_read,
    .domain_changed = on_domain_changed,
    .closed = on_closed,
    .overdue = on_overdue,
};

static void
start_session(XpvWatcher *watcher)
{
    watcher->tried = g_get_monotonic_time();
    if (xpv_workers_count_abandoned() >= HUNG_MAX) {
        disconnect_because(watcher, "too many calls of libvirt hang");
        return;
    }
    watcher->state = OPENING;
    watcher->session = xpv_session_new(watcher->uri, watcher->timeout, &session_listener, watcher);
}

static void
start_refresh(XpvWatcher *watcher, gboolean is_poll)
{
    g_clear_handle_id(&watcher->timer, g_source_remove);
    watcher->state = LISTING;
    watcher->serial = MAX(watcher->wanted, 1);
    watcher->wanted = watcher->serial;
    watcher->polls = is_poll ? watcher->polls + 1 : 0;
    xpv_session_list(watcher->session);
}

guint64
xpv_watcher_refresh(XpvWatcher *watcher)
{
    /* The present refresh may have read a domain before the caller changed it: a new one follows. */
    watcher->wanted = watcher->serial + 1;
    if (watcher->state == SETTLED) {
        start_refresh(watcher, FALSE);
    } else if (watcher->state == WAITING) {
        gint64 wait = MAX(watcher->tried + PROMPT_US - g_get_monotonic_time(), 0);
        g_clear_handle_id(&watcher->timer, g_source_remove);
        watcher->state = PROMPTED;
        watcher->timer = g_timeout_add((guint)(wait / 1000), on_wait_over, watcher);
    }
    return watcher->wanted;
}

void
xpv_watcher_set_timeout(XpvWatcher *watcher, guint timeout)
{
    watcher->timeout = timeout;
}

/* The session for a domain whose call hung. */

static void
on_hung_opened(const XpvLibvirtHost *host, XpvEvents events, const GError *error, gpointer data)
{
    Hung *hung = data;
    if (error)
        try_hung_later(hung);
    else
        xpv_session_read(hung->session, hung->uuid, XPV_READ_CHANGED, NULL);
}

static void
on_hung_read(const char *uuid, XpvReading *reading, const GError *error, gpointer data)
{
    Hung *hung = data;
    XpvWatcher *watcher = hung->watcher;
    g_autofree char *id = g_strdup(uuid);

    if (is_closed(error)) {
        try_hung_later(hung);
        return;
    }
    tell_read(watcher, id, reading, error);
    g_hash_table_remove(watcher->hung, id);
    if (is_open(watcher))
        read_again(watcher, id, XPV_READ_CHANGED); /* meanwhile, its events were missed */
}

static void
on_hung_overdue(const char *uuid, const GError *error, gpointer data)
{
    try_hung_later(data);
}

static const XpvSessionListener hung_listener = {
    .opened = on_hung_opened,
    .read = on_hung_read,
    .overdue = on_hung_overdue,
};

static guint
count_trials(XpvWatcher *watcher)
{
    guint n = 0;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, watcher->hung);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        n += ((Hung *)value)->session != NULL;
    return n;
}

static gboolean
try_hung(gpointer data)
{
    Hung *hung = data;
    XpvWatcher *watcher = hung->watcher;
    hung->timer = 0;
    if (xpv_workers_count_abandoned() + count_trials(watcher) >= HUNG_MAX / 2)
        hung->timer = g_timeout_add(xpv_backoff_ms(0), try_hung, hung); /* too many at once: later */
    else
        hung->session = xpv_session_new(watcher->uri, watcher->timeout, &hung_listener, hung);
    return G_SOURCE_REMOVE;
}

static void
try_hung_later(Hung *hung)
{
    g_clear_pointer(&hung->session, xpv_session_abandon);
    hung->timer = g_timeout_add(xpv_backoff_ms(hung->tries++), try_hung, hung);
}

static void
hung_free(gpointer data)
{
    Hung *hung = data;
    g_clear_pointer(&hung->session, xpv_session_abandon);
    g_clear_handle_id(&hung->timer, g_source_remove);
    g_error_free(hung->error);
    g_free(hung);
}

XpvWatcher *
xpv_watcher_new(const char *uri, guint timeout, const XpvWatcherListener *listener, gpointer data)
{
    XpvWatcher *watcher = g_new0(XpvWatcher, 1);
    watcher->uri = g_strdup(uri);
    watcher->timeout = timeout;
    watcher->listener = listener;
    watcher->data = data;
    watcher->changed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watcher->awaited = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    watcher->pacer = xpv_pacer_new(begin_read, watcher);
    watcher->hung = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, hung_free);
    watcher->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    start_session(watcher);
    return watcher;
}

void
xpv_watcher_free(XpvWatcher *watcher)
{
    if (!watcher)
        return;
    drop_session(watcher);
    g_clear_handle_id(&watcher->retry_timer, g_source_remove);
    xpv_pacer_free(watcher->pacer);
    g_hash_table_unref(watcher->changed);
    g_hash_table_unref(watcher->awaited);
    g_hash_table_unref(watcher->hung);
    g_hash_table_unref(watcher->failed);
    g_free(watcher->uri);
    g_free(watcher);
}
