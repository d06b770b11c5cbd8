/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The watcher with a fake host: the test decides every answer. */
#include "daemon/libvirt/watcher.h"

#include "daemon/libvirt/session.h"
#include "daemon/worker.h"
#include "tests/fake-connection.h"
#include "tests/loop.h"

/* On events, a domain is read at most this often. */
#define REST_US (G_USEC_PER_SEC / 4)

#define MAX_DOMAINS 200

typedef struct {
    XpvWatcher *watcher;
    GPtrArray *told;         /* of char *: everything that the watcher reported, in words */
    char *last[MAX_DOMAINS]; /* the last for each domain */
    gboolean is_connected;   /* as the daemon knows it: since the list came */
    guint64 refreshed;       /* the last serial */
    guint n_connected, n_disconnected, n_refreshed;
    guint most_hung; /* the most threads that hung when something was reported */
} Fixture;

static void
tell(Fixture *f, char *words)
{
    g_ptr_array_add(f->told, words);
    f->most_hung = MAX(f->most_hung, xpv_workers_count_abandoned());
}

static void
tell_domain(Fixture *f, const char *uuid, char *words)
{
    guint number = fake_number(uuid);
    g_free(f->last[number]);
    f->last[number] = g_strdup(words);
    tell(f, g_strdup_printf("%u %s", number, words));
    g_free(words);
}

static void
on_connected(const XpvLibvirtHost *host, gpointer data)
{
    Fixture *f = data;
    g_assert_cmpstr(host->hypervisor, ==, "Xen");
    f->n_connected++;
    tell(f, g_strdup("connected"));
}

static void
on_disconnected(const GError *error, gpointer data)
{
    Fixture *f = data;
    f->is_connected = FALSE;
    f->n_disconnected++;
    tell(f, g_strdup_printf("disconnected: %s", error->message));
}

static void
on_listed(GPtrArray *domains, gboolean is_whole, gpointer data)
{
    Fixture *f = data;
    GString *words = g_string_new(is_whole ? "listed" : "listed in part");
    for (guint i = 0; i < domains->len; i++)
        g_string_append_printf(words, " %u", fake_number(((XpvListedDomain *)domains->pdata[i])->uuid));
    f->is_connected = TRUE;
    tell(f, g_string_free(words, FALSE));
}

static void
on_read(const char *uuid, XpvReading *reading, gpointer data)
{
    g_assert_true(!reading->xml || g_str_equal(reading->xml->uuid, uuid));
    tell_domain(data, uuid,
                reading->xml ? g_strdup_printf("%s %d", reading->state, reading->xml->id)
                             : g_strdup_printf("%s", reading->state));
}

static void
on_gone(const char *uuid, gpointer data)
{
    tell_domain(data, uuid, g_strdup("gone"));
}

static void
on_run_began(const char *uuid, const XpvRunBegin *begin, gpointer data)
{
    tell_domain(data, uuid, g_strdup_printf("%s %d", begin->is_booted ? "booted" : "resumed", begin->id));
}

static void
on_unreadable(const char *uuid, const GError *error, gpointer data)
{
    tell_domain(data, uuid, g_strdup_printf("unreadable: %s", error->message));
}

static void
on_refreshed(guint64 serial, gpointer data)
{
    Fixture *f = data;
    g_assert_cmpuint(serial, >=, f->refreshed);
    f->refreshed = serial;
    f->n_refreshed++;
    tell(f, g_strdup_printf("refreshed %" G_GUINT64_FORMAT, serial));
}

static const XpvWatcherListener listener = {
    .connected = on_connected,
    .disconnected = on_disconnected,
    .listed = on_listed,
    .read = on_read,
    .gone = on_gone,
    .run_began = on_run_began,
    .unreadable = on_unreadable,
    .refreshed = on_refreshed,
};

static void
start(Fixture *f)
{
    f->watcher = xpv_watcher_new("fake:///", 1, &listener, f);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->told = g_ptr_array_new_with_free_func(g_free);
    fake_begin();
    fake_set_domain(1, 1, "running");
    fake_set_domain(2, -1, "shut-off");
}

/* Whatever hangs, the end does not wait for it. When it returns, it is freed, and nothing is reported. */
static void
tear_down(Fixture *f, gconstpointer data)
{
    g_clear_pointer(&f->watcher, xpv_watcher_free);
    guint told = f->told->len;
    fake_send_event(1); /* too late */
    fake_send_closed();
    fake_release_all();
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    settle();
    g_assert_cmpuint(f->told->len, ==, told);
    fake_end();
    for (guint number = 0; number < MAX_DOMAINS; number++)
        g_free(f->last[number]);
    g_ptr_array_unref(f->told);
}

/* expect_told: exactly these lines were reported since the last call. */
static void
expect_told(Fixture *f, const char *lines)
{
    g_ptr_array_add(f->told, NULL);
    g_autofree char *got = g_strjoinv("\n", (char **)f->told->pdata);
    g_assert_cmpstr(got, ==, lines);
    g_ptr_array_set_size(f->told, 0);
}

