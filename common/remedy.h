/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A sentence for people that says what to do. Internal to common/: xpv_judge() fills it in.
 *
 * It cures all reasons at once, whichever of the candidates the guest runs, or says that no supported kernel exists. A
 * kernel of the other word size cannot be installed into a guest: it needs another installation. */
#pragma once

#include "common/explain.h"

/* xpv_remedy: "" if there is nothing to do. */
char *xpv_remedy(const XpvHost *host, const XpvCandidates *candidates, const XpvJudgement *judgement);
