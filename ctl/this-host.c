/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/this-host.h"

#include <sys/utsname.h>

void
xpv_ctl_this_host(XpvHost *ret_host, char **ret_kernel)
{
    struct utsname name = { 0 };
    gboolean is_known = uname(&name) == 0;
    g_autofree char *cpuinfo = NULL;
    g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL);

    *ret_host = xpv_host_of_machine(is_known ? &name : NULL, cpuinfo);
    *ret_kernel = g_strdup(name.release);
}
