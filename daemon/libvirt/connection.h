/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A connection to libvirt: the only file that calls its API, except for its event loop (loop.h).
 *
 * Functions that can block say so. They run on a worker's thread, never on the main thread. */
#pragma once

#include "common/domain-xml.h"

#define XPV_LIBVIRT_ERROR (xpv_libvirt_error_quark())
GQuark xpv_libvirt_error_quark(void);

typedef enum {
    XPV_LIBVIRT_ERROR_FAILED,
    XPV_LIBVIRT_ERROR_NO_DOMAIN, /* the domain is not there, or no longer: nothing is wrong */
    XPV_LIBVIRT_ERROR_CLOSED,    /* the connection is closed */
} XpvLibvirtError;

typedef struct _XpvConnection XpvConnection;

/* The begin of a domain's run. */
typedef struct {
    gint id;
    gboolean is_booted; /* FALSE: the guest goes on where it was: it was restored or migrated */
} XpvRunBegin;

/* The parts of a domain to read. */
typedef enum {
    XPV_READ_CHANGED, /* everything, after an event or a failure */
    XPV_READ_LISTED,  /* everything, after a list; but not the state, if the caller knows it: that saves a call */
    XPV_READ_STATE,   /* the state; also the XML, if the domain has started or stopped */
} XpvReadWhat;

/* Callbacks of a connection, on any thread. */
typedef struct {
    /* The domain must be read again. @what: XPV_READ_CHANGED, or XPV_READ_STATE after a pause or its end.
     * @begin: (nullable) of the run that it is in now, or will be soon */
    void (*domain_changed)(const char *uuid, XpvReadWhat what, const XpvRunBegin *begin, gpointer data);
    void (*closed)(gpointer data);
} XpvConnectionListener;

/* The changes for which domain_changed() is called. */
typedef enum {
    XPV_EVENTS_NONE,      /* libvirt before 0.8.0 */
    XPV_EVENTS_LIFECYCLE, /* a domain is started, stopped, defined or removed: before 3.0.0 */
    XPV_EVENTS_ALL,       /* metadata, too */
} XpvEvents;

/* The facts about the host; NULL if not known. */
typedef struct {
    char *hypervisor; /* "Xen", "TEST", "QEMU" */
    char *name;
    char *machine; /* the kernel's architecture, of virNodeInfo; the test driver's capabilities have a wrong one */
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
    const char *state;      /* in the words of "virsh domstate", with - for a blank; NULL: the list does not tell it */
    const char *last_state; /* if the list does not tell it: as read last in this run; NULL: never read */
} XpvListedDomain;

void xpv_listed_domain_free(XpvListedDomain *domain);

/* The parts of a domain that were read. */
typedef struct {
    XpvDomainXml *xml; /* NULL: unchanged (XPV_READ_STATE) */
    const char *state; /* for a Xen guest that is idle, or has no state: running */
} XpvReading;

void xpv_reading_clear(XpvReading *reading);

/* xpv_libvirt_init: once, on the main thread, before anything else. */
gboolean xpv_libvirt_init(GError **error);

/* xpv_connection_new: does not connect yet.
 * @keepalive: seconds of silence before the other side must answer a ping
 * @listener: (nullable) static; NULL: no events
 * @free_data: called once libvirt no longer uses @data */
XpvConnection *xpv_connection_new(const char *uri, guint keepalive, const XpvConnectionListener *listener,
                                  gpointer data, GDestroyNotify free_data);

/* xpv_connection_free: closes it. Blocks. */
void xpv_connection_free(XpvConnection *connection);

/* xpv_connection_open: connects, read-only, and subscribes to events. Blocks.
 * Errors: XPV_LIBVIRT_ERROR_FAILED */
XpvLibvirtHost *xpv_connection_open(XpvConnection *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_connection_get_events: after it is open. */
XpvEvents xpv_connection_get_events(const XpvConnection *connection);

/* xpv_connection_list: all domains. Blocks.
 * @ret_is_whole: FALSE: some may be missing, because a call failed
 * Returns: (transfer full) of XpvListedDomain, by UUID. */
GPtrArray *xpv_connection_list(XpvConnection *connection, gboolean *ret_is_whole,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_connection_read: reads one domain. Blocks.
 * @state: (nullable) static; the domain's state as the list tells it, or as read last in this run; NULL: it is read
 * Errors: XPV_LIBVIRT_ERROR, XPV_DOMAIN_XML_ERROR; @ret_reading is unchanged then. */
gboolean xpv_connection_read(XpvConnection *connection, const char *uuid, XpvReadWhat what, const char *state,
                             XpvReading *ret_reading, GError **error) G_GNUC_WARN_UNUSED_RESULT;
