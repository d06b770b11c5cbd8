/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public words in plain English: short phrases for where a whole sentence has no room. */
#pragma once

#include "common/words.h"

/* xpv_reason_phrase, xpv_warning_phrase: static. */
const char *xpv_reason_phrase(XpvReason reason);
const char *xpv_warning_phrase(XpvWarning warning);
