/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads libvirt's capabilities of a host. */
#pragma once

#include <glib.h>

/* xpv_capabilities_vendor: the maker of the host's processor. Any thread.
 * Returns: (nullable) in libvirt's or the processor's words (“Intel”, “AuthenticAMD”); NULL: not known. */
char *xpv_capabilities_vendor(const char *text);
