/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to libvirt: the only file that includes its API.
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

typedef struct _XpvLibvirt XpvLibvirt;

/* What a connection tells, on any thread. */
typedef struct {
    void (*domain_changed)(const char *uuid, gpointer data); /* look at it again */
    void (*closed)(gpointer data);
} XpvLibvirtListener;

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
    const char *state; /* in the words of "virsh domstate", with - for a blank; NULL: not known from the list */
} XpvLibvirtDomain;

void xpv_libvirt_domain_free(XpvLibvirtDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvLibvirtDomain, xpv_libvirt_domain_free)

/* What one look at a domain saw. */
typedef struct {
    XpvDomainXml *xml;
    const char *state;
} XpvLibvirtLook;

void xpv_libvirt_look_clear(XpvLibvirtLook *look);

/* xpv_libvirt_init: once, on the main thread, before anything else. */
void xpv_libvirt_init(void);

/* xpv_libvirt_new: does not connect yet.
 * @keepalive: seconds of silence after which the other side is asked whether it lives */
XpvLibvirt *xpv_libvirt_new(const char *uri, guint keepalive);

/* xpv_libvirt_free: closes it. Blocks. */
void xpv_libvirt_free(XpvLibvirt *libvirt);

/* xpv_libvirt_open: connects, read-only, and subscribes to events. Blocks.
 * @listener: (nullable) static; NULL: no events are wanted
 * @free_data: called once libvirt has let go of @data, or none was wanted
 * Errors: XPV_LIBVIRT_ERROR_FAILED */
XpvLibvirtHost *xpv_libvirt_open(XpvLibvirt *libvirt, const XpvLibvirtListener *listener, gpointer data,
                                 GDestroyNotify free_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_libvirt_has_events: once open, whether domain_changed() is told of starts and stops. */
gboolean xpv_libvirt_has_events(const XpvLibvirt *libvirt);

/* xpv_libvirt_list: all domains. Blocks. Returns: (transfer full) of XpvLibvirtDomain. */
GPtrArray *xpv_libvirt_list(XpvLibvirt *libvirt, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_libvirt_look: reads one domain. Blocks.
 * @state: (nullable) of a list, which saves a call
 * Errors: XPV_LIBVIRT_ERROR, XPV_DOMAIN_XML_ERROR; @ret_look is then unchanged. */
gboolean xpv_libvirt_look(XpvLibvirt *libvirt, const char *uuid, const char *state, XpvLibvirtLook *ret_look,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
