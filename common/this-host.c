/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/this-host.h"

#include <sys/utsname.h>

char *
xpv_this_kernel(void)
{
    struct utsname name = { 0 };
    (void)uname(&name);
    return g_strdup(name.release);
}

XpvProcessor
xpv_this_processor(void)
{
    g_autofree char *cpuinfo = NULL;
    g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL);
    return cpuinfo ? xpv_host_processor_from_cpuinfo(cpuinfo) : XPV_PROCESSOR_UNKNOWN;
}

XpvHost
xpv_this_host(void)
{
    struct utsname name = { 0 };
    (void)uname(&name);
    return (XpvHost){
        .hypervisor = "Xen",
        .architecture = xpv_host_architecture_from_machine(name.machine),
        .processor = xpv_this_processor(),
        .update = xpv_host_update_from_kernel(name.release),
    };
}
