/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd is told, over a socket that stands in for systemd's. */
#include "daemon/service.h"

#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <unistd.h>

#include "daemon/session.h"
#include "daemon/source.h"
#include "daemon/workers.h"
#include "tests/expect.h"
#include "tests/fake-libvirt.h"
#include "tests/loop.h"

static char *folder;
static char *notify_path;

/* A stand-in for systemd, and for what a service asks. */
typedef struct {
    GSocket *socket;
    guint watch;
    GPtrArray *told; /* of char *: the messages */
    XpvService *service;

    gboolean (*is_alive)(gpointer data);
    gpointer alive_data;
    guint n_alive; /* how often it was said to live, and not to */
    guint n_dead;
} Systemd;

static GSocket *
bind_socket(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
    GSocket *bound = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
    g_remove(path);
    g_assert_no_error(error);
    g_assert_true(g_socket_bind(bound, address, FALSE, &error));
    return bound;
}

static gboolean
on_message(gint fd, GIOCondition condition, gpointer data)
{
    Systemd *systemd = data;
    char message[4096];
    gssize n = g_socket_receive(systemd->socket, message, sizeof message, NULL, NULL);
    g_assert_cmpint(n, >, 0);
    g_ptr_array_add(systemd->told, g_strndup(message, (gsize)n));
    return G_SOURCE_CONTINUE;
}

static gboolean
count_life(gpointer data)
{
    Systemd *systemd = data;
    gboolean alive = !systemd->is_alive || systemd->is_alive(systemd->alive_data);
    systemd->n_alive += alive ? 1 : 0;
    systemd->n_dead += alive ? 0 : 1;
    return alive;
}

/* @watchdog_ms: 0: none */
static void
set_up(Systemd *systemd, guint watchdog_ms)
{
    g_autofree char *us = g_strdup_printf("%u", watchdog_ms * 1000);
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    *systemd = (Systemd){ .socket = bind_socket(notify_path) };
    systemd->told = g_ptr_array_new_with_free_func(g_free);
    systemd->watch = g_unix_fd_add(g_socket_get_fd(systemd->socket), G_IO_IN, on_message, systemd);
    g_setenv("NOTIFY_SOCKET", notify_path, TRUE);
    g_unsetenv("WATCHDOG_USEC");
    if (watchdog_ms > 0)
        g_setenv("WATCHDOG_USEC", us, TRUE);
    g_setenv("WATCHDOG_PID", pid, TRUE);
    systemd->service = xpv_service_new(count_life, systemd);
}

static void
tear_down(Systemd *systemd)
{
    xpv_service_free(systemd->service);
    g_source_remove(systemd->watch);
    g_ptr_array_unref(systemd->told);
    g_object_unref(systemd->socket);
}

/* The messages so far, of which those that have come but wait to be read are part. */
static char *
all_told(Systemd *systemd)
{
    settle();
    g_ptr_array_add(systemd->told, NULL);
    char *all = g_strjoinv("|", (char **)systemd->told->pdata);
    g_ptr_array_set_size(systemd->told, (gint)systemd->told->len - 1);
    return all;
}

static guint
count_pings(Systemd *systemd)
{
    g_autofree char *all G_GNUC_UNUSED = all_told(systemd);
    guint n = 0;
    for (guint i = 0; i < systemd->told->len; i++)
        n += g_str_equal(systemd->told->pdata[i], "WATCHDOG=1") ? 1 : 0;
    return n;
}

/* Not a turn of the main loop, not a ping. */
static void
stand_still(Systemd *systemd, int ms)
{
    struct pollfd fd = { g_socket_get_fd(systemd->socket), POLLIN, 0 };
    g_assert_cmpint(poll(&fd, 1, ms), ==, 0);
}

static const XpvHostProperties *
host_of(XpvHostProperties *host, guint compatible, guint incompatible, gboolean connected)
{
    *host = (XpvHostProperties){ .connected = connected };
    host->counts[XPV_VERDICT_COMPATIBLE] = compatible;
    host->counts[XPV_VERDICT_INCOMPATIBLE] = incompatible;
    return host;
}

static void
test_ready(void)
{
    Systemd systemd;
    XpvHostProperties host;
    set_up(&systemd, 0);
    xpv_service_reloading(systemd.service); /* says nothing before it is ready: systemd would take it for that */
    xpv_service_reloaded(systemd.service);
    xpv_service_show(systemd.service, host_of(&host, 10, 3, TRUE));
    xpv_service_ready(systemd.service);
    xpv_service_stopping(systemd.service);
    g_autofree char *told = all_told(&systemd);
    expect("start and end", told, "STATUS=13 domains, 3 incompatible|READY=1|STOPPING=1");
    tear_down(&systemd);
}

