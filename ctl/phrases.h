/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public words in plain English. A word that this client does not know is shown as it is. */
#pragma once

#include "ctl/object.h"

/* xpv_ctl_reason_phrase, xpv_ctl_warning_phrase: static, or @word itself. */
const char *xpv_ctl_reason_phrase(const char *word);
const char *xpv_ctl_warning_phrase(const char *word);

/* xpv_ctl_domain_why: a short phrase: the first reason, or else the warnings. Returns: (transfer full) */
char *xpv_ctl_domain_why(const XpvCtlObject *domain);

/* xpv_ctl_host_text: the known facts about the host, in one line. Returns: (transfer full) */
char *xpv_ctl_host_text(const XpvCtlObject *host);

/* xpv_ctl_host_warning: a sentence that says that libvirt does not answer. Returns: (transfer full) (nullable) NULL: it
 * answers. */
char *xpv_ctl_host_warning(const XpvCtlObject *host);
