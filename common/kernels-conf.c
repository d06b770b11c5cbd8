/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/kernels-conf.h"

char *
xpv_kernels_conf_path(const char *config_path)
{
    g_autofree char *folder = g_path_get_dirname(config_path);
    return g_build_filename(folder, XPV_KERNELS_CONF, NULL);
}

/* Returns: (nullable) NULL if there is no such group, as on most hosts. Without this check, GLib would format an error
 * for each domain. */
static const char *
find_key(GKeyFile *conf, const char *group, const XpvDomainXml *domain)
{
    if (!g_key_file_has_group(conf, group))
        return NULL;
    return g_key_file_has_key(conf, group, domain->uuid, NULL) ? domain->uuid : domain->name;
}

char *
xpv_kernels_conf_report(GKeyFile *conf, const XpvDomainXml *domain)
{
    const char *key = find_key(conf, XPV_KERNELS_CONF_KERNELS, domain);
    return key ? g_key_file_get_string(conf, XPV_KERNELS_CONF_KERNELS, key, NULL) : NULL;
}

gboolean
xpv_kernels_conf_acknowledges(GKeyFile *conf, const XpvDomainXml *domain)
{
    const char *key = find_key(conf, XPV_KERNELS_CONF_ACKNOWLEDGED, domain);
    return key && g_key_file_get_boolean(conf, XPV_KERNELS_CONF_ACKNOWLEDGED, key, NULL);
}
