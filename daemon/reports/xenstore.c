/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “xenstore”: keys of the running guest.
 *
 * They are read when a run of the domain is found, and again after each watch event. While xenstored is away or hangs,
 * the last keys stay; they are dropped when the run ends. */
#include "common/intern.h"
#include "daemon/backoff.h"
#include "daemon/pacer.h"
#include "daemon/reports/awaited.h"
#include "daemon/reports/reports.h"
#include "daemon/xenstore/session.h"

/* If a guest floods its watches, they are removed for this time, so that it costs xenstored nothing either. The time
 * doubles with each flood, until there was none for a while. */
#define FLOOD_REST_US G_USEC_PER_SEC
#define FLOOD_REST_DOUBLINGS 3
#define FLOOD_IS_OVER_US (30 * G_USEC_PER_SEC)

typedef struct {
    XpvReportContext context;
    XpvXenstoreSession *session; /* (nullable) */
    gboolean is_open;
    gboolean is_missed; /* the last session was open, and has ended */
    guint tries;
    guint retry_timer;
    XpvAwaited *awaited; /* UUIDs of the runs, until their first read */
    guint last_run;
    GHashTable *runs;      /* uuid, the run's → Run, owned */
    GHashTable *by_number; /* Run.number → Run */
    XpvPacer *pacer;       /* of the runs' UUIDs, as a guest may write all the time */
} Xenstore;

/* A run of a domain, from a start to its stop. */
typedef struct {
    XpvInterned *uuid;
    gint id;
    guint number;
    gboolean is_watched;
    guint n_floods;
    gint64 flooded_at;
    XpvGuestKeys keys; /* as read last */
} Run;

static void start_session(Xenstore *xenstore);

static void
run_free(gpointer data)
{
    Run *run = data;
    xpv_guest_keys_clear(&run->keys);
    xpv_interned_release(run->uuid);
    g_free(run);
}

static void
unwatch(Xenstore *xenstore, Run *run)
{
    if (run->is_watched)
        xpv_xenstore_session_unwatch(xenstore->session, run->number, run->id);
    run->is_watched = FALSE;
}

static void
read_run(const char *uuid, gpointer data)
{
    Xenstore *xenstore = data;
    Run *run = g_hash_table_lookup(xenstore->runs, uuid);
    if (run->is_watched)
        xpv_xenstore_session_read(xenstore->session, run->number, run->id);
    else
        xpv_xenstore_session_watch(xenstore->session, run->number, run->id);
    run->is_watched = TRUE;
}

/* Forgets the session's requests, but keeps the keys that were read. */
static void
drop_session(Xenstore *xenstore)
{
    GHashTableIter iter;
    gpointer value;
    g_clear_pointer(&xenstore->session, xpv_xenstore_session_abandon);
    xenstore->is_open = FALSE;
    xpv_pacer_clear(xenstore->pacer);
    g_hash_table_iter_init(&iter, xenstore->runs);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        ((Run *)value)->is_watched = FALSE;
}

static void
on_opened(gpointer data)
{
    Xenstore *xenstore = data;
    GHashTableIter iter;
    gpointer uuid;
    if (xenstore->is_missed)
        g_message("Connected to xenstored again");
    xenstore->is_open = TRUE;
    xenstore->is_missed = FALSE;
    xenstore->tries = 0;
    g_hash_table_iter_init(&iter, xenstore->runs);
    while (g_hash_table_iter_next(&iter, &uuid, NULL))
        xpv_pacer_want(xenstore->pacer, uuid);
}

/* Returns: whether it is news. */
static gboolean
take_keys(Run *run, XpvGuestKeys *keys)
{
    if (run->keys.disk_drivers == keys->disk_drivers && run->keys.network_drivers == keys->network_drivers &&
        run->keys.run_began == keys->run_began && g_strcmp0(run->keys.report, keys->report) == 0 &&
        xpv_system_equal(&run->keys.system, &keys->system))
        return FALSE;
    xpv_guest_keys_clear(&run->keys);
    run->keys = *keys;
    *keys = (XpvGuestKeys){ 0 };
    return TRUE;
}

static void
on_read(guint number, XpvGuestKeys *keys, gpointer data)
{
    Xenstore *xenstore = data;
    Run *run = g_hash_table_lookup(xenstore->by_number, GUINT_TO_POINTER(number));
    if (!run)
        return;
    xpv_pacer_done(xenstore->pacer, run->uuid);
    xpv_awaited_remove(xenstore->awaited, run->uuid);
    if (keys && take_keys(run, keys))
        xenstore->context.changed(run->uuid, xenstore->context.data);
}

static void
on_changed(guint number, gpointer data)
{
    Xenstore *xenstore = data;
    Run *run = g_hash_table_lookup(xenstore->by_number, GUINT_TO_POINTER(number));
    if (run)
        xpv_pacer_want(xenstore->pacer, run->uuid);
}