static void
test_status(void)
{
    Systemd systemd;
    XpvHostProperties host;
    set_up(&systemd, 0);
    for (guint i = 0; i < 5; i++) /* more would fill the socket, if they were told */
        xpv_service_show(systemd.service, host_of(&host, i, 0, TRUE));
    xpv_service_show(systemd.service, &host); /* nothing new */
    xpv_service_ready(systemd.service);       /* before it, nothing is told: nothing has been looked at */
    wait_until(systemd.told->len >= 2);
    xpv_service_show(systemd.service, &host);
    xpv_service_show(systemd.service, host_of(&host, 0, 1, TRUE));
    wait_until(systemd.told->len >= 3);
    xpv_service_show(systemd.service, host_of(&host, 0, 1, FALSE));
    wait_until(systemd.told->len >= 4);
    g_autofree char *told = all_told(&systemd);
    expect("8 changes", told,
           "STATUS=4 domains, 0 incompatible|READY=1|STATUS=1 domain, 1 incompatible|"
           "STATUS=1 domain, 1 incompatible; libvirt does not answer");
    tear_down(&systemd);
}

static void
test_reload(void)
{
    static const char reloading[] = "RELOADING=1\nMONOTONIC_USEC=";
    Systemd systemd;
    set_up(&systemd, 0);
    xpv_service_ready(systemd.service);
    gint64 before = g_get_monotonic_time();
    xpv_service_reloading(systemd.service);
    gint64 after = g_get_monotonic_time();
    xpv_service_reloaded(systemd.service);
    wait_until(systemd.told->len >= 3);

    const char *told = systemd.told->pdata[1];
    expect_true(told, g_str_has_prefix(told, reloading), "tells when the reload began");
    gint64 at = g_ascii_strtoll(told + strlen(reloading), NULL, 10);
    expect_true(told, before <= at && at <= after, "is of this reload, by the clock that systemd uses");
    expect("after it", systemd.told->pdata[2], "READY=1");
    tear_down(&systemd);
}

static void
test_pings(void)
{
    Systemd systemd;
    set_up(&systemd, 100);
    gint64 began = g_get_monotonic_time();
    wait_until(systemd.n_alive >= 5);
    gint64 took = g_get_monotonic_time() - began;
    g_assert_cmpuint(count_pings(&systemd), ==, systemd.n_alive);
    g_assert_cmpint(took, >=, 4 * 50000); /* no more than two in a watchdog's time */

    guint n = count_pings(&systemd);
    stand_still(&systemd, 500);
    g_assert_cmpuint(systemd.n_alive, ==, n);
    tear_down(&systemd);
}

static void
test_no_watchdog(void)
{
    Systemd systemd;
    XpvHostProperties host;
    set_up(&systemd, 0);
    xpv_service_ready(systemd.service);
    xpv_service_show(systemd.service, host_of(&host, 0, 0, TRUE));
    wait_until(systemd.told->len >= 2);
    g_assert_cmpuint(systemd.n_alive + systemd.n_dead, ==, 0);
    tear_down(&systemd);

    /* Meant for another process. */
    g_setenv("WATCHDOG_USEC", "1000", TRUE);
    g_setenv("WATCHDOG_PID", "1", TRUE);
    g_autoptr(XpvService) service G_GNUC_UNUSED = xpv_service_new(count_life, &systemd);
    settle();
    g_assert_cmpuint(systemd.n_alive + systemd.n_dead, ==, 0);
}

/* A libvirt that hangs. */

typedef struct {
    XpvSource *source;
    guint n_disconnected;
} Hung;

static void
on_disconnected(const GError *error, gpointer data)
{
    Hung *hung = data;
    hung->n_disconnected++;
}

static void
on_connected(const XpvLibvirtHost *host, gpointer data)
{
}

static void
on_listed(GPtrArray *domains, gint64 began, gpointer data)
{
}

static void
on_seen(XpvLibvirtLook *look, gint64 began, gpointer data)
{
}

static void
on_unreadable(const char *uuid, const GError *error, gpointer data)
{
}

static void
on_looked(guint64 serial, gpointer data)
{
}

static gboolean
is_watched(gpointer data)
{
    return xpv_source_is_watched(data);
}

/* From the first such call on. */
static void
set_up_hung(Hung *hung, Systemd *systemd, FakeCall call, guint number)
{
    static const XpvSourceListener listener = {
        .connected = on_connected,
        .disconnected = on_disconnected,
        .listed = on_listed,
        .seen = on_seen,
        .unreadable = on_unreadable,
        .looked = on_looked,
    };
    set_up(systemd, 100);
    fake_begin();
    fake_set_domain(1, 1, "running");
    fake_set_domain(2, 2, "running");
    fake_hang(call, number);
    *hung = (Hung){ .source = xpv_source_new("fake:///", 1, &listener, hung) };
    systemd->is_alive = is_watched;
    systemd->alive_data = hung->source;
}