static void
forget_told(Fixture *f)
{
    g_ptr_array_set_size(f->told, 0);
}

/* Returns: the position of @words in what was reported since the last time */
static gint
find_told(Fixture *f, const char *words)
{
    guint at;
    g_assert_true(g_ptr_array_find_with_equal_func(f->told, words, g_str_equal, &at));
    return (gint)at;
}

static gboolean
is_last(Fixture *f, guint number, const char *words)
{
    return g_strcmp0(f->last[number], words) == 0;
}

static gboolean
is_last_like(Fixture *f, guint number, const char *prefix)
{
    return f->last[number] && g_str_has_prefix(f->last[number], prefix);
}

/* Starts, and waits for the end of the first refresh. */
static void
start_and_refresh(Fixture *f)
{
    start(f);
    wait_until(f->n_refreshed == 1);
    forget_told(f);
}

static void
test_first_refresh(Fixture *f, gconstpointer data)
{
    fake_remove_domain(2);
    start_and_refresh(f);
    g_assert_true(is_last(f, 1, "running 1"));
    g_assert_cmpuint(fake_count(FAKE_OPEN, FAKE_ALL), ==, 1);
    g_assert_cmpuint(fake_count(FAKE_LIST, FAKE_ALL), ==, 1);
    g_assert_cmpuint(fake_count(FAKE_READ, FAKE_ALL), ==, 1);
}

/* Nothing about a domain is reported before the list. The end of the refresh is reported last. */
static void
test_order(Fixture *f, gconstpointer data)
{
    fake_remove_domain(2);
    start(f);
    wait_until(f->n_refreshed == 1);
    expect_told(f, "connected\nlisted 1\n1 running 1\nrefreshed 1");
}

static void
test_empty_host(Fixture *f, gconstpointer data)
{
    fake_remove_domain(1);
    fake_remove_domain(2);
    start(f);
    wait_until(f->n_refreshed == 1);
    expect_told(f, "connected\nlisted\nrefreshed 1");
}

static void
test_event(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_set_domain(1, 1, "paused");
    fake_set_domain(2, 7, "running"); /* no event tells */
    fake_send_event(1);
    wait_until(is_last(f, 1, "paused 1"));
    expect_told(f, "1 paused 1");
    g_assert_true(is_last(f, 2, "shut-off -1"));
}

/* A pause changes nothing but the state, so that alone is read, unless something else has changed, too. */
static void
test_pause(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_set_domain(1, 1, "paused");
    fake_send_pause(1);
    wait_until(is_last(f, 1, "paused"));
    fake_set_domain(1, 1, "running");
    fake_send_event(1);
    fake_send_pause(1);
    wait_until(is_last(f, 1, "running 1"));
    expect_told(f, "1 paused\n1 running 1");
}

/* The list of an older server may lack a domain, so that nothing of it has been read. */
static void
test_pause_on_older_server(Fixture *f, gconstpointer data)
{
    fake_set_events(XPV_EVENTS_LIFECYCLE);
    start_and_refresh(f);
    fake_set_domain(1, 1, "paused");
    fake_send_pause(1);
    wait_until(is_last(f, 1, "paused 1"));
}

/* What could not be read is read, whatever the event. */
static void
test_pause_of_unreadable(Fixture *f, gconstpointer data)
{
    fake_fail(FAKE_READ, 1, TRUE);
    start_and_refresh(f);
    fake_fail(FAKE_READ, 1, FALSE);
    fake_send_pause(1);
    wait_until(is_last(f, 1, "running 1"));
}

/* A refresh reads everything, even of a domain whose state is being read. */
static void
test_refresh_during_pause(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_send_pause(1);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    guint64 serial = xpv_watcher_refresh(f->watcher);
    settle();
    fake_release(FAKE_READ, 1);
    wait_until(f->refreshed == serial);
    wait_until(is_last(f, 1, "running 1"));
}

/* Each event reports how a run began, even if one reading serves several events. */
static void
test_runs_begin(Fixture *f, gconstpointer data)
{
    const XpvRunBegin booted = { 7, TRUE }, resumed = { 8, FALSE };
    start_and_refresh(f);
    fake_set_domain(1, 8, "running");
    fake_send_begin(1, &booted);
    fake_send_begin(1, &resumed);
    wait_until(is_last(f, 1, "running 8"));
    expect_told(f, "1 booted 7\n1 resumed 8\n1 running 8");
}

/* Events that come before a reading cost one reading in all; those that come during it cost one more. */
static void
test_doubled_events(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    for (guint i = 0; i < 5; i++)
        fake_send_event(1);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    for (guint i = 0; i < 5; i++)
        fake_send_event(1);
    settle();
    fake_release(FAKE_READ, 1);
    wait_until(f->told->len == 2);
    expect_told(f, "1 running 1\n1 running 1");

    /* Two readings of another domain, with a rest between them. More readings of the first domain would have ended by
     * now. */
    for (guint i = 0; i < 2; i++) {
        fake_send_event(2);
        wait_until(f->told->len == i + 1);
    }
    expect_told(f, "2 shut-off -1\n2 shut-off -1");
    g_assert_cmpuint(fake_count(FAKE_READ, 1), ==, 3);
}

