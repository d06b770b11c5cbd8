/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/kernels-conf.h"

static const char *
find_key(GKeyFile *conf, const char *group, const XpvDomainXml *domain)
{
    return g_key_file_has_key(conf, group, domain->uuid, NULL) ? domain->uuid : domain->name;
}

char *
xpv_kernels_conf_report(GKeyFile *conf, const XpvDomainXml *domain)
{
    const char *key = find_key(conf, XPV_KERNELS_CONF_KERNELS, domain);
    return g_key_file_get_string(conf, XPV_KERNELS_CONF_KERNELS, key, NULL);
}

gboolean
xpv_kernels_conf_acknowledges(GKeyFile *conf, const XpvDomainXml *domain)
{
    const char *key = find_key(conf, XPV_KERNELS_CONF_ACKNOWLEDGED, domain);
    return g_key_file_get_boolean(conf, XPV_KERNELS_CONF_ACKNOWLEDGED, key, NULL);
}
