/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernels.conf: the key file in which an admin names kernels and acknowledges domains. */
#pragma once

#include "common/domain-xml.h"

/* The file's name. */
#define XPV_KERNELS_CONF "kernels.conf"

/* Its groups. In both, a domain's key is its UUID, or else its name. */
#define XPV_KERNELS_CONF_KERNELS "Kernels"
#define XPV_KERNELS_CONF_ACKNOWLEDGED "Acknowledged"

/* xpv_kernels_conf_path: its path, beside the daemon's configuration. Returns: (transfer full) */
char *xpv_kernels_conf_path(const char *config_path);

/* xpv_kernels_conf_report: Returns: (transfer full) (nullable) the domain's report; NULL: none. */
char *xpv_kernels_conf_report(GKeyFile *conf, const XpvDomainXml *domain);

/* xpv_kernels_conf_acknowledges: whether it acknowledges the domain. */
gboolean xpv_kernels_conf_acknowledges(GKeyFile *conf, const XpvDomainXml *domain);
