/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's requests: reads the disks of each domain that it asks for, two at a time, and answers. Each domain's are
 * read by a process of its own, which opens them too: one whose disk does not answer, as a server is away, is given up,
 * and the others are read meanwhile. */
#pragma once

#include <glib.h>

/* xpv_requests_serve: until no request is left. A domain whose disks cannot be read costs no other.
 * Returns: FALSE: a folder could not be read or written, which has been complained of */
gboolean xpv_requests_serve(const char *requests, const char *answers);
