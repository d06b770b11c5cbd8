/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A medium that reads another one in chunks and keeps them while there is room, so that nothing is read twice in a row
 * and the data of a disk in use is of one moment. */
#pragma once

#include "inspect/medium.h"

/* xpv_cache_new: @source is only read in whole chunks, but for the last one, which ends where it ends.
 * @chunk: bytes; @chunks_ahead: if reading goes on where it ended, as many chunks are read at once, at most; 1: never
 * more
 */
XpvMedium *xpv_cache_new(XpvMedium *source, gsize chunk, guint chunks_ahead);
