/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/service.h"

#include <systemd/sd-daemon.h>

/* How long changes of the status are gathered. */
#define STATUS_MS 250

/* Tells systemd's watchdog that the main loop turns. */
typedef struct {
    GSource source;
    gint64 interval; /* how long it may be silent: half of what systemd bears */
    gint64 told;     /* when it last was not; monotonic µs */
} Watchdog;

struct _XpvService {
    gboolean (*is_alive)(gpointer data);
    gpointer data;
    GSource *watchdog; /* (nullable) */
    gboolean is_ready;
    char *status; /* (nullable) */
    guint status_timer;
};

static gboolean
tell_watchdog(gpointer data)
{
    XpvService *service = data;
    if (service->is_alive(service->data))
        sd_notify(FALSE, "WATCHDOG=1");
    else
        g_warning("A call of libvirt is overdue and nobody has noticed: leaving the rest to systemd's watchdog");
    return G_SOURCE_CONTINUE;
}

/* It rides on a turn that the loop makes anyway, where there is one in time: an idle daemon does not wake for it. */
static gboolean
prepare_watchdog(GSource *source, gint *ret_timeout)
{
    Watchdog *watchdog = (Watchdog *)source;
    gint64 silent = g_source_get_time(source) - watchdog->told;
    *ret_timeout = (gint)(MAX(watchdog->interval - silent, 0) / 1000) + 1;
    return silent >= watchdog->interval / 2;
}

static gboolean
dispatch_watchdog(GSource *source, GSourceFunc callback, gpointer data)
{
    ((Watchdog *)source)->told = g_source_get_time(source);
    return callback(data);
}

static GSource *
start_watchdog(XpvService *service, gint64 interval)
{
    static GSourceFuncs functions = { .prepare = prepare_watchdog, .dispatch = dispatch_watchdog };
    GSource *source = g_source_new(&functions, sizeof(Watchdog));
    ((Watchdog *)source)->interval = interval;
    ((Watchdog *)source)->told = g_get_monotonic_time();
    g_source_set_callback(source, tell_watchdog, service, NULL);
    g_source_attach(source, NULL);
    return source;
}

XpvService *
xpv_service_new(gboolean (*is_alive)(gpointer data), gpointer data)
{
    XpvService *service = g_new0(XpvService, 1);
    uint64_t watchdog_us;
    service->is_alive = is_alive;
    service->data = data;
    if (sd_watchdog_enabled(FALSE, &watchdog_us) > 0)
        service->watchdog = start_watchdog(service, (gint64)(watchdog_us / 2));
    return service;
}

void
xpv_service_free(XpvService *service)
{
    if (!service)
        return;
    if (service->watchdog) {
        g_source_destroy(service->watchdog);
        g_source_unref(service->watchdog);
    }
    g_clear_handle_id(&service->status_timer, g_source_remove);
    g_free(service->status);
    g_free(service);
}

static void
tell_status(XpvService *service)
{
    g_clear_handle_id(&service->status_timer, g_source_remove);
    sd_notifyf(FALSE, "STATUS=%s", service->status);
}

void
xpv_service_ready(XpvService *service)
{
    service->is_ready = TRUE;
    if (service->status)
        tell_status(service);
    sd_notify(FALSE, "READY=1");
}

void
xpv_service_reloading(XpvService *service)
{
    /* By the clock, systemd tells this reload from an earlier one. */
    if (service->is_ready)
        sd_notifyf(FALSE, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time());
}

void
xpv_service_reloaded(XpvService *service)
{
    if (service->is_ready)
        sd_notify(FALSE, "READY=1");
}

void
xpv_service_stopping(XpvService *service)
{
    sd_notify(FALSE, "STOPPING=1");
}

static gboolean
on_status_timer(gpointer data)
{
    XpvService *service = data;
    service->status_timer = 0;
    tell_status(service);
    return G_SOURCE_REMOVE;
}

static char *
describe(const XpvHostProperties *host)
{
    guint32 n = 0;
    for (guint i = 0; i < XPV_VERDICT_MAX; i++)
        n += host->counts[i];
    return g_strdup_printf("%u domain%s, %u incompatible%s", n, n == 1 ? "" : "s",
                           host->counts[XPV_VERDICT_INCOMPATIBLE], host->connected ? "" : "; libvirt does not answer");
}

void
xpv_service_show(XpvService *service, const XpvHostProperties *host)
{
    g_autofree char *status = describe(host);
    if (g_strcmp0(status, service->status) == 0)
        return;
    g_free(service->status);
    service->status = g_steal_pointer(&status);
    if (service->is_ready && service->status_timer == 0) /* before, nothing has been looked at */
        service->status_timer = g_timeout_add(STATUS_MS, on_status_timer, service);
}
