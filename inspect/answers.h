/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder of answers: one file for each domain, named by its UUID. Each is replaced in one step. */
#pragma once

#include "common/inspection.h"

typedef struct _XpvAnswers XpvAnswers;

/* xpv_answers_open: makes the folder if there is none. Returns: (nullable). Errors: G_FILE_ERROR */
XpvAnswers *xpv_answers_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_answers_free(XpvAnswers *answers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvAnswers, xpv_answers_free)

/* xpv_answers_put: writes the answer. If reading failed, or a needed disk could not be opened, the last answer about
 * the same disks stays, and the errors are added to it.
 * @inspection: without disks if the request does not name them
 * Errors: G_FILE_ERROR */
gboolean xpv_answers_put(XpvAnswers *answers, const char *uuid, const XpvInspection *inspection,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_answers_remove: Errors: G_FILE_ERROR; it is no error if there is none */
gboolean xpv_answers_remove(XpvAnswers *answers, const char *uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;
