/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/exit.h"

G_DEFINE_QUARK(xpv_ctl_error, xpv_ctl_error)
