/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The watcher and its connection, with servers of several ages and one that lies. */
#include "daemon/libvirt/watcher.h"
#include "daemon/worker.h"
#include "tests/fake-libvirt.h"
#include "tests/loop.h"

#define DOMAINS 10
#define RUNNING 6 /* domains 1 to 6 run */

typedef struct {
    XpvWatcher *watcher;
    GString *told; /* the changes of domains, without lists and readings that change nothing */
    char *last[DOMAINS + 1];
    guint n_refreshed, n_connected;
    gboolean is_whole;
    guint n_listed;
    char *vendor, *machine;
    char *error; /* the last that ended the connection */
} Fixture;

static void
on_connected(const XpvLibvirtHost *host, gpointer data)
{
    Fixture *f = data;
    f->n_connected++;
    g_free(f->vendor);
    g_free(f->machine);
    f->vendor = g_strdup(host->vendor);
    f->machine = g_strdup(host->machine);
}

static void
on_disconnected(const GError *error, gpointer data)
{
    Fixture *f = data;
    g_free(f->error);
    f->error = g_strdup(error->message);
}

static void
on_listed(GPtrArray *domains, gboolean is_whole, gpointer data)
{
    Fixture *f = data;
    f->n_listed = domains->len;
    f->is_whole = is_whole;
}

static void
tell(Fixture *f, const char *uuid, char *words)
{
    guint number = fake_number(uuid);
    if (g_strcmp0(f->last[number], words) != 0)
        g_string_append_printf(f->told, "%u %s\n", number, words);
    g_free(f->last[number]);
    f->last[number] = words;
}

static void
on_read(const char *uuid, XpvReading *reading, gpointer data)
{
    Fixture *f = data;
    const char *last = f->last[fake_number(uuid)];
    if (reading->xml)
        tell(f, uuid, g_strdup_printf("%d %s", reading->xml->id, reading->state));
    else /* only the state was read */
        tell(f, uuid, g_strdup_printf("%d %s", (gint)g_ascii_strtoll(last, NULL, 10), reading->state));
}

static void
on_gone(const char *uuid, gpointer data)
{
    tell(data, uuid, g_strdup("gone"));
}

static void
on_unreadable(const char *uuid, const GError *error, gpointer data)
{
    Fixture *f = data;
    g_string_append_printf(f->told, "%u unreadable\n", fake_number(uuid));
}

/* test-watcher.c tests these calls. */
static void
on_run_began(const char *uuid, const XpvRunBegin *begin, gpointer data)
{
}

