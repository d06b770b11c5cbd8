/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts that people give: the keys of CheckKernel, and the options of daemon and client with the same names. */
#pragma once

#include "common/host.h"

#define XPV_FACTS_ERROR (xpv_facts_error_quark())
GQuark xpv_facts_error_quark(void);

typedef enum { XPV_FACTS_ERROR_UNKNOWN_KEY, XPV_FACTS_ERROR_UNKNOWN_WORD } XpvFactsError;

typedef enum {
    XPV_FACT_HOST_KERNEL,
    XPV_FACT_HOST_ARCHITECTURE,
    XPV_FACT_HOST_PROCESSOR,
    XPV_FACT_VIRTUALIZATION,
    XPV_FACT_MAX
} XpvFact;

/* xpv_fact_key: static. */
const char *xpv_fact_key(XpvFact fact);

/* xpv_facts_set: sets a fact.
 * @virtualization: (nullable) NULL: there is no such key
 * @key: "host-architecture" (i686, x86_64, ia64), "host-processor" (intel, amd), "host-kernel" (uname -r or a package),
 *   "virtualization" (hvm, pv, pvh)
 * @value: "" makes it unknown
 * Errors: XPV_FACTS_ERROR, with a sentence that names key, value and the words that are accepted; nothing is changed.
 */
gboolean xpv_facts_set(XpvHost *host, XpvVirtualization *virtualization, const char *key, const char *value,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
