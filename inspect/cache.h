/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A medium that reads another one in chunks, and keeps them while there is room. So nothing is read twice in a row, and
 * data of a disk in use that is read together is of one moment. */
#pragma once

#include "inspect/medium.h"

/* xpv_cache_new: @source is read in whole chunks, except for the last one, which ends with it.
 * @chunk: bytes
 * @chunks_ahead: the most chunks that are read at once, if reading continues where it ended; 1: never more than one */
XpvMedium *xpv_cache_new(XpvMedium *source, gsize chunk, guint chunks_ahead);
