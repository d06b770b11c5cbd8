/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers the daemon's requests: reads the disks of two domains at a time. A process of its own opens and reads the
 * disks of each domain. If a disk does not answer, because a server is away, this process is given up; the others go
 * on. */
#pragma once

#include <glib.h>

/* xpv_requests_serve: answers until no request is left. A failure for one domain does not affect others.
 * Returns: FALSE: a folder could not be read or written, so requests may be left; a message says so */
gboolean xpv_requests_serve(const char *requests, const char *answers);
