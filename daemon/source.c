/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/source.h"

#include <string.h>

#include "daemon/backoff.h"
#include "daemon/session.h"

/* A domain is looked at no more often than that on its events. */
#define REST_US (G_USEC_PER_SEC / 4)

/* How often everything is looked at where libvirt tells no events. */
#define POLL_SECONDS 5

/* How many threads may hang before no more connections are risked. */
#define STUCK_MAX 16

/* How soon libvirt is tried again when somebody asks for it, whatever the backoff. */
#define PROMPT_US G_USEC_PER_SEC

/* A domain that is being looked at, or was a moment ago. */
typedef struct {
    char uuid[37];
    gboolean is_out;    /* the session has been asked */
    gboolean again;     /* something changed since */
    gboolean for_look;  /* the next look at it counts for the full one */
    gint64 rests_until; /* while it is among source->resting */
} Look;

/* A domain that hung a call. */
typedef struct {
    XpvSource *source;
    char uuid[37];
    GError *error; /* what became of the call */
    guint tries;
    guint timer;
    XpvSession *session; /* (nullable) the one that tries */
} Stuck;

struct _XpvSource {
    char *uri;
    guint timeout;
    const XpvSourceListener *listener;
    gpointer data;

    XpvSession *session; /* (nullable) */
    gboolean is_open;
    guint tries;
    gint64 tried;         /* when the last try began */
    gboolean is_prompted; /* it was asked for, so it does not count for the backoff */
    guint reconnect_timer;
    guint poll_timer;

    GHashTable *looks; /* uuid → Look, owned */
    GQueue resting;    /* of Look, soonest first */
    guint rest_timer;

    guint64 serial_wanted; /* of full looks */
    guint64 serial;        /* of the one that is under way, or the last */
    gboolean is_looking;
    guint remaining; /* domains that it waits for */

    GHashTable *stuck; /* uuid → Stuck, owned */

    GHashTable *failed; /* of uuid, owned: domains whose last look failed, with libvirt there */
    guint retry_timer;
    guint retries;
};

static void start_session(XpvSource *source);
static void start_full_look(XpvSource *source);

/* Drops the session and what was asked of it; what it found so far has been told. */
static void
drop_session(XpvSource *source)
{
    g_clear_pointer(&source->session, xpv_session_abandon);
    g_clear_handle_id(&source->rest_timer, g_source_remove);
    g_clear_handle_id(&source->poll_timer, g_source_remove);
    g_queue_clear(&source->resting);
    g_hash_table_remove_all(source->looks);
    source->is_open = FALSE;
    source->is_looking = FALSE;
    source->remaining = 0;
}

static gboolean
reconnect(gpointer data)
{
    XpvSource *source = data;
    source->reconnect_timer = 0;
    start_session(source);
    return G_SOURCE_REMOVE;
}

static void
disconnect(XpvSource *source, const GError *error)
{
    drop_session(source);
    if (source->reconnect_timer == 0)
        source->reconnect_timer = g_timeout_add(xpv_backoff_ms(source->tries), reconnect, source);
    if (!source->is_prompted)
        source->tries++;
    source->is_prompted = FALSE;
    source->listener->disconnected(error, source->data);
}

static void
disconnect_because(XpvSource *source, const char *why)
{
    g_autoptr(GError) error = g_error_new(XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_FAILED, "%s: %s", source->uri, why);
    disconnect(source, error);
}

static gboolean wake_rested(gpointer data);

static void
schedule_wake(XpvSource *source)
{
    Look *first = g_queue_peek_head(&source->resting);
    if (!first || source->rest_timer != 0)
        return;
    gint64 wait = MAX(first->rests_until - g_get_monotonic_time(), 0);
    source->rest_timer = g_timeout_add((guint)(wait / 1000) + 1, wake_rested, source);
}

static void
send_look(XpvSource *source, Look *look, const char *state)
{
    look->is_out = TRUE;
    look->again = FALSE;
    look->rests_until = g_get_monotonic_time() + REST_US;
    xpv_session_look(source->session, look->uuid, state, look->for_look);
    look->for_look = FALSE;
}

static gboolean
wake_rested(gpointer data)
{
    XpvSource *source = data;
    gint64 now = g_get_monotonic_time();
    Look *look;

    source->rest_timer = 0;
    while ((look = g_queue_peek_head(&source->resting)) && look->rests_until <= now) {
        g_queue_pop_head(&source->resting);
        if (look->again)
            send_look(source, look, NULL);
        else
            g_hash_table_remove(source->looks, look->uuid);
    }
    schedule_wake(source);
    return G_SOURCE_REMOVE;
}

