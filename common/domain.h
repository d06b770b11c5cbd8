/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain as it is published: the facts and the judgement in words. One immutable struct, made once for each change,
 * that everything on the bus reads; the client makes one of a report alone. */
#pragma once

#include "common/inspection.h"
#include "common/intern.h"
#include "common/judge.h"

/* Members are of the types that sd-bus reads: char *, int32_t, uint64_t, int for booleans, NULL-terminated arrays. All
 * strings are valid UTF-8 and not NULL; those that are const are static. */
typedef struct {
    XpvInterned *uuid;
    char *name;
    gint32 id;
    const char *state;
    const char *virtualization;
    XpvInterned *kernel;
    const char *kernel_source;
    const char *release;
    const char *variant;
    const char *processor;
    const char *const *required_host_architectures;
    const char *verdict;
    const char *const *reasons;
    const char *const *warnings;
    XpvInterned *explanation;
    XpvInterned *remedy;
    const char *driver_source;
    const char *drivers;
    const char *disk_drivers;
    const char *network_drivers;
    char **installed_kernels;
    char **driver_packages;
    guint64 inspected_at;
    gint acknowledged;
    gint stale;
    guint64 changed_at;
    const char *consequence; /* of the judgement; not published */
} XpvDomain;

/* The facts about a domain that do not matter for the judgement. */
typedef struct {
    const char *name; /* as libvirt has it */
    const char *state;
    const char *kernel_source;
    gboolean acknowledged;
    gboolean stale;
    guint64 now;                     /* µs since 1970 */
    const XpvInspection *inspection; /* (nullable) of its disks */
} XpvDomainStatus;

/* xpv_domain_new:
 * @previous: (nullable) the domain before the change: if the verdict is the same, so is the time of its change */
XpvDomain *xpv_domain_new(const XpvDomainStatus *status, const XpvGuest *guest, const XpvJudgement *judgement,
                          const XpvDomain *previous);
void xpv_domain_free(XpvDomain *domain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvDomain, xpv_domain_free)

/* xpv_domain_path: the object path of a UUID. */
char *xpv_domain_path(const char *uuid);

/* xpv_domain_uuid_from_path: Returns: (nullable) NULL if it is not the path of a domain. */
char *xpv_domain_uuid_from_path(const char *path);
