/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The installed packages in /var/lib/rpm/Packages: a hash of Berkeley DB, of version 7 to 9, whose values are headers.
 *
 * All its buckets are read. A header that does not fit on a page of a bucket is in a chain of overflow pages, of which
 * only the wanted part is read. */
#pragma once

#include "inspect/medium.h"

/* No more packages are read. */
#define XPV_RPM_DATABASE_MAX 32768U

/* A header in the database. */
typedef struct _XpvRpmRecord XpvRpmRecord;

typedef void (*XpvRpmVisit)(XpvRpmRecord *record, gpointer data);

/* xpv_rpm_database_visit: calls back for each header.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE; the headers before the error are valid */
gboolean xpv_rpm_database_visit(XpvMedium *file, XpvRpmVisit visit, gpointer data, GError **error);

/* xpv_rpm_record_read: the header's first @max bytes, or fewer if it is shorter or its chain is broken.
 * Returns: of guint8; owned by the record until the next call */
const GByteArray *xpv_rpm_record_read(XpvRpmRecord *record, gsize max);