static void
test_event_of_unknown_domain(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_send_event(99);
    wait_until(is_last(f, 99, "gone"));
    expect_told(f, "99 gone");
}

static void
test_event_of_new_domain(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_set_domain(3, 3, "running");
    fake_send_event(3);
    wait_until(is_last(f, 3, "running 3"));
    expect_told(f, "3 running 3");
}

static void
test_late_event_of_gone_domain(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_remove_domain(1);
    fake_send_event(1);
    wait_until(is_last(f, 1, "gone"));
    forget_told(f);
    fake_send_event(1);
    wait_until(f->told->len > 0);
    expect_told(f, "1 gone");
    fake_set_domain(1, 9, "running"); /* it is defined again */
    fake_send_event(1);
    wait_until(is_last(f, 1, "running 9"));
}

/* Events during the opening are covered by the refresh that follows. */
static void
test_event_while_opening(Fixture *f, gconstpointer data)
{
    fake_remove_domain(2);
    fake_hang(FAKE_OPEN, FAKE_ALL);
    start(f);
    wait_until(fake_count_hanging(FAKE_OPEN, FAKE_ALL) == 1);
    fake_send_event(1);
    settle();
    fake_release(FAKE_OPEN, FAKE_ALL);
    wait_until(f->n_refreshed == 1);
    expect_told(f, "connected\nlisted 1\n1 running 1\nrefreshed 1");
}

/* What changes while the list is made is read after the list, whatever the list says. A domain that is new since then
 * is reported after the list, or else its receiver would take it for gone. */
static void
test_event_before_list(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_LIST, FAKE_ALL);
    start(f);
    wait_until(fake_count_hanging(FAKE_LIST, FAKE_ALL) == 1);
    fake_set_domain(3, 3, "running");
    fake_send_event(3);
    fake_set_domain(1, 1, "paused");
    fake_send_event(1);
    settle();
    expect_told(f, "connected");

    fake_release(FAKE_LIST, FAKE_ALL);
    wait_until(f->n_refreshed == 1 && is_last(f, 3, "running 3"));
    g_assert_cmpstr(f->told->pdata[0], ==, "listed 1 2");
    g_assert_true(is_last(f, 1, "paused 1"));
    g_assert_true(is_last(f, 2, "shut-off -1"));
}

/* The result may be older than the event, so the domain is read again. */
static void
test_event_during_read(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_set_domain(1, 1, "in-shutdown");
    fake_send_event(1);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    fake_set_domain(1, -1, "shut-off");
    fake_send_event(1);
    settle();
    fake_release(FAKE_READ, 1);
    wait_until(is_last(f, 1, "shut-off -1"));
    expect_told(f, "1 in-shutdown 1\n1 shut-off -1");
}

static void
test_event_during_first_refresh(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_READ, 1);
    start(f);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    g_assert_cmpuint(f->n_refreshed, ==, 0);
    fake_set_domain(1, -1, "shut-off");
    fake_send_event(1);
    settle();
    fake_release(FAKE_READ, 1);
    wait_until(is_last(f, 1, "shut-off -1"));
    g_assert_cmpuint(f->n_refreshed, ==, 1);
}

/* If a refresh is requested while a domain is read on an event, the domain is read once more, and the refresh waits for
 * that. */
static void
test_list_during_read(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_send_event(1);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    fake_set_domain(1, 1, "paused");
    guint64 serial = xpv_watcher_refresh(f->watcher);
    settle();
    g_assert_cmpuint(f->refreshed, <, serial);
    fake_release(FAKE_READ, 1);
    wait_until(f->refreshed == serial);
    g_assert_true(is_last(f, 1, "paused 1"));
    g_assert_cmpuint(fake_count(FAKE_READ, 1), ==, 3);
}

/* Without events, the host is polled every five seconds. After a longer poll, the next one does not follow at once. */
static void
test_polling(Fixture *f, gconstpointer data)
{
    fake_set_events(XPV_EVENTS_NONE);
    f->watcher = xpv_watcher_new("fake:///", 60, &listener, f);
    fake_hang(FAKE_READ, 1);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    let_pass(7000); /* the time of a poll passes */
    fake_release(FAKE_READ, 1);
    wait_until(f->n_refreshed == 1);
    g_assert_cmpuint(xpv_watcher_refresh(f->watcher), ==, f->refreshed + 1); /* none is under way */
    wait_until(f->n_refreshed == 2);
}

/* An event that came since the list began makes the list's state of its domain out of date. The domain is read again,
 * even if it rests. */
static void
test_event_during_list(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_LIST, FAKE_ALL);
    guint64 serial = xpv_watcher_refresh(f->watcher);
    wait_until(fake_count_hanging(FAKE_LIST, FAKE_ALL) == 1);
    fake_set_domain(1, 1, "paused");
    fake_send_event(1);
    settle();
    fake_release(FAKE_LIST, FAKE_ALL);
    wait_until(f->refreshed == serial);
    wait_until(is_last(f, 1, "paused 1"));
}

