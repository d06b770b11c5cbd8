/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An inspection, for a person, with the verdict of the kernel that starts. */
#pragma once

#include "common/host.h"
#include "common/inspection.h"

/* xpv_verdict_text: a paragraph. Returns: (transfer full) ends with a newline; valid UTF-8, fit for a terminal */
char *xpv_verdict_text(const XpvInspection *inspection, const XpvHost *host, XpvVirtualization virtualization);
