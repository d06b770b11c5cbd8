/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An error of a disk or of a folder: the beginning of a sentence, which names the place and the value. */
#pragma once

#include <glib.h>

#define XPV_INSPECT_ERROR (xpv_inspect_error_quark())
GQuark xpv_inspect_error_quark(void);

typedef enum {
    XPV_INSPECT_ERROR_UNREADABLE, /* it is damaged, or of an unknown kind */
    XPV_INSPECT_ERROR_ABSENT,     /* it does not exist */
} XpvInspectError;

/* xpv_inspect_fail: sets XPV_INSPECT_ERROR_UNREADABLE. Returns: FALSE */
gboolean xpv_inspect_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* xpv_inspect_fail_by_errno: sets G_FILE_ERROR; the sentence ends with what errno says. Returns: FALSE */
gboolean xpv_inspect_fail_by_errno(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
