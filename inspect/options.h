/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line. */
#pragma once

#include "common/host.h"

typedef struct {
    GStrv disks; /* any bytes */
    char *format;
    gboolean json;
    gboolean request;  /* on standard input, rather than disks */
    gboolean requests; /* of the daemon */
    gboolean help;
    gboolean version;
    char *help_text;
    XpvHost host; /* that is judged for */
    XpvVirtualization virtualization;
} XpvInspectOptions;

/* xpv_inspect_options_parse: Returns: (nullable)
 * Errors: a sentence that names what is wrong; any bytes */
XpvInspectOptions *xpv_inspect_options_parse(char *const *argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_inspect_options_free(XpvInspectOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvInspectOptions, xpv_inspect_options_free)