static gboolean
tick(gpointer data)
{
    guint *n_left = data;
    (*n_left)--;
    fake_set_domain(1, (gint)*n_left, *n_left == 0 ? "shut-off" : "running");
    fake_send_event(1);
    return *n_left > 0;
}

/* Checks that the domain, which had rested, was read seldom enough. */
static void
expect_few_reads(guint reads_before, gint64 since)
{
    gint64 elapsed = g_get_monotonic_time() - since;
    guint reads = fake_count(FAKE_READ, 1) - reads_before;
    g_test_message("%u reads in %" G_GINT64_FORMAT " ms", reads, elapsed / 1000);
    g_assert_cmpuint(reads, >, 0);
    g_assert_cmpuint(reads, <=, 1 + elapsed / REST_US);
}

/* 1,000 events of one domain, one after the other. */
static void
test_trickle(Fixture *f, gconstpointer data)
{
    guint n_left = 1000;
    start_and_refresh(f);
    gint64 since = g_get_monotonic_time();
    guint reads = fake_count(FAKE_READ, 1);
    g_timeout_add(1, tick, &n_left);
    wait_until(n_left == 0 && is_last(f, 1, "shut-off 0"));
    expect_few_reads(reads, since);
}

static gpointer
send_many(gpointer data)
{
    gint *n_left = data;
    for (gint i = 1; i <= 250; i++) {
        fake_set_domain(1, i, "running");
        fake_send_event(1);
    }
    g_atomic_int_add(n_left, -1);
    g_main_context_wakeup(NULL);
    return NULL;
}

/* 1,000 events of one domain, as fast as four threads can send them while it is read. */
static void
test_burst(Fixture *f, gconstpointer data)
{
    gint n_left = 4;
    start_and_refresh(f);
    gint64 since = g_get_monotonic_time();
    guint reads = fake_count(FAKE_READ, 1);
    fake_hang(FAKE_READ, 1);
    fake_send_event(1);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    fake_release(FAKE_READ, 1);
    for (gint i = n_left; i > 0; i--)
        g_thread_unref(g_thread_new("events", send_many, &n_left));
    wait_until(g_atomic_int_get(&n_left) == 0);
    fake_set_domain(1, -1, "shut-off");
    fake_send_event(1);
    wait_until(is_last(f, 1, "shut-off -1"));
    expect_few_reads(reads, since);
}

typedef struct {
    GRand *rand;
    guint n_left;
} Chaos;

/* Domains come, change and go. Events come for any of them in any order, some twice, some for no domain. */
static gboolean
make_chaos(gpointer data)
{
    Chaos *chaos = data;
    for (guint i = 0; i < 20; i++) {
        guint number = (guint)g_rand_int_range(chaos->rand, 1, 20);
        switch (g_rand_int_range(chaos->rand, 0, 4)) {
        case 0:
            fake_set_domain(number, g_rand_int_range(chaos->rand, 1, 1000), "running");
            break;
        case 1:
            fake_set_domain(number, -1, "shut-off");
            break;
        case 2:
            fake_remove_domain(number);
            break;
        default:
            fake_send_event((guint)g_rand_int_range(chaos->rand, 1, 30));
            fake_send_event((guint)g_rand_int_range(chaos->rand, 1, 30));
        }
    }
    return --chaos->n_left > 0;
}

/* In the end, the last report about each domain is what reading it finds. */
static void
test_chaos(Fixture *f, gconstpointer data)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    Chaos chaos = { rand, 200 };
    start_and_refresh(f);
    g_timeout_add(3, make_chaos, &chaos);
    wait_until(chaos.n_left == 0);
    for (guint number = 1; number < 20; number++)
        fake_set_domain(number, (gint)number, "paused");
    for (guint i = 0; i < 19; i++)
        fake_send_event((i * 7) % 19 + 1);
    for (guint number = 1; number < 20; number++) {
        g_autofree char *words = g_strdup_printf("paused %u", number);
        wait_until(is_last(f, number, words));
    }
    g_assert_cmpuint(f->n_disconnected, ==, 0);
}

static void
test_vanishes_after_list(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_LIST, FAKE_ALL);
    start(f);
    wait_until(fake_count_hanging(FAKE_LIST, FAKE_ALL) == 1);
    fake_remove_domain(1);
    fake_release(FAKE_LIST, FAKE_ALL);
    wait_until(f->n_refreshed == 1);
    g_assert_true(is_last(f, 1, "gone"));
    g_assert_true(is_last(f, 2, "shut-off -1"));
    g_assert_cmpuint(f->n_disconnected, ==, 0);
}

static void
test_unreadable(Fixture *f, gconstpointer data)
{
    fake_fail(FAKE_READ, 1, TRUE);
    start_and_refresh(f);
    g_assert_true(is_last(f, 1, "unreadable: fake: cannot read"));
    g_assert_true(is_last(f, 2, "shut-off -1"));
    fake_fail(FAKE_READ, 1, FALSE);
    fake_send_event(1);
    wait_until(is_last(f, 1, "running 1"));
    g_assert_cmpuint(f->n_connected, ==, 1);
    g_assert_cmpuint(f->n_disconnected, ==, 0);
}