/* @listed: (nullable) for a full look, of its list; NULL: after an event */
static void
want_look(XpvSource *source, const char *uuid, const XpvLibvirtDomain *listed)
{
    const Stuck *stuck = g_hash_table_lookup(source->stuck, uuid);
    if (stuck && listed) /* it may be new */
        source->listener->unreadable(uuid, stuck->error, source->data);
    if (stuck)
        return;

    Look *look = g_hash_table_lookup(source->looks, uuid);
    gboolean is_new = look == NULL;
    if (is_new) {
        look = g_new0(Look, 1);
        g_strlcpy(look->uuid, uuid, sizeof look->uuid);
        g_hash_table_insert(source->looks, look->uuid, look);
    }
    /* Where an event may have come since the list began, the state is asked again. */
    const char *state = listed && !look->again ? listed->state : NULL;
    look->again = TRUE;
    if (listed && !look->for_look) {
        look->for_look = TRUE;
        source->remaining++;
    }
    if (look->is_out || (!is_new && !listed))
        return; /* once it is back, or has rested */
    if (!is_new)
        g_queue_remove(&source->resting, look);
    send_look(source, look, state);
}

static void
finish_full_look(XpvSource *source)
{
    source->is_looking = FALSE;
    source->listener->looked(source->serial, source->data);
    if (source->session && source->serial < source->serial_wanted)
        start_full_look(source);
}

static gboolean
poll_host(gpointer data)
{
    XpvSource *source = data;
    if (!source->is_looking) /* or else a slow host is looked at without end */
        xpv_source_look(source);
    return G_SOURCE_CONTINUE;
}

static void
on_opened(XpvSession *session, const XpvLibvirtHost *host, const GError *error, gpointer data)
{
    XpvSource *source = data;
    if (error) {
        disconnect(source, error);
        return;
    }
    source->is_open = TRUE;
    source->listener->connected(host, source->data);
    if (!xpv_session_has_events(session))
        source->poll_timer = g_timeout_add_seconds(POLL_SECONDS, poll_host, source);
    start_full_look(source);
}

static void
on_listed(XpvSession *session, GPtrArray *domains, const GError *error, gpointer data)
{
    XpvSource *source = data;
    if (error) {
        disconnect(source, error);
        return;
    }
    source->tries = 0;
    source->is_prompted = FALSE;
    source->listener->listed(domains, source->data);
    for (guint i = 0; i < domains->len; i++) {
        const XpvLibvirtDomain *domain = domains->pdata[i];
        want_look(source, domain->uuid, domain);
    }
    if (source->remaining == 0)
        finish_full_look(source);
}

static gboolean
retry_failed(gpointer data)
{
    XpvSource *source = data;
    GHashTableIter iter;
    gpointer uuid;
    source->retry_timer = 0;
    g_hash_table_iter_init(&iter, source->failed);
    while (source->is_open && g_hash_table_iter_next(&iter, &uuid, NULL)) /* else the look that follows tries them */
        want_look(source, uuid, NULL);
    return G_SOURCE_REMOVE;
}

/* No event will tell that it can be read again. */
static void
set_failed(XpvSource *source, const char *uuid, gboolean is_failed)
{
    if (is_failed)
        g_hash_table_add(source->failed, g_strdup(uuid));
    else
        g_hash_table_remove(source->failed, uuid);
    if (g_hash_table_size(source->failed) == 0)
        source->retries = 0;
    else if (source->retry_timer == 0)
        source->retry_timer = g_timeout_add(xpv_backoff_ms(source->retries++), retry_failed, source);
}

static void
tell_look(XpvSource *source, const char *uuid, XpvLibvirtLook *look, const GError *error)
{
    gboolean is_gone = g_error_matches(error, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_NO_DOMAIN);
    set_failed(source, uuid, error && !is_gone);
    if (!error)
        source->listener->seen(look, source->data);
    else if (is_gone)
        source->listener->gone(uuid, source->data);
    else
        source->listener->unreadable(uuid, error, source->data);
}

static void
on_looked(XpvSession *session, const char *uuid, XpvLibvirtLook *seen, gboolean for_look, const GError *error,
          gpointer data)
{
    XpvSource *source = data;
    Look *look = g_hash_table_lookup(source->looks, uuid);

    if (g_error_matches(error, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_CLOSED)) {
        disconnect_because(source, "libvirt has closed the connection"); /* that is no fault of the domain's */
        return;
    }
    tell_look(source, uuid, seen, error);
    look->is_out = FALSE;
    if (look->for_look) {
        send_look(source, look, NULL);
    } else {
        g_queue_push_tail(&source->resting, look);
        schedule_wake(source);
    }
    if (for_look && --source->remaining == 0)
        finish_full_look(source);
}

static void
on_domain_changed(XpvSession *session, const char *uuid, gpointer data)
{
    XpvSource *source = data;
    g_debug("Event of domain %s", uuid);
    if (source->is_open) /* else the look that follows sees it */
        want_look(source, uuid, NULL);
}

static void
on_closed(XpvSession *session, gpointer data)
{
    disconnect_because(data, "libvirt has closed the connection");
}

static void try_stuck_later(Stuck *stuck);

static void
on_overdue(XpvSession *session, const char *uuid, const GError *error, gpointer data)
{
    XpvSource *source = data;
    if (!uuid) {
        disconnect_because(source, error->message);
        return;
    }

    drop_session(source);
    start_session(source);
    Stuck *stuck = g_new0(Stuck, 1);
    stuck->source = source;
    g_strlcpy(stuck->uuid, uuid, sizeof stuck->uuid);
    stuck->error = g_error_copy(error);
    g_hash_table_replace(source->stuck, stuck->uuid, stuck);
    try_stuck_later(stuck);
    source->listener->unreadable(stuck->uuid, error, source->data);
}

