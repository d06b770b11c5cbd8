/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.xenpv.Compat1 on the bus: the only file that speaks D-Bus, except for log-control.c.
 *
 * Two sd-bus vtables read the registry's domains and the host's state. The same vtables are used to compare the structs
 * before and after a change: no property has code of its own. */
#pragma once

#include "daemon/host-state.h"
#include "daemon/registry.h"

typedef struct _XpvPublisher XpvPublisher;

typedef struct {
    /* Refresh() was called. Returns: a serial, for xpv_publisher_refreshed() */
    guint64 (*refresh)(gpointer data);
    /* The name is acquired; or (with @error) it cannot be acquired, or the connection to the bus has ended. */
    void (*named)(gpointer data);
    void (*failed)(const GError *error, gpointer data);
} XpvPublisherListener;

#define XPV_PUBLISHER_ERROR (xpv_publisher_error_quark())
GQuark xpv_publisher_error_quark(void);

typedef enum { XPV_PUBLISHER_ERROR_FAILED } XpvPublisherError;

/* xpv_publisher_new: connects to the system bus, or to DBUS_SYSTEM_BUS_ADDRESS, but does not acquire the name yet.
 * @host: its contents are borrowed until xpv_publisher_host_changed() */
XpvPublisher *xpv_publisher_new(XpvRegistry *registry, const XpvHostProperties *host,
                                const XpvPublisherListener *listener, gpointer data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_publisher_free(XpvPublisher *publisher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvPublisher, xpv_publisher_free)

/* xpv_publisher_acquire_name: call it once the domains are there; a second call does nothing. */
void xpv_publisher_acquire_name(XpvPublisher *publisher);

/* xpv_publisher_host_changed: see XpvHostStateChanged. */
void xpv_publisher_host_changed(XpvPublisher *publisher, const XpvHostProperties *before,
                                const XpvHostProperties *after);

/* xpv_publisher_domain_changed: see XpvRegistryChanged. */
void xpv_publisher_domain_changed(XpvPublisher *publisher, const XpvDomain *before, const XpvDomain *after);

/* xpv_publisher_alert: sends IncompatibleDomain. */
void xpv_publisher_alert(XpvPublisher *publisher, const XpvDomain *domain);

/* xpv_publisher_is_told: whether the bus has taken all messages. */
gboolean xpv_publisher_is_told(XpvPublisher *publisher);

/* xpv_publisher_refreshed: answers the calls of Refresh() with this serial or a lower one. */
void xpv_publisher_refreshed(XpvPublisher *publisher, guint64 serial);

/* xpv_publisher_refresh_failed: answers all calls of Refresh() with the error. */
void xpv_publisher_refresh_failed(XpvPublisher *publisher, const GError *error);
