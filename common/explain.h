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

/* xpv_remedy: one sentence that says what to do, by the first reason; "" where there is nothing to do. */
char *xpv_remedy(const XpvHost *host, const XpvCandidates *candidates, const XpvJudgement *judgement);
