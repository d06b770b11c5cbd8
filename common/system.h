/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The name of a guest's operating system. It counts if there is no report of its kernel. */
#pragma once

#include <glib.h>

typedef enum {
    XPV_SYSTEM_UNKNOWN, /* not known whether it is covered */
    XPV_SYSTEM_COVERED, /* RHEL, CentOS, Scientific Linux or Oracle Linux, 3, 4 or 5 */
    XPV_SYSTEM_OTHER,
    XPV_SYSTEM_MAX
} XpvSystemKind;

typedef struct {
    XpvSystemKind kind;
    /* Of another system: */
    const char *teller; /* "The guest's agent"; static */
    char *name;         /* its name, cleaned; owned */
} XpvSystem;

/* xpv_system_from_name: by the words of an agent or of a release file.
 * @teller: begins a sentence; static
 * @name: (nullable) "rhel", "Red Hat Enterprise Linux", "windows"; any bytes
 * @version: (nullable) "5", "5.11"; any bytes */
XpvSystem xpv_system_from_name(const char *teller, const char *name, const char *version);

/* xpv_system_from_osinfo: by what libosinfo calls a system. @id: "http://redhat.com/rhel/5.11" */
XpvSystem xpv_system_from_osinfo(const char *id);

XpvSystem xpv_system_copy(const XpvSystem *system);
gboolean xpv_system_equal(const XpvSystem *a, const XpvSystem *b);
void xpv_system_clear(XpvSystem *system);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XpvSystem, xpv_system_clear)