static const XpvSessionListener session_listener = {
    on_opened, on_listed, on_looked, on_domain_changed, on_closed, on_overdue,
};

static void
start_session(XpvSource *source)
{
    source->tried = g_get_monotonic_time();
    if (xpv_sessions_count_stuck_threads() >= STUCK_MAX) {
        disconnect_because(source, "too many calls of libvirt hang");
        return;
    }
    source->session = xpv_session_new(source->uri, source->timeout, TRUE, &session_listener, source);
}

static void
start_full_look(XpvSource *source)
{
    source->is_looking = TRUE;
    source->serial = MAX(source->serial_wanted, 1);
    source->serial_wanted = source->serial;
    xpv_session_list(source->session);
}

guint64
xpv_source_look(XpvSource *source)
{
    /* One that is under way may have passed what the caller has just changed. */
    source->serial_wanted = source->serial + 1;
    if (source->is_open && !source->is_looking) {
        start_full_look(source);
    } else if (!source->session && !source->is_prompted) {
        gint64 wait = MAX(source->tried + PROMPT_US - g_get_monotonic_time(), 0);
        g_clear_handle_id(&source->reconnect_timer, g_source_remove);
        source->reconnect_timer = g_timeout_add((guint)(wait / 1000), reconnect, source);
        source->is_prompted = TRUE;
    }
    return source->serial_wanted;
}

void
xpv_source_set_timeout(XpvSource *source, guint timeout)
{
    source->timeout = timeout;
}

/* The session of a domain that hung. */

static void
on_stuck_opened(XpvSession *session, const XpvLibvirtHost *host, const GError *error, gpointer data)
{
    Stuck *stuck = data;
    if (error)
        try_stuck_later(stuck);
    else
        xpv_session_look(session, stuck->uuid, NULL, FALSE);
}

static void
on_stuck_looked(XpvSession *session, const char *uuid, XpvLibvirtLook *look, gboolean for_look, const GError *error,
                gpointer data)
{
    Stuck *stuck = data;
    XpvSource *source = stuck->source;
    g_autofree char *id = g_strdup(uuid);

    if (g_error_matches(error, XPV_LIBVIRT_ERROR, XPV_LIBVIRT_ERROR_CLOSED)) {
        try_stuck_later(stuck);
        return;
    }
    tell_look(source, id, look, error);
    g_hash_table_remove(source->stuck, id);
    if (source->is_open)
        want_look(source, id, NULL); /* its events were not listened to */
}

static void
on_stuck_overdue(XpvSession *session, const char *uuid, const GError *error, gpointer data)
{
    try_stuck_later(data);
}

static const XpvSessionListener stuck_listener = {
    .opened = on_stuck_opened,
    .looked = on_stuck_looked,
    .overdue = on_stuck_overdue,
};

static guint
count_trials(XpvSource *source)
{
    guint n = 0;
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, source->stuck);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        n += ((Stuck *)value)->session != NULL;
    return n;
}

static gboolean
try_stuck(gpointer data)
{
    Stuck *stuck = data;
    XpvSource *source = stuck->source;
    stuck->timer = 0;
    if (xpv_sessions_count_stuck_threads() + count_trials(source) >= STUCK_MAX / 2)
        stuck->timer = g_timeout_add(xpv_backoff_ms(0), try_stuck, stuck); /* when it is its turn */
    else
        stuck->session = xpv_session_new(source->uri, source->timeout, FALSE, &stuck_listener, stuck);
    return G_SOURCE_REMOVE;
}

static void
try_stuck_later(Stuck *stuck)
{
    g_clear_pointer(&stuck->session, xpv_session_abandon);
    stuck->timer = g_timeout_add(xpv_backoff_ms(stuck->tries++), try_stuck, stuck);
}

static void
stuck_free(gpointer data)
{
    Stuck *stuck = data;
    g_clear_pointer(&stuck->session, xpv_session_abandon);
    g_clear_handle_id(&stuck->timer, g_source_remove);
    g_error_free(stuck->error);
    g_free(stuck);
}

XpvSource *
xpv_source_new(const char *uri, guint timeout, const XpvSourceListener *listener, gpointer data)
{
    XpvSource *source = g_new0(XpvSource, 1);
    source->uri = g_strdup(uri);
    source->timeout = timeout;
    source->listener = listener;
    source->data = data;
    source->looks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    source->stuck = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, stuck_free);
    source->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    start_session(source);
    return source;
}

void
xpv_source_free(XpvSource *source)
{
    if (!source)
        return;
    drop_session(source);
    g_clear_handle_id(&source->reconnect_timer, g_source_remove);
    g_clear_handle_id(&source->retry_timer, g_source_remove);
    g_hash_table_unref(source->looks);
    g_hash_table_unref(source->stuck);
    g_hash_table_unref(source->failed);
    g_free(source->uri);
    g_free(source);
}
