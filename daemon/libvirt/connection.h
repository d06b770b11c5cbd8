/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to libvirt: the only file that includes its API.
 *
 * Every function that can block says so; those run on a worker's thread, never on the main one. libvirt's own event
 * loop is the main loop (libvirt-glib), so what it tells is told on any thread. */
#pragma once

#include "common/domain-xml.h"

#define XPV_LIBVIRT_ERROR (xpv_libvirt_error_quark())
GQuark xpv_libvirt_error_quark(void);

typedef enum {
    XPV_LIBVIRT_ERROR_FAILED,
    XPV_LIBVIRT_ERROR_NO_DOMAIN, /* it is not, or no longer, there: nothing is wrong */
    XPV_LIBVIRT_ERROR_CLOSED,    /* the connection is */
} XpvLibvirtError;

typedef struct _XpvConnection XpvConnection;

/* What a connection tells, on any thread. */
typedef struct {
    void (*domain_changed)(const char *uuid, gpointer data); /* read it again */
    void (*closed)(gpointer data);
} XpvConnectionListener;

/* What domain_changed() is told of. */
typedef enum {
    XPV_EVENTS_NONE,      /* libvirt before 0.8.0 */
    XPV_EVENTS_LIFECYCLE, /* that a domain starts, stops, comes or goes: before 3.0.0 */
    XPV_EVENTS_ALL,       /* metadata too */
} XpvEvents;

/* What is known of the host behind it; NULL where not known. */
typedef struct {
    char *hypervisor; /* "Xen", "TEST", "QEMU" */
    char *name;
    char *machine; /* of virNodeInfo: the kernel's architecture; libvirt's capabilities are wrong there (test driver) */
    char *vendor;  /* of the processor, from the capabilities */
} XpvLibvirtHost;

XpvLibvirtHost *xpv_libvirt_host_copy(const XpvLibvirtHost *host);
void xpv_libvirt_host_free(XpvLibvirtHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvLibvirtHost, xpv_libvirt_host_free)

/* A domain of a list. */
typedef struct {
    char uuid[37];
    char *name;
    gint id;
    const char *state;      /* in the words of "virsh domstate", with - for a blank; NULL: the list does not tell */
    const char *last_state; /* of a server whose list does not tell: as last read, in this run; NULL: never was */
} XpvListedDomain;

void xpv_listed_domain_free(XpvListedDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvListedDomain, xpv_listed_domain_free)

/* What of a domain is to be read. */
typedef enum {
    XPV_READ_CHANGED, /* all, after an event or a failure */
    XPV_READ_LISTED,  /* all, of a domain of the last list, by whose state a call is saved */
    XPV_READ_STATE,   /* likewise, but no XML where it still is what the list says */
} XpvReadWhat;

/* What was read of a domain. */
typedef struct {
    XpvDomainXml *xml; /* NULL: as it was (XPV_READ_STATE) */
    const char *state; /* a Xen guest that waits (“idle”), or is not on a processor (“no-state”), is told as running */
} XpvReading;

void xpv_reading_clear(XpvReading *reading);

/* xpv_libvirt_init: once, on the main thread, before anything else. */
void xpv_libvirt_init(void);

/* xpv_connection_new: does not connect yet.
 * @keepalive: seconds of silence after which the other side is asked whether it lives */
XpvConnection *xpv_connection_new(const char *uri, guint keepalive);

/* xpv_connection_free: closes it. Blocks. */
void xpv_connection_free(XpvConnection *connection);

/* xpv_connection_open: connects, read-only, and subscribes to events. Blocks.
 * @listener: (nullable) static; NULL: no events are wanted
 * @free_data: called once libvirt has let go of @data, or none was wanted
 * Errors: XPV_LIBVIRT_ERROR_FAILED */
XpvLibvirtHost *xpv_connection_open(XpvConnection *connection, const XpvConnectionListener *listener, gpointer data,
                                    GDestroyNotify free_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_connection_get_events: once open. */
XpvEvents xpv_connection_get_events(const XpvConnection *connection);

/* xpv_connection_list: all domains. Blocks.
 * @ret_is_whole: FALSE: some may be missing, as a call failed that tells of them
 * Returns: (transfer full) of XpvListedDomain, by UUID. */
GPtrArray *xpv_connection_list(XpvConnection *connection, gboolean *ret_is_whole,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_connection_read: reads one domain. Blocks.
 * @state: (nullable) of the list
 * Errors: XPV_LIBVIRT_ERROR, XPV_DOMAIN_XML_ERROR; @ret_reading is then unchanged. */
gboolean xpv_connection_read(XpvConnection *connection, const char *uuid, XpvReadWhat what, const char *state,
                             XpvReading *ret_reading, GError **error) G_GNUC_WARN_UNUSED_RESULT;
