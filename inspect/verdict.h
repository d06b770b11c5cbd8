/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An inspection as text for people, with the verdict on the kernel that starts. */
#pragma once

#include "common/host.h"
#include "common/inspection.h"

/* xpv_verdict_text: a paragraph. Returns: (transfer full) ends with a newline; valid UTF-8, safe for a terminal */
char *xpv_verdict_text(const XpvInspection *inspection, const XpvHost *host, XpvVirtualization virtualization);
