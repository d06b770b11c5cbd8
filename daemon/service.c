/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/service.h"

#include <systemd/sd-daemon.h>

/* Changes of the status within this time are sent together. */
#define STATUS_MS 250

struct _XpvService {
    guint watchdog_timer; /* 0: systemd has no watchdog for us */
    gboolean is_ready;
    char *status; /* (nullable) */
    guint status_timer;
};

/* A ping proves that the main loop turns. */
static gboolean
tell_watchdog(gpointer data)
{
    sd_notify(FALSE, "WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

XpvService *
xpv_service_new(void)
{
    XpvService *service = g_new0(XpvService, 1);
    uint64_t watchdog_us;
    if (sd_watchdog_enabled(FALSE, &watchdog_us) > 0)
        service->watchdog_timer = g_timeout_add((guint)(watchdog_us / 1000 / 2), tell_watchdog, NULL);
    return service;
}

void
xpv_service_free(XpvService *service)
{
    if (!service)
        return;
    g_clear_handle_id(&service->watchdog_timer, g_source_remove);
    g_clear_handle_id(&service->status_timer, g_source_remove);
    g_free(service->status);
    g_free(service);
}

static gboolean
tell_status(gpointer data)
{
    XpvService *service = data;
    g_clear_handle_id(&service->status_timer, g_source_remove);
    sd_notifyf(FALSE, "STATUS=%s", service->status);
    return G_SOURCE_REMOVE;
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
    /* The time distinguishes this reload from an earlier one. */
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
    if (service->is_ready && service->status_timer == 0) /* before, no refresh has ended */
        service->status_timer = g_timeout_add(STATUS_MS, tell_status, service);
}
