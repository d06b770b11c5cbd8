/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the daemon asks xenpv-compat-inspect --requests for: to read the disks of a domain. A request is a file of the
 * domain's UUID; an empty one says that the domain is gone.
 *
 *   [request]
 *   urgent=true
 *   serial=1795967850788836
 *   [disk 1]
 *   source=/dev/vg/web51
 *   format=raw
 *   target=hda
 *   bus=ide
 */
#pragma once

#include "common/domain-disk.h"

/* The folder of requests, in the daemon's runtime folder. The folder of answers has that runtime folder's name with the
 * suffix added. Each answer is a file with the domain's UUID as its name, too. */
#define XPV_INSPECTION_REQUESTS "inspect"
#define XPV_INSPECTION_ANSWERS_SUFFIX "-inspect"

/* At most so many disks of a domain are asked for; no guest of RHEL 3, 4 or 5 has more. */
#define XPV_INSPECTION_REQUEST_DISKS_MAX 64U

/* In bytes. A longer request is refused. 64 disks with the longest paths, every byte escaped, still fit. */
#define XPV_INSPECTION_REQUEST_MAX (1024U * 1024)

typedef struct {
    GPtrArray *disks; /* of XpvDomainDisk, in the order of the domain's XML */
    gboolean urgent;  /* before others: the domain is new, or has just started */
    gint64 serial;    /* positive; the answer has it, too */
} XpvInspectionRequest;

void xpv_inspection_request_free(XpvInspectionRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvInspectionRequest, xpv_inspection_request_free)

/* xpv_inspection_request_to_text: @disks: of XpvDomainDisk, with texts in UTF-8, as an XML's are; those beyond
 * XPV_INSPECTION_REQUEST_DISKS_MAX are left out. Returns: (transfer full) */
char *xpv_inspection_request_to_text(const GPtrArray *disks, gboolean urgent, gint64 serial);

/* xpv_inspection_request_from_text: @text: any bytes, not empty.
 * Returns: (nullable)
 * Errors: G_KEY_FILE_ERROR, with a sentence that names what is wrong */
XpvInspectionRequest *xpv_inspection_request_from_text(const char *text, gsize length,
                                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
