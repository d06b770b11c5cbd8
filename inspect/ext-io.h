/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The I/O manager with which libext2fs reads a medium. */
#pragma once

#include <ext2fs/ext2fs.h>

#include "inspect/medium.h"

extern const struct struct_io_manager xpv_ext_io_manager;

/* xpv_ext_io_name: a name for the medium, as the manager opens by name alone. Returns: (transfer full) */
char *xpv_ext_io_name(XpvMedium *medium);