static void
tear_down_hung(Hung *hung, Systemd *systemd)
{
    tear_down(systemd);
    fake_release_all();
    xpv_source_free(hung->source);
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    settle();
    fake_end();
}

/* @n: further pings are awaited */
static void
expect_all_alive(Systemd *systemd, guint n)
{
    guint before = systemd->n_alive;
    wait_until(systemd->n_alive >= before + n);
    g_assert_cmpuint(systemd->n_dead, ==, 0);
    g_assert_cmpuint(count_pings(systemd), ==, systemd->n_alive);
}

static void
test_libvirt_hangs(void)
{
    Systemd systemd;
    Hung hung;
    set_up_hung(&hung, &systemd, FAKE_OPEN, FAKE_ALL);
    wait_until(hung.n_disconnected >= 2); /* each after a call of its own that was overdue */
    expect_all_alive(&systemd, 3);
    tear_down_hung(&hung, &systemd);
}

static void
test_domain_hangs(void)
{
    Systemd systemd;
    Hung hung;
    set_up_hung(&hung, &systemd, FAKE_LOOK, 1);
    wait_until(fake_count(FAKE_LOOK, 1) >= 3); /* the second and the third over connections of their own */
    expect_all_alive(&systemd, 3);
    g_assert_cmpuint(hung.n_disconnected, ==, 0);
    tear_down_hung(&hung, &systemd);
}

/* A process that was stopped for long first notices what is overdue: it lives. */
static void
test_process_stopped(void)
{
    Systemd systemd;
    Hung hung;
    set_up_hung(&hung, &systemd, FAKE_OPEN, FAKE_ALL);
    wait_until(fake_count_hanging(FAKE_OPEN, FAKE_ALL) > 0);
    count_pings(&systemd);
    stand_still(&systemd, 2500); /* more than twice its time */
    expect_all_alive(&systemd, 1);
    g_assert_cmpuint(hung.n_disconnected, ==, 1);
    tear_down_hung(&hung, &systemd);
}

static gboolean
check_nothing(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/* From now on, nobody looks for calls that are overdue. */
static void
forget_deadlines(void)
{
    guint n = 0;
    for (guint id = 1; id < 100000; id++) {
        GSource *source = g_main_context_find_source_by_id(NULL, id);
        if (!source || g_strcmp0(g_source_get_name(source), XPV_WORKERS_DEADLINES) != 0)
            continue;
        g_source_set_callback(source, check_nothing, NULL, NULL);
        n++;
    }
    g_assert_cmpuint(n, >, 0);
}

static void
expect_death(Systemd *systemd)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK); /* it says so, too */
    wait_until(systemd->n_dead >= 3);
    g_assert_cmpuint(systemd->n_alive, >, 0); /* until the call was overdue */
    g_assert_cmpuint(count_pings(systemd), ==, systemd->n_alive);
}

static void
test_deadlines_forgotten(void)
{
    Systemd systemd;
    Hung hung;
    set_up_hung(&hung, &systemd, FAKE_OPEN, FAKE_ALL);
    forget_deadlines();
    expect_death(&systemd);
    tear_down_hung(&hung, &systemd);
}

static void
test_deadlines_of_domain_forgotten(void)
{
    Systemd systemd;
    Hung hung;
    set_up_hung(&hung, &systemd, FAKE_LOOK, 1);
    wait_until(fake_count(FAKE_LOOK, 1) >= 2);
    forget_deadlines();
    expect_death(&systemd);
    tear_down_hung(&hung, &systemd);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("xenpv-service-XXXXXX", NULL);
    notify_path = g_build_filename(folder, "notify", NULL);
    g_test_add_func("/service/ready", test_ready);
    g_test_add_func("/service/status", test_status);
    g_test_add_func("/service/reload", test_reload);
    g_test_add_func("/service/pings", test_pings);
    g_test_add_func("/service/no-watchdog", test_no_watchdog);
    g_test_add_func("/service/libvirt-hangs", test_libvirt_hangs);
    g_test_add_func("/service/domain-hangs", test_domain_hangs);
    g_test_add_func("/service/process-stopped", test_process_stopped);
    g_test_add_func("/service/deadlines-forgotten", test_deadlines_forgotten);
    g_test_add_func("/service/deadlines-of-domain-forgotten", test_deadlines_of_domain_forgotten);
    int status = g_test_run();

    g_remove(notify_path);
    g_rmdir(folder);
    g_free(notify_path);
    g_free(folder);
    return status;
}
