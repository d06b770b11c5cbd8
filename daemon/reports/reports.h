/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report sources, in order of precedence. Each is a file of its own, and a line in common/report-sources.h. */
#pragma once

#include "common/domain-xml.h"
#include "common/inspection.h"
#include "common/report-sources.h"

/* What the report sources know about one domain. */
typedef struct {
    const char *source; /* KernelSource: the word of the first that had a report; "" */
    char *report;       /* NULL: none; owned */
    GPtrArray *others;  /* (nullable) of char *: the reports of those of lower rank, in their order; owned */
    gboolean is_live;   /* it comes from the running guest itself */
    gboolean acknowledged;
    XpvDrivers disk_drivers;
    XpvDrivers network_drivers;
    XpvSystem system;                /* of the first that names one; the domain's XML is not asked here */
    gint64 run_began;                /* of a domain that runs, seconds since the epoch; 0: not known */
    const XpvInspection *inspection; /* (nullable) of its disks; borrowed until the source is asked again */
    const XpvDomainDisk *boot_disk;  /* (nullable) that which holds /boot, by the inspection; likewise */
} XpvReported;

/* The context of all report sources. */
typedef struct {
    const char *config_path;       /* of the daemon's configuration; borrowed during start() */
    const char *runtime_directory; /* for files that outlive the daemon; borrowed during start() */
    gboolean is_local;             /* the domains run on this machine */
    const char *disk_prefix;       /* (nullable) of xpv_ssh_source_prefix(); borrowed during start() */
    /* Ask again about the domain; @uuid NULL: about all. On the main thread; not from within ask(). */
    void (*changed)(const char *uuid, gpointer data);
    gpointer data;
    guint call_timeout;             /* seconds that a call may take */
    void (*settled)(gpointer data); /* is_settled() may be true now; not from within ask() */
    /* Whether guests' disks are read; not from within ask() nor start(). */
    void (*set_disks_read)(gboolean disks_read, gpointer data);
} XpvReportContext;

/* A report source. All functions are called on the main thread, and must not block. */
typedef struct {
    /* Returns: (nullable) @self for the other functions; NULL: the source has nothing to tell, and they are not called.
     * start() may be NULL: the source uses the XML alone. */
    gpointer (*start)(const XpvReportContext *context);
    void (*stop)(gpointer self); /* NULL: nothing to do */
    /* Reads its files again, as the configuration is reloaded. NULL: it has none. */
    void (*reload)(gpointer self);
    /* Adds the source's report (xpv_reported_add()) and its other facts about the domain. Called
     * whenever the domain is judged. The XML tells whether it runs, and its id. */
    void (*ask)(gpointer self, const XpvDomainXml *xml, XpvReported *reported);
    /* A run begins. libvirt may tell this before or after ask() is called with the id of that run.
     * @is_booted: FALSE: the guest was restored or migrated. NULL: nothing to do. */
    void (*run_began)(gpointer self, const char *uuid, gint id, gboolean is_booted);
    /* The domain is gone. NULL: nothing to do. */
    void (*forget)(gpointer self, const char *uuid);
    /* Whether the first read of every domain has ended; TRUE after some seconds at the latest. NULL: always. */
    gboolean (*is_settled)(gpointer self);
} XpvReportSource;

#define XPV_REPORT_SOURCE(constant, object, word) extern const XpvReportSource xpv_report_##object;
XPV_REPORT_SOURCES(XPV_REPORT_SOURCE)
#undef XPV_REPORT_SOURCE

typedef struct _XpvReports XpvReports;

XpvReports *xpv_reports_new(const XpvReportContext *context);
void xpv_reports_free(XpvReports *reports);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvReports, xpv_reports_free)

/* xpv_reports_ask: clear with xpv_reported_clear(). */
void xpv_reports_ask(XpvReports *reports, const XpvDomainXml *xml, XpvReported *ret_reported);
void xpv_reports_reload(XpvReports *reports);
void xpv_reports_run_began(XpvReports *reports, const char *uuid, gint id, gboolean is_booted);
void xpv_reports_forget(XpvReports *reports, const char *uuid);
gboolean xpv_reports_are_settled(const XpvReports *reports);

void xpv_reported_clear(XpvReported *reported);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XpvReported, xpv_reported_clear)

/* xpv_reported_add: for report sources: the first report is the domain's, later ones are added to others.
 * @report: (nullable) copied; only blanks and control characters count as none. */
void xpv_reported_add(XpvReported *reported, const char *report);
