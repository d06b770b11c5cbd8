/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd is told of the daemon, by sd_notify(3): that it is ready, what it finds, that it lives. */
#pragma once

#include "daemon/host-state.h"

typedef struct _XpvService XpvService;

/* xpv_service_new: where systemd asks for it (WatchdogSec=), tells it twice in that time that the main loop turns. */
XpvService *xpv_service_new(void);
void xpv_service_free(XpvService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvService, xpv_service_free)

/* xpv_service_ready: the start is over. */
void xpv_service_ready(XpvService *service);

/* xpv_service_reloading, xpv_service_reloaded: around a reload of the configuration. */
void xpv_service_reloading(XpvService *service);
void xpv_service_reloaded(XpvService *service);

/* xpv_service_stopping: the end has begun. */
void xpv_service_stopping(XpvService *service);

/* xpv_service_show: tells what "systemctl status" shows of the host: a few times a second at most, and only what is
 * new. */
void xpv_service_show(XpvService *service, const XpvHostProperties *host);