/* Such a domain is read again by itself, as no event tells that the cause is gone. */
static void
test_unreadable_is_tried_again(Fixture *f, gconstpointer data)
{
    fake_fail(FAKE_READ, 1, TRUE);
    fake_fail(FAKE_READ, 2, TRUE);
    start_and_refresh(f);
    fake_remove_domain(2);
    fake_fail(FAKE_READ, 2, FALSE);
    wait_until(is_last(f, 2, "gone"));
    wait_until(fake_count(FAKE_READ, 1) == 3); /* and again */
    fake_fail(FAKE_READ, 1, FALSE);
    wait_until(is_last(f, 1, "running 1"));
    g_assert_cmpuint(fake_count(FAKE_READ, FAKE_ALL), ==, 6);
    g_assert_cmpuint(f->n_connected, ==, 1);
    g_assert_cmpuint(f->n_disconnected, ==, 0);
}

/* A reading that fails because the connection is closed is no report about the domain. */
static void
test_lost_during_read(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_lose(1, TRUE);
    fake_send_event(1);
    wait_until(f->n_disconnected == 1);
    expect_told(f, "disconnected: fake:///: libvirt has closed the connection");
    fake_lose(1, FALSE);
    wait_until(f->n_refreshed == 2);
    g_assert_true(is_last(f, 1, "running 1"));
}

/* Nor is one over the separate connection on which a domain is tried again after it hung. */
static void
test_lost_while_domain_hangs(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_send_event(1);
    wait_until(f->n_refreshed == 2);
    fake_lose(1, TRUE);
    fake_release(FAKE_READ, 1);
    forget_told(f);
    wait_until(fake_count(FAKE_READ, 1) == 3); /* it fails again */
    expect_told(f, "");
    fake_lose(1, FALSE);
    wait_until(is_last(f, 1, "running 1"));
    g_assert_cmpuint(f->n_disconnected, ==, 0);
}

/* The other domains go on over a new connection, and are read again, as events may have been missed. The hanging domain
 * is tried again, and reported as soon as it answers. */
static void
test_domain_hangs(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_send_event(1);
    wait_until(f->n_refreshed == 2);
    g_assert_cmpuint(fake_count(FAKE_OPEN, FAKE_ALL), ==, 2);
    expect_told(f, "1 unreadable: libvirt has not answered for 1 s\nconnected\nlisted 1 2\n"
                   "1 unreadable: libvirt has not answered for 1 s\n2 shut-off -1\nrefreshed 1");

    fake_set_domain(2, 2, "running");
    fake_send_event(2);
    wait_until(is_last(f, 2, "running 2"));
    fake_send_event(1);                        /* does not make the others hang again */
    wait_until(fake_count(FAKE_READ, 1) == 3); /* tried again */
    wait_until(fake_count(FAKE_READ, 1) == 4); /* and again */
    g_assert_cmpuint(f->n_connected, ==, 2);
    g_assert_cmpuint(f->n_disconnected, ==, 0);
    expect_told(f, "2 running 2");

    fake_set_domain(1, 5, "paused");
    fake_release(FAKE_READ, 1);
    wait_until(is_last_like(f, 1, "paused"));
    g_assert_cmpuint(f->n_disconnected, ==, 0);

    /* It is treated like the others again. */
    fake_set_domain(1, 6, "running");
    fake_send_event(1);
    wait_until(is_last(f, 1, "running 6"));
}

/* A new domain that hangs is listed first, then reported as unreadable. */
static void
test_new_domain_hangs(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_set_domain(3, 3, "running");
    fake_hang(FAKE_READ, 3);
    fake_send_event(3);
    wait_until(f->n_refreshed == 2);
    g_assert_cmpint(find_told(f, "listed 1 2 3"), <, find_told(f, "2 shut-off -1"));
    g_ptr_array_remove_range(f->told, 0, (guint)find_told(f, "listed 1 2 3"));
    find_told(f, "3 unreadable: libvirt has not answered for 1 s");
}

/* A domain that hung is read again when it returns, as nobody listened to its events. */
static void
test_domain_changes_as_it_returns(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_send_event(1);
    wait_until(f->n_refreshed == 2);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 2); /* this answer is from before the change */
    fake_set_domain(1, 5, "paused");
    fake_send_event(1);
    settle();
    fake_release(FAKE_READ, 1);
    wait_until(is_last(f, 1, "paused 5"));
}

static void
test_hanging_domain_goes(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_send_event(1);
    wait_until(f->n_refreshed == 2);
    fake_remove_domain(1);
    fake_release(FAKE_READ, 1);
    wait_until(is_last(f, 1, "gone"));
}

