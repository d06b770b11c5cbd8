/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line. */
#pragma once

#include "common/facts.h"
#include "ctl/exit.h"
#include "ctl/output.h"

typedef struct _XpvCtl XpvCtl;
typedef struct _XpvCtlVerb XpvCtlVerb;

/* Options that not every verb takes. */
typedef enum {
    XPV_CTL_TAKES_FAIL = 1 << 0,
    XPV_CTL_TAKES_FACTS = 1 << 1,
    XPV_CTL_TAKES_JSON = 1 << 2,
    XPV_CTL_TAKES_HOST = 1 << 3,
    XPV_CTL_TAKES_OUTPUT = 1 << 4,
} XpvCtlTakes;

struct _XpvCtlVerb {
    const char *name;
    const char *argument; /* its name in the help; NULL: the verb takes none */
    const char *description;
    guint minimum; /* arguments */
    guint maximum;
    XpvCtlTakes takes;
    /* @ret_status: XPV_CTL_EXIT_COMPATIBLE, unless it sets another */
    gboolean (*run)(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error);
};

struct _XpvCtl {
    const XpvCtlVerb *verb;
    GStrv arguments; /* the verb's; any bytes */
    gboolean json;
    gboolean fail;
    gboolean matrix;    /* of "check" */
    gboolean all_hosts; /* of "check" */
    char *host;         /* any bytes; NULL: this host */
    char *output_file;  /* any bytes; NULL: standard output */
    gboolean help;
    gboolean version;
    char *facts[XPV_FACT_MAX]; /* of "check"; any bytes; NULL: not given */
    char *help_text;
    XpvCtlOutput output;
};

/* xpv_ctl_parse: reads a command line.
 * Errors: XPV_CTL_ERROR of XPV_CTL_EXIT_USAGE, with a sentence that names what is wrong
 * Returns: (nullable) */
XpvCtl *xpv_ctl_parse(char *const *argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_ctl_free(XpvCtl *ctl);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvCtl, xpv_ctl_free)

/* xpv_ctl_run: the program. Returns: its exit status. */
int xpv_ctl_run(char *const *argv);
