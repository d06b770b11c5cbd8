/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The installed packages in /var/lib/rpm/Packages: a hash of Berkeley DB, of version 7 to 9, whose values are headers.
 *
 * Its buckets are gone through; a header that does not fit on a page of a bucket is a chain of overflow pages, of which
 * no more is read than is wanted. */
#pragma once

#include "inspect/medium.h"

/* More packages are not gone through. */
#define XPV_RPM_DATABASE_MAX 32768U

/* A header in the database. */
typedef struct _XpvRpmRecord XpvRpmRecord;

typedef void (*XpvRpmVisit)(XpvRpmRecord *record, gpointer data);

/* xpv_rpm_database_visit: has each header visited.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE; what was visited before is sound as far as it goes */
gboolean xpv_rpm_database_visit(XpvMedium *file, XpvRpmVisit visit, gpointer data, GError **error);

/* xpv_rpm_record_read: the header's first @max bytes, fewer where it has no more or its chain is broken.
 * Returns: of guint8; owned by the record, as are those of the call before it */
const GByteArray *xpv_rpm_record_read(XpvRpmRecord *record, gsize max);
