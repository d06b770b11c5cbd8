/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/host.h"

#include <sys/utsname.h>

#include "common/guide.h"
#include "common/text.h"

static char *
detect_kernel(gboolean is_local)
{
    struct utsname name;
    return g_strdup(is_local && uname(&name) == 0 ? name.release : "");
}

/* From libvirt's capabilities; libxl's name no vendor, so this machine's own word serves where it is the host. */
static XpvProcessor
detect_processor(const XpvLibvirtHost *libvirt, gboolean is_local)
{
    XpvProcessor processor = xpv_host_processor_from_vendor(libvirt ? libvirt->vendor : NULL);
    g_autofree char *cpuinfo = NULL;
    if (processor == XPV_PROCESSOR_UNKNOWN && is_local && g_file_get_contents("/proc/cpuinfo", &cpuinfo, NULL, NULL))
        processor = xpv_host_processor_from_cpuinfo(cpuinfo);
    return processor;
}

/* libxl tells no name. */
static char *
detect_name(const XpvLibvirtHost *libvirt, gboolean is_local)
{
    if (libvirt && libvirt->name)
        return xpv_text_clean(libvirt->name, -1, 0);
    return g_strdup(is_local ? g_get_host_name() : "");
}

/* Takes over @detected. */
static char *
override(const char *configured, char *detected)
{
    if (!configured)
        return detected;
    g_free(detected);
    return xpv_text_clean(configured, -1, 0);
}

XpvHostState *
xpv_host_state_new(const XpvConfig *config, const XpvLibvirtHost *libvirt)
{
    XpvHostState *state = g_new0(XpvHostState, 1);
    gboolean is_local = xpv_uri_is_local(config->uri);
    XpvArch arch = xpv_host_architecture_from_machine(libvirt ? libvirt->machine : NULL);

    state->version = g_strdup(XPV_VERSION);
    state->rules = g_strdup(XPV_GUIDE_RULES);
    state->uri = xpv_text_clean(config->uri, -1, 0);
    state->hypervisor = xpv_text_clean(libvirt && libvirt->hypervisor ? libvirt->hypervisor : "", -1, 0);
    state->host_name = detect_name(libvirt, is_local);
    state->host_kernel = override(config->host_kernel, detect_kernel(is_local));
    state->host_architecture = override(config->host_architecture, g_strdup(xpv_arch_to_word(arch)));
    state->host_processor =
        override(config->host_processor, g_strdup(xpv_processor_to_word(detect_processor(libvirt, is_local))));
    state->host_release = xpv_host_release(xpv_host_update_from_kernel(state->host_kernel));
    return state;
}

XpvHostState *
xpv_host_state_copy(const XpvHostState *state)
{
    XpvHostState *copy = g_memdup2(state, sizeof *state);
    copy->version = g_strdup(state->version);
    copy->rules = g_strdup(state->rules);
    copy->uri = g_strdup(state->uri);
    copy->hypervisor = g_strdup(state->hypervisor);
    copy->host_name = g_strdup(state->host_name);
    copy->host_kernel = g_strdup(state->host_kernel);
    copy->host_architecture = g_strdup(state->host_architecture);
    copy->host_processor = g_strdup(state->host_processor);
    copy->host_release = g_strdup(state->host_release);
    return copy;
}

void
xpv_host_state_clear(XpvHostState *state)
{
    g_free(state->version);
    g_free(state->rules);
    g_free(state->uri);
    g_free(state->hypervisor);
    g_free(state->host_name);
    g_free(state->host_kernel);
    g_free(state->host_architecture);
    g_free(state->host_processor);
    g_free(state->host_release);
}

void
xpv_host_state_free(XpvHostState *state)
{
    if (!state)
        return;
    xpv_host_state_clear(state);
    g_free(state);
}

void
xpv_host_state_get_facts(const XpvHostState *state, XpvHost *ret_host)
{
    ret_host->hypervisor = state->hypervisor;
    ret_host->update = xpv_host_update_from_kernel(state->host_kernel);
    if (!xpv_arch_from_word(state->host_architecture, &ret_host->architecture))
        ret_host->architecture = XPV_ARCH_UNKNOWN;
    if (!xpv_processor_from_word(state->host_processor, &ret_host->processor))
        ret_host->processor = XPV_PROCESSOR_UNKNOWN;
}
