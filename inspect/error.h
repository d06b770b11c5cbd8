/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with a disk: one sentence, without its end, that names where and which value. */
#pragma once

#include <glib.h>

#define XPV_INSPECT_ERROR (xpv_inspect_error_quark())
GQuark xpv_inspect_error_quark(void);

typedef enum {
    XPV_INSPECT_ERROR_UNREADABLE, /* it is damaged, or of a kind that is not read */
    XPV_INSPECT_ERROR_ABSENT,     /* what was asked for is not there */
    XPV_INSPECT_ERROR_USAGE,      /* of the command line */
} XpvInspectError;

/* xpv_inspect_fail: sets XPV_INSPECT_ERROR_UNREADABLE. Returns: FALSE */
gboolean xpv_inspect_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