/* A refresh that a hanging domain interrupts is repeated, and then also covers that domain. */
static void
test_domain_hangs_first_refresh(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_READ, 1);
    start(f);
    wait_until(f->n_refreshed == 1);
    g_assert_cmpuint(f->refreshed, ==, 1);
    g_assert_cmpuint(f->n_connected, ==, 2);
    g_assert_true(is_last_like(f, 1, "unreadable"));
    g_assert_true(is_last(f, 2, "shut-off -1"));
}

static void
test_list_hangs(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_LIST, FAKE_ALL);
    start(f);
    wait_until(f->n_disconnected == 1);
    expect_told(f, "connected\ndisconnected: fake:///: libvirt has not answered for 1 s");
    fake_release(FAKE_LIST, FAKE_ALL);
    wait_until(f->n_refreshed == 1);
    g_assert_true(f->is_connected);
    g_assert_true(is_last(f, 1, "running 1"));
}

/* If a call about no domain hangs, the connection is lost, even if a domain hangs too. */
static void
test_list_and_domain_hang(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_hang(FAKE_LIST, FAKE_ALL);
    fake_send_event(1);
    xpv_watcher_refresh(f->watcher);
    wait_until(f->n_disconnected == 1);
    fake_release(FAKE_LIST, FAKE_ALL);
    wait_until(is_last_like(f, 1, "unreadable") && f->n_refreshed >= 2);
}

static void
test_open_hangs(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_OPEN, FAKE_ALL);
    start(f);
    wait_until(f->n_disconnected == 1);
    expect_told(f, "disconnected: fake:///: libvirt has not answered for 1 s");
    fake_release(FAKE_OPEN, FAKE_ALL);
    wait_until(f->n_refreshed == 1);
}

/* The first tries come after about 1 s and 2 s. */
static void
test_open_fails(Fixture *f, gconstpointer data)
{
    fake_fail(FAKE_OPEN, FAKE_ALL, TRUE);
    start(f);
    wait_until(f->n_disconnected == 2);
    fake_fail(FAKE_OPEN, FAKE_ALL, FALSE);
    wait_until(f->n_refreshed == 1);
    g_assert_cmpuint(f->n_disconnected, ==, 2);
    g_assert_cmpuint(fake_count(FAKE_OPEN, FAKE_ALL), ==, 3);
    g_assert_cmpint(fake_opened_at(1) - fake_opened_at(0), >=, 800 * 1000);
    g_assert_cmpint(fake_opened_at(2) - fake_opened_at(1), >=, 1600 * 1000);
    g_assert_cmpstr(f->told->pdata[0], ==, "disconnected: fake: cannot connect");

    /* Afterwards the delays start again with the first. */
    fake_send_closed();
    wait_until(f->n_refreshed == 2);
    g_assert_cmpint(fake_opened_at(3) - fake_opened_at(2), >=, 800 * 1000);
    g_assert_cmpint(fake_opened_at(3) - fake_opened_at(2), <, 3 * G_USEC_PER_SEC);
}

static void
test_list_fails(Fixture *f, gconstpointer data)
{
    fake_fail(FAKE_LIST, FAKE_ALL, TRUE);
    start(f);
    wait_until(f->n_disconnected == 1);
    expect_told(f, "connected\ndisconnected: fake: cannot list");
    fake_fail(FAKE_LIST, FAKE_ALL, FALSE);
    wait_until(f->n_refreshed == 1);
}

/* The end of a connection is reported once, even if libvirt tells it twice, and again for the old connection. */
static void
test_closed(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, 1);
    fake_send_event(1);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 1);
    fake_send_closed();
    fake_send_closed();
    wait_until(f->n_disconnected == 1);
    expect_told(f, "disconnected: fake:///: libvirt has closed the connection");
    fake_send_closed(); /* the first connection still hangs */
    fake_release(FAKE_READ, 1);
    wait_until(f->n_refreshed == 2);
    g_assert_cmpuint(f->n_disconnected, ==, 1);
    g_assert_cmpuint(fake_count(FAKE_OPEN, FAKE_ALL), ==, 2);
}

static void
test_serials(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_cmpuint(xpv_watcher_refresh(f->watcher), ==, 1); /* the first refresh has not begun */
    g_assert_cmpuint(xpv_watcher_refresh(f->watcher), ==, 1);
    wait_until(f->refreshed == 1);
    g_assert_cmpuint(fake_count(FAKE_LIST, FAKE_ALL), ==, 1);

    /* A refresh that is under way may have missed a change that the caller has just made. So all who ask meanwhile
     * share the next one. */
    fake_hang(FAKE_LIST, FAKE_ALL);
    g_assert_cmpuint(xpv_watcher_refresh(f->watcher), ==, 2);
    wait_until(fake_count_hanging(FAKE_LIST, FAKE_ALL) == 1);
    fake_set_domain(3, 3, "running");
    g_assert_cmpuint(xpv_watcher_refresh(f->watcher), ==, 3);
    g_assert_cmpuint(xpv_watcher_refresh(f->watcher), ==, 3);
    forget_told(f);
    fake_release(FAKE_LIST, FAKE_ALL);
    wait_until(f->refreshed == 3);
    g_assert_cmpint(find_told(f, "refreshed 2"), >, find_told(f, "listed 1 2"));
    g_assert_cmpint(find_told(f, "listed 1 2 3"), >, find_told(f, "refreshed 2"));
    g_assert_cmpint(find_told(f, "3 running 3"), >, find_told(f, "listed 1 2 3"));
    g_assert_cmpint(find_told(f, "refreshed 3"), >, find_told(f, "3 running 3"));
    g_assert_cmpuint(f->n_refreshed, ==, 3);
    g_assert_cmpuint(fake_count(FAKE_LIST, FAKE_ALL), ==, 3);
}

