/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's capabilities say of the host that matters here. */
#pragma once

#include <glib.h>

/* xpv_capabilities_vendor: who made the host's processor. Any thread.
 * Returns: (nullable) as libvirt or the processor has it (“Intel”, “AuthenticAMD”); NULL: they do not tell. */
char *xpv_capabilities_vendor(const char *text);
