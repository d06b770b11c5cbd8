/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/host.h"

#include "common/guide.h"
#include "common/report.h"

gboolean
xpv_host_is_xen(const XpvHost *host)
{
    return g_ascii_strcasecmp(host->hypervisor, "Xen") == 0 || g_ascii_strcasecmp(host->hypervisor, "TEST") == 0;
}

gint
xpv_host_update_from_kernel(const char *kernel)
{
    g_autoptr(XpvReport) report = xpv_report_parse(kernel, -1);
    guint n = 0;
    const XpvKernel *kernels = report ? xpv_report_kernels(report, &n) : NULL;
    if (n == 0 || kernels[0].major != XPV_GUIDE_HOST_MAJOR)
        return -1;
    return MAX(kernels[0].update, 0); /* a pre-release is of update 0 */
}

char *
xpv_host_release(gint update)
{
    return update < 0 ? g_strdup("") : g_strdup_printf("%d.%d", XPV_GUIDE_HOST_MAJOR, update);
}

XpvArch
xpv_host_architecture_from_machine(const char *machine)
{
    static const struct {
        const char *machine;
        XpvArch arch;
    } machines[] = {
        { "i386", XPV_ARCH_I686 },    { "i486", XPV_ARCH_I686 },    { "i586", XPV_ARCH_I686 },
        { "i686", XPV_ARCH_I686 },    { "athlon", XPV_ARCH_I686 },  { "x86_64", XPV_ARCH_X86_64 },
        { "amd64", XPV_ARCH_X86_64 }, { "ia32e", XPV_ARCH_X86_64 }, { "ia64", XPV_ARCH_IA64 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(machines); i++) {
        if (g_strcmp0(machine, machines[i].machine) == 0)
            return machines[i].arch;
    }
    return XPV_ARCH_UNKNOWN;
}

XpvProcessor
xpv_host_processor_from_vendor(const char *vendor)
{
    if (g_strcmp0(vendor, "GenuineIntel") == 0 || g_strcmp0(vendor, "Intel") == 0)
        return XPV_PROCESSOR_INTEL;
    if (g_strcmp0(vendor, "AuthenticAMD") == 0 || g_strcmp0(vendor, "AMD") == 0)
        return XPV_PROCESSOR_AMD;
    return XPV_PROCESSOR_UNKNOWN;
}

XpvProcessor
xpv_host_processor_from_cpuinfo(const char *cpuinfo)
{
    g_auto(GStrv) lines = g_strsplit(cpuinfo, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        char *value = strchr(lines[i], ':');
        /* "vendor_id" on x86, "vendor" on ia64 */
        if (value && g_str_has_prefix(lines[i], "vendor"))
            return xpv_host_processor_from_vendor(g_strstrip(value + 1));
    }
    return XPV_PROCESSOR_UNKNOWN;
}

gboolean
xpv_uri_is_local(const char *uri)
{
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, NULL);
    const char *host = parsed ? g_uri_get_host(parsed) : NULL;
    if (!parsed)
        return g_ascii_strcasecmp(uri, "xen") == 0; /* libvirt's short form of xen:///system */
    return !host || *host == '\0';
}
