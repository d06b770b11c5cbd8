/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's exit statuses. */
#pragma once

#include <glib.h>

typedef enum {
    XPV_CTL_EXIT_COMPATIBLE = 0,   /* or nothing was asked */
    XPV_CTL_EXIT_INCOMPATIBLE = 1, /* at least one */
    XPV_CTL_EXIT_NO_SUCH_DOMAIN = 1,
    XPV_CTL_EXIT_USAGE = 2,
    XPV_CTL_EXIT_UNDECIDED = 3,   /* at least one unknown or not applicable, none incompatible */
    XPV_CTL_EXIT_UNREACHABLE = 4, /* the daemon */
    XPV_CTL_EXIT_IO = 74,         /* standard input or output; EX_IOERR, which is no verdict */
} XpvCtlExit;

/* An error of this domain has the exit status for its code and a whole sentence for its message. */
#define XPV_CTL_ERROR (xpv_ctl_error_quark())
GQuark xpv_ctl_error_quark(void);
