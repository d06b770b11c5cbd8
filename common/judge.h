/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts in, verdict out.
 *
 * A verdict holds only when it holds for every kernel that the guest's report can mean. Its reasons are those that
 * all these kernels share; if they share none, all their reasons. */
#pragma once

#include "common/host.h"
#include "common/report.h"
#include "common/system.h"

/* The facts about a domain. Zero means that a fact is not known; but set id to -1 if the domain does not run. */
typedef struct {
    const char *uuid;                 /* canonical; NULL: not a real domain */
    gint id;                          /* -1: not running */
    XpvVirtualization virtualization; /* unknown is judged as fully virtualized */
    XpvArch arch;                     /* of <os><type>: only its family (x86, ia64) is believed */
    const XpvReport *report;          /* NULL: none */
    gboolean report_is_live;          /* it comes from the running guest itself: from xenstore or its console */
    const GPtrArray *others;          /* (nullable) of XpvReport, the best first: each narrows the report to the
                                         packages that it names exactly; borrowed */
    gboolean in_grace;                /* less than the grace time since this run began or was first read */
    gboolean boot_disk_paravirtualized;
    gboolean has_no_driver_package; /* the packages on its disk were read, and none of them is kmod-xenpv */
    guint declared_major;           /* of RHEL, by libosinfo metadata; 0: none */
    XpvSystem system;               /* by the source that knows best; its name is borrowed */
    XpvDrivers disk_drivers;
    XpvDrivers network_drivers;
} XpvGuest;

#define XPV_NIL_UUID "00000000-0000-0000-0000-000000000000"

typedef struct {
    XpvVerdict verdict;
    guint reasons;          /* set of XpvReason */
    guint warnings;         /* set of XpvWarning */
    char release[8];        /* "3.9"; this and the next four are empty if the kernels differ in them */
    const char *variant;    /* table 12.1's, "" if it has none; static */
    XpvProcessor processor; /* that a RHEL 3 kernel is compiled for */
    guint required_archs;   /* set of XpvArch: the host kernels that it runs on */
    XpvDriverSource driver_source;
    char *explanation; /* one sentence for people: the reason for the verdict */
    char *remedy;      /* one sentence: what to do; "" if there is nothing to do */
    /* One sentence that an alert has between these two; "" if there is none; static. */
    const char *consequence;
} XpvJudgement;

/* xpv_judge: never fails. Free with xpv_judgement_free(). */
XpvJudgement *xpv_judge(const XpvHost *host, const XpvGuest *guest);
void xpv_judgement_free(XpvJudgement *judgement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvJudgement, xpv_judgement_free)

/* xpv_guest_drivers: whether its drivers of either kind are active. */
XpvDrivers xpv_guest_drivers(const XpvGuest *guest);

/* xpv_guest_is_running: whether it has an id. The word of its state does not matter: xend shows idle guests as "no
 * state". */
static inline gboolean
xpv_guest_is_running(const XpvGuest *guest)
{
    return guest->id >= 0;
}
