/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libext2fs reads by: a medium. */
#pragma once

#include <ext2fs/ext2fs.h>

#include "inspect/medium.h"

extern const struct struct_io_manager xpv_ext_io_manager;

/* xpv_ext_io_name: what the manager knows the medium by, as it opens by name alone. Returns: (transfer full) */
char *xpv_ext_io_name(XpvMedium *medium);
