/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts about this machine. */
#pragma once

#include "common/host.h"

/* xpv_ctl_this_host: as of a Xen host.
 * @ret_kernel: (transfer full): its release, "" if not known */
void xpv_ctl_this_host(XpvHost *ret_host, char **ret_kernel);