static void
on_refreshed(guint64 serial, gpointer data)
{
    Fixture *f = data;
    f->n_refreshed++;
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

/* @data: FakeAge */
static void
set_up(Fixture *f, gconstpointer data)
{
    f->told = g_string_new(NULL);
    fake_begin((FakeAge)GPOINTER_TO_UINT(data));
    for (guint i = 1; i <= DOMAINS; i++)
        fake_set_domain(i, i <= RUNNING ? (int)i : -1, i <= RUNNING ? VIR_DOMAIN_RUNNING : VIR_DOMAIN_SHUTOFF);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    xpv_watcher_free(f->watcher);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    settle();
    fake_end();
    for (guint i = 0; i <= DOMAINS; i++)
        g_free(f->last[i]);
    g_string_free(f->told, TRUE);
    g_free(f->vendor);
    g_free(f->machine);
    g_free(f->error);
}

static void
start(Fixture *f)
{
    f->watcher = xpv_watcher_new("xen:///", 60, &listener, f);
    wait_until(f->n_refreshed == 1);
}

static void
wait_for_poll(Fixture *f)
{
    guint n = f->n_refreshed;
    wait_until(f->n_refreshed > n);
}

static void
expect_told(Fixture *f, const char *lines)
{
    g_assert_cmpstr(f->told->str, ==, lines);
    g_string_truncate(f->told, 0);
}

static void
start_and_forget(Fixture *f)
{
    start(f);
    g_assert_cmpuint(f->n_listed, ==, DOMAINS);
    g_assert_true(f->is_whole);
    g_assert_cmpstr(f->last[1], ==, "1 running");
    g_assert_cmpstr(f->last[DOMAINS], ==, "-1 shut-off");
    g_string_truncate(f->told, 0);
    fake_forget();
}

static void
test_host(Fixture *f, gconstpointer data)
{
    start(f);
    g_assert_cmpstr(f->vendor, ==, "AMD"); /* from the feature svm */
    g_assert_cmpuint(strlen(f->machine), ==, 32);
}

/* What a poll costs, and what it notices. */
static void
test_poll(Fixture *f, gconstpointer data)
{
    start_and_forget(f);
    wait_for_poll(f);
    g_assert_cmpuint(fake_count_all(), <=, DOMAINS + 3);
    g_assert_cmpuint(fake_count(FAKE_LACKING), ==, 0); /* unsupported calls are tried once for each connection */
    g_assert_cmpuint(fake_count(FAKE_XMLS), ==, 0);
    expect_told(f, "");

    fake_set_domain(1, 1, VIR_DOMAIN_PAUSED);
    fake_set_domain(2, -1, VIR_DOMAIN_SHUTOFF);
    fake_set_domain(DOMAINS, 20, VIR_DOMAIN_RUNNING);
    for (guint i = 3; i <= RUNNING; i++)
        fake_set_domain(i, (int)i, i % 2 ? VIR_DOMAIN_BLOCKED : VIR_DOMAIN_NOSTATE); /* these vary */
    wait_for_poll(f);
    g_assert_cmpstr(f->last[1], ==, "1 paused");
    g_assert_cmpstr(f->last[2], ==, "-1 shut-off");
    g_assert_cmpstr(f->last[DOMAINS], ==, "20 running");
    g_string_truncate(f->told, 0);

    for (guint i = 3; i <= RUNNING; i++)
        fake_set_domain(i, (int)i, VIR_DOMAIN_RUNNING);
    wait_for_poll(f);
    expect_told(f, "");
}

/* A refresh on request reads everything. */
static void
test_refresh(Fixture *f, gconstpointer data)
{
    start_and_forget(f);
    xpv_watcher_refresh(f->watcher);
    wait_for_poll(f);
    g_assert_cmpuint(fake_count(FAKE_XMLS), ==, DOMAINS);
    g_assert_cmpuint(fake_count(FAKE_STATES), ==, RUNNING);
    g_assert_cmpuint(fake_count(FAKE_LOOKUPS), ==, 0);
    expect_told(f, "");
}

/* While xend is away, no run ends, and no domain goes or stops: not in polls, nor over a new connection. */
static void
test_xend_away(Fixture *f, gconstpointer data)
{
    start_and_forget(f);
    fake_set_xend(FALSE);
    if (GPOINTER_TO_UINT(data) < FAKE_0_8_2) { /* newer servers are polled once a minute */
        wait_for_poll(f);
        expect_told(f, "");
        wait_for_poll(f);
        g_assert_true(f->is_whole);
        expect_told(f, "");
    }

    xpv_watcher_refresh(f->watcher);
    wait_for_poll(f);
    g_assert_null(strstr(f->told->str, "gone"));
    g_assert_null(strstr(f->told->str, "shut-off"));
    g_assert_nonnull(strstr(f->told->str, "1 unreadable\n"));
    g_string_truncate(f->told, 0);

    guint n = f->n_refreshed;
    fake_close();
    wait_until(f->n_connected == 2 && f->n_refreshed > n);
    g_assert_null(strstr(f->told->str, "gone"));
    g_assert_null(strstr(f->told->str, "shut-off"));
    g_assert_true(f->is_whole || GPOINTER_TO_UINT(data) == FAKE_0_3_3);

    fake_set_xend(TRUE);
    xpv_watcher_refresh(f->watcher);
    wait_for_poll(f);
    g_assert_true(f->is_whole);
    g_assert_cmpuint(f->n_listed, ==, DOMAINS);
    for (guint i = 1; i <= DOMAINS; i++) {
        g_autofree char *words = i <= RUNNING ? g_strdup_printf("%u running", i) : g_strdup("-1 shut-off");
        g_assert_cmpstr(f->last[i], ==, words);
    }
}

/* A domain that no list had before, and that cannot be looked up, makes the list incomplete. */
static void
test_partial_list(Fixture *f, gconstpointer data)
{
    start_and_forget(f);
    fake_set_xend(FALSE);
    fake_set_domain(DOMAINS, 30, VIR_DOMAIN_RUNNING);
    xpv_watcher_refresh(f->watcher);
    wait_for_poll(f);
    g_assert_false(f->is_whole);
    g_assert_cmpuint(f->n_listed, ==, DOMAINS - 1);
    g_assert_cmpstr(f->last[DOMAINS], ==, "-1 shut-off");
}

/* An event brings a handle, so that one call for the XML and one for the state are enough. */
static void
test_event(Fixture *f, gconstpointer data)
{
    start_and_forget(f);
    fake_set_domain(1, 40, VIR_DOMAIN_PAUSED);
    fake_send_event(1);
    fake_send_event(1); /* this handle replaces the one before, if that is still unused */
    fake_send_event(2);
    wait_until(g_strcmp0(f->last[1], "40 paused") == 0);
    let_pass(500);
    g_assert_cmpuint(fake_count(FAKE_XMLS), >=, 2);
    g_assert_cmpuint(fake_count(FAKE_LOOKUPS), ==, 0);
    fake_send_event(3); /* is not read any more */
}

/* With a server that reports only starts and stops, the handle's id is no newer than the event: the domain is looked
 * up. */
static void
test_event_of_old_server(Fixture *f, gconstpointer data)
{
    start_and_forget(f);
    fake_set_domain(1, 40, VIR_DOMAIN_RUNNING);
    fake_send_event(1);
    wait_until(g_strcmp0(f->last[1], "40 running") == 0);
    g_assert_cmpuint(fake_count(FAKE_LOOKUPS), ==, 1);
}

static void
test_failed_list(Fixture *f, gconstpointer data)
{
    start_and_forget(f);
    fake_fail_lists("out of memory");
    xpv_watcher_refresh(f->watcher);
    wait_until(f->error);
    g_assert_cmpstr(f->error, ==, "Cannot list the domains of xen:///: out of memory");
}

/* The daemon logs the error: a server must not put a line of its own, or endless ones, into the log. */
static void
test_hostile_error(Fixture *f, gconstpointer data)
{
    g_autofree char *message = g_strdup_printf("no\nline\x1b[2J \xff%0100000d", 0);
    start_and_forget(f);
    fake_fail_lists(g_intern_string(message));
    xpv_watcher_refresh(f->watcher);
    wait_until(f->error);
    g_assert_true(g_str_has_prefix(f->error, "Cannot list the domains of xen:///: no line[2J \xef\xbf\xbd"
                                             "000"));
    g_assert_cmpuint(strlen(f->error), <, 2000);
}

/* Lists have their real length, even if the server claims more, and another domain's XML is refused. */
static void
test_lies(Fixture *f, gconstpointer data)
{
    fake_lie();
    start(f);
    g_assert_cmpuint(f->n_listed, ==, DOMAINS);
    for (guint i = 1; i <= DOMAINS; i++)
        g_assert_null(f->last[i]);
    g_assert_nonnull(strstr(f->told->str, "1 unreadable\n"));
}

static void
add(const char *name, FakeAge age, void (*test)(Fixture *f, gconstpointer data))
{
    static const char *const ages[] = { "0.3.3", "0.6.3", "0.8.2", "9.0" };
    g_autofree char *path = g_strdup_printf("/old-servers/%s/%s", ages[age], name);
    g_test_add(path, Fixture, GUINT_TO_POINTER(age), set_up, test, tear_down);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_assert_true(xpv_libvirt_init(NULL));
    for (FakeAge age = FAKE_0_3_3; age <= FAKE_9_0; age++)
        add("failed-list", age, test_failed_list);
    for (FakeAge age = FAKE_0_3_3; age <= FAKE_0_8_2; age++) {
        add("host", age, test_host);
        add("refresh", age, test_refresh);
        add("xend-away", age, test_xend_away);
    }
    add("poll", FAKE_0_3_3, test_poll);
    add("poll", FAKE_0_6_3, test_poll);
    add("partial-list", FAKE_0_3_3, test_partial_list);
    add("event", FAKE_0_8_2, test_event_of_old_server);
    add("event", FAKE_9_0, test_event);
    add("hostile-error", FAKE_9_0, test_hostile_error);
    add("lies", FAKE_9_0, test_lies);
    return g_test_run();
}
