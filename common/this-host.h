/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The facts about this machine. */
#pragma once

#include "common/host.h"

/* xpv_this_kernel: the release of the running kernel. Returns: (transfer full) "" if not known */
char *xpv_this_kernel(void);

/* xpv_this_processor: the maker of the processors. */
XpvProcessor xpv_this_processor(void);

/* xpv_this_host: all facts, as if this were a Xen host. */
XpvHost xpv_this_host(void);
