/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/this-host.h"

#include <sys/utsname.h>

void
xpv_ctl_this_host(XpvHost *ret_host, char **ret_kernel)
{
    struct utsname name = { 0 };
    gboolean is_known = uname(&name) == 0;
    g_autofree char *cpuinfo = NULL;
    gboolean has_cpuinfo = g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL);

    *ret_host = (XpvHost){
        .hypervisor = "Xen",
        .architecture = is_known ? xpv_host_architecture_from_machine(name.machine) : XPV_ARCH_UNKNOWN,
        .processor = has_cpuinfo ? xpv_host_processor_from_cpuinfo(cpuinfo) : XPV_PROCESSOR_UNKNOWN,
        .update = is_known ? xpv_host_update_from_kernel(name.release) : -1,
    };
    *ret_kernel = g_strdup(name.release);
}
