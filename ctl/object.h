/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain, the host, or a judged report: a value for every property of its interface.
 *
 * Each interface has one table of names, types, order and labels. If the daemon does not send a property, or sends it
 * with another type, its value is the table's default, so no key is ever missing. */
#pragma once

#include <glib.h>

#include "common/domain.h"
#include "dbus/properties.h"

/* XPV_CTL_DOMAIN_NAME, XPV_CTL_HOST_VERSION and so on, in the order of the interface's XML. */
typedef enum {
#define XPV_CTL_MEMBER(CONSTANT, member, name, signature, changes, places, label, unknown) XPV_CTL_DOMAIN_##CONSTANT,
    XPV_DOMAIN_PROPERTIES(XPV_CTL_MEMBER)
#undef XPV_CTL_MEMBER
        XPV_CTL_DOMAIN_MAX
} XpvCtlDomainProperty;

typedef enum {
#define XPV_CTL_MEMBER(CONSTANT, member, name, signature, changes, places, label, unknown) XPV_CTL_HOST_##CONSTANT,
    XPV_HOST_PROPERTIES(XPV_CTL_MEMBER, XPV_CTL_MEMBER)
#undef XPV_CTL_MEMBER
        XPV_CTL_HOST_MAX
} XpvCtlHostProperty;

/* The other places where a property is printed, besides those that print all. */
typedef enum {
    XPV_CTL_EVERYWHERE = 0,
    XPV_CTL_OF_REPORT = 1 << 0, /* by "check"; of the host, with --matrix and --all-hosts */
    XPV_CTL_OF_LINK = 1 << 1,   /* with "connected" and "disconnected" */
} XpvCtlPlace;

typedef struct {
    const char *name;    /* on D-Bus */
    const char *type;    /* D-Bus signature */
    const char *label;   /* for people */
    const char *unknown; /* the default, if nothing is known; GVariant text */
    XpvCtlPlace places;
    gsize offset; /* of a domain: in XpvDomain */
} XpvCtlProperty;

typedef struct {
    const XpvCtlProperty *properties;
    guint n_properties;
} XpvCtlInterface;

extern const XpvCtlInterface xpv_ctl_domain_interface;
extern const XpvCtlInterface xpv_ctl_host_interface;

typedef struct {
    const XpvCtlInterface *interface;
    GVariant *values[]; /* none is NULL */
} XpvCtlObject;

/* xpv_ctl_object_new: @properties: a{sv}; taken if floating */
XpvCtlObject *xpv_ctl_object_new(const XpvCtlInterface *interface, GVariant *properties);

/* xpv_ctl_object_of_report: as a domain of which only a report is known. */
XpvCtlObject *xpv_ctl_object_of_report(const XpvDomain *domain);
void xpv_ctl_object_free(XpvCtlObject *object);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvCtlObject, xpv_ctl_object_free)

/* xpv_ctl_object_string: a string as it was sent; do not print it on a terminal. */
const char *xpv_ctl_object_string(const XpvCtlObject *object, guint property);
gboolean xpv_ctl_object_boolean(const XpvCtlObject *object, guint property);

/* xpv_ctl_object_text: a value of any type, safe for a terminal; "" if nothing is known.
 * Returns: (transfer full) */
char *xpv_ctl_object_text(const XpvCtlObject *object, guint property);

/* xpv_ctl_object_same: whether two objects of one interface are equal, except for the time of their last change. */
gboolean xpv_ctl_object_same(const XpvCtlObject *a, const XpvCtlObject *b);
