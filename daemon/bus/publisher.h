/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* org.xenpv.Compat1 on the bus: the only file that speaks D-Bus, but for log-control.c's three properties.
 *
 * Everything is read from the registry's domains and the host's state through one sd-bus vtable each. A change is what
 * differs between two such structs, found by walking the same vtable: no property has code of its own. */
#pragma once

#include "daemon/host-state.h"
#include "daemon/registry.h"

typedef struct _XpvPublisher XpvPublisher;

typedef struct {
    /* Refresh() was called. Returns: a serial; see xpv_publisher_refreshed() */
    guint64 (*refresh)(gpointer data);
    /* The name is ours, or (@error) cannot be, or the bus has gone. */
    void (*named)(gpointer data);
    void (*failed)(const GError *error, gpointer data);
} XpvPublisherListener;

#define XPV_PUBLISHER_ERROR (xpv_publisher_error_quark())
GQuark xpv_publisher_error_quark(void);

typedef enum { XPV_PUBLISHER_ERROR_FAILED } XpvPublisherError;

/* xpv_publisher_new: connects to the system bus, or what DBUS_SYSTEM_BUS_ADDRESS names, but takes no name there yet.
 * @host: what it holds is borrowed until xpv_publisher_host_changed() */
XpvPublisher *xpv_publisher_new(XpvRegistry *registry, const XpvHostProperties *host,
                                const XpvPublisherListener *listener, gpointer data,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_publisher_free(XpvPublisher *publisher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvPublisher, xpv_publisher_free)

/* xpv_publisher_acquire_name: once what is to be found under it is there; a second call does nothing. */
void xpv_publisher_acquire_name(XpvPublisher *publisher);

/* xpv_publisher_host_changed: as XpvHostStateChanged has it. */
void xpv_publisher_host_changed(XpvPublisher *publisher, const XpvHostProperties *before,
                                const XpvHostProperties *after);

/* xpv_publisher_domain_changed: as XpvRegistryChanged has it. */
void xpv_publisher_domain_changed(XpvPublisher *publisher, const XpvDomain *before, const XpvDomain *after);

/* xpv_publisher_alert: sends IncompatibleDomain. */
void xpv_publisher_alert(XpvPublisher *publisher, const XpvDomain *domain);

/* xpv_publisher_is_told: whether the bus has taken all that was sent. */
gboolean xpv_publisher_is_told(XpvPublisher *publisher);

/* xpv_publisher_refreshed: answers the calls of Refresh() that got this serial or a lower one. */
void xpv_publisher_refreshed(XpvPublisher *publisher, guint64 serial);

/* xpv_publisher_refresh_failed: answers all of them with the error. */
void xpv_publisher_refresh_failed(XpvPublisher *publisher, const GError *error);
