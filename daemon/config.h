/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's configuration: a key file, and options of the same names, which override its keys. */
#pragma once

#include "common/host.h"

typedef struct {
    char *path;        /* of the file, also if it is missing */
    char *uri;         /* libvirt's */
    char *host_kernel; /* this and the next two override detected facts; NULL: not given; "": unknown */
    char *host_processor;
    char *host_architecture;
    guint grace;        /* seconds that a started guest has to report its kernel */
    guint call_timeout; /* seconds that a call of libvirt may take */
} XpvConfig;

#define XPV_CONFIG_ERROR (xpv_config_error_quark())
GQuark xpv_config_error_quark(void);

typedef enum { XPV_CONFIG_ERROR_INVALID } XpvConfigError;

/* The command line: option names with values (char *), also "config"; and whether the version is asked for. */
typedef struct {
    GHashTable *values;
    gboolean version;
} XpvOptions;

/* xpv_options_parse: takes the options out of @argv.
 * Errors: G_OPTION_ERROR and XPV_CONFIG_ERROR, with a sentence that names the option and its value. */
XpvOptions *xpv_options_parse(int *argc, char ***argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_options_free(XpvOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvOptions, xpv_options_free)

/* xpv_config_load: reads the file that the options name, or the default one, which may be missing.
 * Errors: XPV_CONFIG_ERROR, with a sentence that names file and line, or the option, and the value. */
XpvConfig *xpv_config_load(const XpvOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_config_free(XpvConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvConfig, xpv_config_free)
