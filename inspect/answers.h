/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder of answers: one file a domain, named by its UUID. Each is written whole, so that nobody reads a part. */
#pragma once

#include "common/inspection.h"

typedef struct _XpvAnswers XpvAnswers;

/* xpv_answers_open: makes the folder where there is none. Returns: (nullable). Errors: G_FILE_ERROR */
XpvAnswers *xpv_answers_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_answers_free(XpvAnswers *answers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvAnswers, xpv_answers_free)

/* xpv_answers_put: where reading failed, or a disk that is needed could not be opened, what was found before on the
 * same disks stays, and what failed is added to it.
 * @inspection: of no disks where the request does not tell them
 * Errors: G_FILE_ERROR */
gboolean xpv_answers_put(XpvAnswers *answers, const char *uuid, const XpvInspection *inspection,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_answers_remove: Errors: G_FILE_ERROR; that there is none is no error */
gboolean xpv_answers_remove(XpvAnswers *answers, const char *uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
