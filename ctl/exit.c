/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/exit.h"

G_DEFINE_QUARK(xpv - ctl - error - quark, xpv_ctl_error)
