/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages to systemd, over a socket that stands in for systemd's. */
#include "daemon/service.h"

#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <unistd.h>

#include "tests/expect.h"
#include "tests/loop.h"

static char *folder;
static char *notify_path;

/* A stand-in for systemd. */
typedef struct {
    GSocket *socket;
    guint watch;
    GPtrArray *told; /* of char *: the messages */
    XpvService *service;
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

/* @watchdog_us: (nullable) NULL: no watchdog
 * @watchdog_pid: the process that it is meant for */
static void
set_up_for(Systemd *systemd, const char *watchdog_us, const char *watchdog_pid)
{
    *systemd = (Systemd){ .socket = bind_socket(notify_path) };
    systemd->told = g_ptr_array_new_with_free_func(g_free);
    systemd->watch = g_unix_fd_add(g_socket_get_fd(systemd->socket), G_IO_IN, on_message, systemd);
    g_setenv("NOTIFY_SOCKET", notify_path, TRUE);
    g_unsetenv("WATCHDOG_USEC");
    if (watchdog_us)
        g_setenv("WATCHDOG_USEC", watchdog_us, TRUE);
    g_setenv("WATCHDOG_PID", watchdog_pid, TRUE);
    systemd->service = xpv_service_new();
}

static void
set_up(Systemd *systemd, const char *watchdog_us)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    set_up_for(systemd, watchdog_us, pid);
}

static void
tear_down(Systemd *systemd)
{
    xpv_service_free(systemd->service);
    g_source_remove(systemd->watch);
    g_ptr_array_unref(systemd->told);
    g_object_unref(systemd->socket);
}

/* Returns: the messages so far, including those that have arrived and are not read yet */
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

/* Stops the main loop for a while; no ping comes. */
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
    set_up(&systemd, NULL);
    xpv_service_reloading(systemd.service); /* nothing before it is ready: systemd would take that for readiness */
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
    set_up(&systemd, NULL);
    for (guint i = 0; i < 5; i++) /* if these were sent, more of them would fill the socket */
        xpv_service_show(systemd.service, host_of(&host, i, 0, TRUE));
    xpv_service_show(systemd.service, &host); /* nothing new */
    xpv_service_ready(systemd.service);       /* nothing is sent before this, as nothing has been read */
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
    set_up(&systemd, NULL);
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
    set_up(&systemd, "100000");
    gint64 began = g_get_monotonic_time();
    wait_until(systemd.told->len >= 5);
    gint64 took = g_get_monotonic_time() - began;
    g_assert_cmpuint(count_pings(&systemd), >=, 5);
    g_assert_cmpint(took, >=, 4 * 50000); /* at most two in a watchdog's time */
    stand_still(&systemd, 500);
    tear_down(&systemd);
}

static void
test_no_watchdog(void)
{
    Systemd systemd;
    XpvHostProperties host;
    set_up(&systemd, NULL);
    xpv_service_ready(systemd.service);
    xpv_service_show(systemd.service, host_of(&host, 0, 0, TRUE));
    wait_until(systemd.told->len >= 2);
    let_pass(100);
    g_assert_cmpuint(count_pings(&systemd), ==, 0);
    tear_down(&systemd);

    /* The watchdog is meant for another process. */
    set_up_for(&systemd, "1000", "1");
    let_pass(100);
    g_assert_cmpuint(count_pings(&systemd), ==, 0);
    tear_down(&systemd);
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
    int status = g_test_run();

    g_remove(notify_path);
    g_rmdir(folder);
    g_free(notify_path);
    g_free(folder);
    return status;
}
