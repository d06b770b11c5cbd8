/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sentences for a person. Internal to common/: xpv_judge() fills them in. */
#pragma once

#include "common/judge.h"

/* The kernels that a report means once other facts have narrowed it. */
typedef struct {
    const XpvKernel **kernels;
    guint n;
    gboolean reasons_differ; /* they share no reason of theirs */
} XpvCandidates;

/* xpv_explain: one sentence that says why, with the facts and the table.
 * @judgement: but for its sentences, complete */
char *xpv_explain(const XpvHost *host, const XpvGuest *guest, const XpvCandidates *candidates,
                  const XpvJudgement *judgement);

/* xpv_consequence: one sentence that the Guide has on what follows from the verdict; "" where it has none; static. */
const char *xpv_consequence(const XpvCandidates *candidates, const XpvJudgement *judgement);

/* xpv_archs_in_words: "i686 or x86_64". */
char *xpv_archs_in_words(guint archs);
