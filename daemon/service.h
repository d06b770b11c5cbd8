/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notifies systemd with sd_notify(3): that the daemon is ready, its status, and that it is alive. */
#pragma once

#include "daemon/host-state.h"

typedef struct _XpvService XpvService;

/* xpv_service_new: with WatchdogSec=, pings systemd's watchdog twice in that time, from the main loop. */
XpvService *xpv_service_new(void);
void xpv_service_free(XpvService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvService, xpv_service_free)

/* xpv_service_ready: the daemon is ready. */
void xpv_service_ready(XpvService *service);

/* xpv_service_reloading, xpv_service_reloaded: around a reload of the configuration. */
void xpv_service_reloading(XpvService *service);
void xpv_service_reloaded(XpvService *service);

/* xpv_service_stopping: the daemon is about to end. */
void xpv_service_stopping(XpvService *service);

/* xpv_service_show: sets the status that "systemctl status" shows: a few times a second at most, and only if it has
 * changed. */
void xpv_service_show(XpvService *service, const XpvHostProperties *host);
