/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sentences that explain a verdict to people. Internal to common/: xpv_judge() fills them in. */
#pragma once

#include "common/judge.h"

/* The kernels that a report can mean after other facts have narrowed it. */
typedef struct {
    const XpvKernel **kernels;
    guint n;
    gboolean reasons_differ; /* they have reasons, but no common one */
} XpvCandidates;

/* xpv_explain: one sentence with the reason for the verdict, the facts and the table.
 * @judgement: complete, except for its sentences */
char *xpv_explain(const XpvHost *host, const XpvGuest *guest, const XpvCandidates *candidates,
                  const XpvJudgement *judgement);

/* xpv_consequence: one sentence of the Guide about the consequence of the verdict; "" if there is none; static. */
const char *xpv_consequence(const XpvCandidates *candidates, const XpvJudgement *judgement);

/* xpv_archs_in_words: "i686 or x86_64". */
char *xpv_archs_in_words(guint archs);