/* At the end of a refresh, everything that it read has been reported. */
static void
test_refresh_is_whole(Fixture *f, gconstpointer data)
{
    for (guint number = 1; number < 100; number++)
        fake_set_domain(number, -1, "shut-off");
    start_and_refresh(f);
    for (guint number = 1; number < 100; number++) {
        fake_set_domain(number, (gint)number, "running");
        if (number % 3 == 0)
            fake_send_event(number);
    }
    guint64 serial = xpv_watcher_refresh(f->watcher);
    wait_until(f->refreshed == serial);
    for (guint number = 1; number < 100; number++) {
        g_autofree char *words = g_strdup_printf("running %u", number);
        g_assert_true(is_last(f, number, words));
    }
}

/* A refresh that is requested without a connection does not wait for the backoff. One try is made soon, for all who
 * ask; if it fails, they get an error. */
static void
test_refresh_while_disconnected(Fixture *f, gconstpointer data)
{
    fake_fail(FAKE_OPEN, FAKE_ALL, TRUE);
    start(f);
    for (guint i = 1; i <= 4; i++) {
        wait_until(f->n_disconnected == i);
        for (guint n = 0; n < 100; n++)
            g_assert_cmpuint(xpv_watcher_refresh(f->watcher), ==, 1);
    }
    fake_fail(FAKE_OPEN, FAKE_ALL, FALSE);
    wait_until(f->refreshed == 1);
    g_assert_cmpuint(fake_count(FAKE_OPEN, FAKE_ALL), ==, 5);
    /* With the backoff alone, four tries take at least 12 s; without a pause, no time at all. */
    g_assert_cmpint(fake_opened_at(4) - fake_opened_at(0), <, 10 * G_USEC_PER_SEC);
    g_assert_cmpint(fake_opened_at(4) - fake_opened_at(0), >, 2 * G_USEC_PER_SEC);
}

static void
test_refresh_is_given_up(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_LIST, FAKE_ALL);
    guint64 serial = xpv_watcher_refresh(f->watcher);
    wait_until(f->n_disconnected == 1);
    g_assert_cmpuint(f->refreshed, <, serial);
    fake_release(FAKE_LIST, FAKE_ALL);
    wait_until(f->refreshed == serial);
}

/* The watcher is freed before a thread has taken up the work. */
static void
test_free_at_once(Fixture *f, gconstpointer data)
{
    for (guint i = 0; i < 50; i++) {
        start(f);
        g_clear_pointer(&f->watcher, xpv_watcher_free);
    }
}

static void
test_free_while_opening(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_OPEN, FAKE_ALL);
    start(f);
    wait_until(fake_count_hanging(FAKE_OPEN, FAKE_ALL) == 1);
}

static void
test_free_while_listing(Fixture *f, gconstpointer data)
{
    fake_hang(FAKE_LIST, FAKE_ALL);
    start(f);
    wait_until(fake_count_hanging(FAKE_LIST, FAKE_ALL) == 1);
}

/* The watcher is freed with answers that are not handled yet. */
static void
test_free_while_reading(Fixture *f, gconstpointer data)
{
    for (guint number = 1; number < 100; number++)
        fake_set_domain(number, -1, "shut-off");
    fake_hang(FAKE_READ, 50);
    start(f);
    wait_until(fake_count_hanging(FAKE_READ, 50) == 1);
}

static void
test_free_while_domain_hangs(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    fake_hang(FAKE_READ, FAKE_ALL);
    fake_send_event(1);
    fake_send_event(2);
    wait_until(fake_count_hanging(FAKE_READ, 1) == 2 || fake_count_hanging(FAKE_READ, 2) == 2);
    g_assert_cmpuint(xpv_workers_count_abandoned(), >, 0);
}

static void
test_free_while_disconnected(Fixture *f, gconstpointer data)
{
    fake_fail(FAKE_OPEN, FAKE_ALL, TRUE);
    start(f);
    wait_until(f->n_disconnected == 1);
}

static void
test_free_nothing(Fixture *f, gconstpointer data)
{
    xpv_watcher_free(NULL);
}