static void
on_flooded(guint number, gpointer data)
{
    Xenstore *xenstore = data;
    Run *run = g_hash_table_lookup(xenstore->by_number, GUINT_TO_POINTER(number));
    if (!run)
        return;
    gint64 now = g_get_monotonic_time();
    if (run->flooded_at == 0)
        g_message("The guest of domain %s floods xenstore; it is read less often", run->uuid);
    else if (now - run->flooded_at > FLOOD_IS_OVER_US)
        run->n_floods = 0;
    run->flooded_at = now;
    unwatch(xenstore, run);
    xpv_pacer_rest(xenstore->pacer, run->uuid, FLOOD_REST_US << run->n_floods);
    xpv_pacer_want(xenstore->pacer, run->uuid);
    run->n_floods = MIN(run->n_floods + 1, FLOOD_REST_DOUBLINGS);
}

static gboolean
on_retry(gpointer data)
{
    Xenstore *xenstore = data;
    xenstore->retry_timer = 0;
    if (g_hash_table_size(xenstore->runs) > 0)
        start_session(xenstore);
    return G_SOURCE_REMOVE;
}

static void
on_ended(const GError *error, gpointer data)
{
    Xenstore *xenstore = data;
    if (xenstore->is_open)
        g_warning("%s; keeping the guests' last reports, trying again", error->message);
    else if (xenstore->tries == 0)
        g_info("%s; trying again", error->message);
    xenstore->is_missed = xenstore->is_missed || xenstore->is_open;
    drop_session(xenstore);
    xenstore->retry_timer = g_timeout_add(xpv_backoff_ms(xenstore->tries++), on_retry, xenstore);
    xpv_awaited_clear(xenstore->awaited);
}

static const XpvXenstoreSessionListener listener = {
    .opened = on_opened, .read = on_read, .changed = on_changed, .flooded = on_flooded, .ended = on_ended
};

static void
start_session(Xenstore *xenstore)
{
    xenstore->session = xpv_xenstore_session_new(xenstore->context.call_timeout, &listener, xenstore);
}

static gpointer
start(const XpvReportContext *context)
{
    if (!context->is_local)
        return NULL;
    Xenstore *xenstore = g_new0(Xenstore, 1);
    xenstore->context = *context;
    xenstore->runs = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, run_free);
    xenstore->by_number = g_hash_table_new(NULL, NULL);
    xenstore->pacer = xpv_pacer_new(read_run, xenstore);
    xenstore->awaited = xpv_awaited_new(context->settled, context->data);
    return xenstore;
}

static void
stop(gpointer self)
{
    Xenstore *xenstore = self;
    drop_session(xenstore);
    g_clear_handle_id(&xenstore->retry_timer, g_source_remove);
    xpv_awaited_free(xenstore->awaited);
    xpv_pacer_free(xenstore->pacer);
    g_hash_table_unref(xenstore->by_number);
    g_hash_table_unref(xenstore->runs);
    g_free(xenstore);
}

static Run *
add_run(Xenstore *xenstore, const char *uuid, gint id)
{
    Run *run = g_new0(Run, 1);
    run->uuid = xpv_intern(uuid);
    run->id = id;
    run->number = ++xenstore->last_run;
    g_hash_table_insert(xenstore->runs, run->uuid, run);
    g_hash_table_insert(xenstore->by_number, GUINT_TO_POINTER(run->number), run);
    if (!xenstore->session && xenstore->retry_timer == 0)
        start_session(xenstore);
    if (xenstore->is_open)
        xpv_pacer_want(xenstore->pacer, run->uuid);
    if (xenstore->session)
        xpv_awaited_add(xenstore->awaited, run->uuid);
    return run;
}

static void
end_run(Xenstore *xenstore, Run *run)
{
    unwatch(xenstore, run);
    xpv_awaited_remove(xenstore->awaited, run->uuid);
    xpv_pacer_forget(xenstore->pacer, run->uuid);
    g_hash_table_remove(xenstore->by_number, GUINT_TO_POINTER(run->number));
    g_hash_table_remove(xenstore->runs, run->uuid);
}

static void
ask(gpointer self, const XpvDomainXml *xml, XpvReported *reported)
{
    Xenstore *xenstore = self;
    Run *run = g_hash_table_lookup(xenstore->runs, xml->uuid);
    if (run && run->id != xml->id) {
        end_run(xenstore, run);
        run = NULL;
    }
    if (xml->id < 0)
        return;
    if (!run)
        run = add_run(xenstore, xml->uuid, xml->id);

    if (!reported->report) {
        xpv_reported_add(reported, run->keys.report);
        reported->is_live = reported->report != NULL;
    }
    reported->system = xpv_system_copy(&run->keys.system);
    reported->run_began = run->keys.run_began;
    if (xml->virtualization == XPV_VIRTUALIZATION_HVM) {
        reported->disk_drivers = run->keys.disk_drivers;
        reported->network_drivers = run->keys.network_drivers;
    }
}

static void
forget(gpointer self, const char *uuid)
{
    Xenstore *xenstore = self;
    Run *run = g_hash_table_lookup(xenstore->runs, uuid);
    if (run)
        end_run(xenstore, run);
}

static gboolean
is_settled(gpointer self)
{
    const Xenstore *xenstore = self;
    return xpv_awaited_is_empty(xenstore->awaited);
}

const XpvReportSource xpv_report_xenstore = {
    .start = start,
    .stop = stop,
    .ask = ask,
    .forget = forget,
    .is_settled = is_settled,
};