/* When every domain hangs, the watcher stops before it uses up all threads, and goes on when they return. */
static void
test_hung_threads_are_bounded(Fixture *f, gconstpointer data)
{
    for (guint number = 1; number <= 100; number++)
        fake_set_domain(number, 1, "running");
    fake_hang(FAKE_READ, FAKE_ALL);
    start(f);
    wait_until(f->n_disconnected == 1);
    find_told(f, "disconnected: fake:///: too many calls of libvirt hang");
    g_assert_cmpuint(f->most_hung, >=, 16);
    g_assert_cmpuint(f->most_hung, <=, 32);

    /* Until then, a request for a refresh fails. */
    guint opens = fake_count(FAKE_OPEN, FAKE_ALL);
    guint64 serial = xpv_watcher_refresh(f->watcher);
    wait_until(f->n_disconnected == 2);
    g_assert_cmpuint(fake_count(FAKE_OPEN, FAKE_ALL), ==, opens);
    g_assert_cmpuint(fake_count_hanging(FAKE_READ, FAKE_ALL), <=, 32);

    fake_release_all();
    wait_until(f->refreshed >= serial);
    for (guint number = 1; number <= 100; number++)
        wait_until(is_last(f, number, "running 1"));
    wait_until(xpv_workers_count_abandoned() == 0);
}

/* A new timeout applies from the next connection. */
static void
test_set_timeout(Fixture *f, gconstpointer data)
{
    start_and_refresh(f);
    xpv_watcher_set_timeout(f->watcher, 2);
    fake_hang(FAKE_LIST, FAKE_ALL);
    xpv_watcher_refresh(f->watcher);
    wait_until(f->n_disconnected == 1);
    wait_until(f->n_connected == 2);
    gint64 since = g_get_monotonic_time();
    forget_told(f);
    wait_until(f->n_disconnected == 2);
    expect_told(f, "disconnected: fake:///: libvirt has not answered for 2 s");
    g_assert_cmpint(g_get_monotonic_time() - since, >=, 3 * G_USEC_PER_SEC / 2);
}

static void
add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    add("/watcher/first-refresh", test_first_refresh);
    add("/watcher/order", test_order);
    add("/watcher/empty-host", test_empty_host);
    add("/watcher/event", test_event);
    add("/watcher/pause", test_pause);
    add("/watcher/pause-on-older-server", test_pause_on_older_server);
    add("/watcher/pause-of-unreadable", test_pause_of_unreadable);
    add("/watcher/refresh-during-pause", test_refresh_during_pause);
    add("/watcher/runs-begin", test_runs_begin);
    add("/watcher/doubled-events", test_doubled_events);
    add("/watcher/event-of-unknown-domain", test_event_of_unknown_domain);
    add("/watcher/event-of-new-domain", test_event_of_new_domain);
    add("/watcher/late-event-of-gone-domain", test_late_event_of_gone_domain);
    add("/watcher/event-while-opening", test_event_while_opening);
    add("/watcher/event-before-list", test_event_before_list);
    add("/watcher/event-during-read", test_event_during_read);
    add("/watcher/event-during-first-refresh", test_event_during_first_refresh);
    add("/watcher/list-during-read", test_list_during_read);
    add("/watcher/polling", test_polling);
    add("/watcher/event-during-list", test_event_during_list);
    add("/watcher/trickle", test_trickle);
    add("/watcher/burst", test_burst);
    add("/watcher/chaos", test_chaos);
    add("/watcher/vanishes-after-list", test_vanishes_after_list);
    add("/watcher/unreadable", test_unreadable);
    add("/watcher/unreadable-is-tried-again", test_unreadable_is_tried_again);
    add("/watcher/lost-during-read", test_lost_during_read);
    add("/watcher/lost-while-domain-hangs", test_lost_while_domain_hangs);
    add("/watcher/domain-hangs", test_domain_hangs);
    add("/watcher/new-domain-hangs", test_new_domain_hangs);
    add("/watcher/domain-changes-as-it-returns", test_domain_changes_as_it_returns);
    add("/watcher/hanging-domain-goes", test_hanging_domain_goes);
    add("/watcher/domain-hangs-first-refresh", test_domain_hangs_first_refresh);
    add("/watcher/list-hangs", test_list_hangs);
    add("/watcher/list-and-domain-hang", test_list_and_domain_hang);
    add("/watcher/open-hangs", test_open_hangs);
    add("/watcher/open-fails", test_open_fails);
    add("/watcher/list-fails", test_list_fails);
    add("/watcher/closed", test_closed);
    add("/watcher/serials", test_serials);
    add("/watcher/refresh-is-whole", test_refresh_is_whole);
    add("/watcher/refresh-while-disconnected", test_refresh_while_disconnected);
    add("/watcher/refresh-is-given-up", test_refresh_is_given_up);
    add("/watcher/free-at-once", test_free_at_once);
    add("/watcher/free-while-opening", test_free_while_opening);
    add("/watcher/free-while-listing", test_free_while_listing);
    add("/watcher/free-while-reading", test_free_while_reading);
    add("/watcher/free-while-domain-hangs", test_free_while_domain_hangs);
    add("/watcher/free-while-disconnected", test_free_while_disconnected);
    add("/watcher/free-nothing", test_free_nothing);
    add("/watcher/hung-threads-are-bounded", test_hung_threads_are_bounded);
    add("/watcher/set-timeout", test_set_timeout);
    return g_test_run();
}
