/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/host-state.h"

#include <string.h>

#include "common/guide.h"
#include "common/ssh-source.h"
#include "common/text.h"
#include "common/this-host.h"

struct _XpvHostState {
    XpvHostProperties properties;
    const XpvConfig *config;
    XpvLibvirtHost *libvirt; /* of the last connection; NULL before the first */
    XpvHostStateChanged changed;
    gpointer data;
};

/* From libvirt's capabilities. libxl's do not name the vendor. */
static XpvProcessor
detect_processor(const XpvLibvirtHost *libvirt, gboolean is_local)
{
    XpvProcessor processor = xpv_host_processor_from_vendor(libvirt ? libvirt->vendor : NULL);
    return processor == XPV_PROCESSOR_UNKNOWN && is_local ? xpv_this_processor() : processor;
}

/* libxl does not tell the name. */
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

/* The host's facts; the rest is 0. */
static XpvHostProperties
detect(const XpvConfig *config, const XpvLibvirtHost *libvirt)
{
    XpvHostProperties host = { 0 };
    gboolean is_local = xpv_uri_is_local(config->uri);
    XpvArch arch = xpv_host_architecture_from_machine(libvirt ? libvirt->machine : NULL);

    host.version = g_strdup(XPV_VERSION);
    host.rules = g_strdup(XPV_GUIDE_RULES);
    host.uri = xpv_text_clean(config->uri, -1, 0);
    host.hypervisor = xpv_text_clean(libvirt && libvirt->hypervisor ? libvirt->hypervisor : "", -1, 0);
    host.host_name = detect_name(libvirt, is_local);
    host.host_kernel = override(config->host_kernel, is_local ? xpv_this_kernel() : g_strdup(""));
    host.host_architecture = override(config->host_architecture, g_strdup(xpv_arch_to_word(arch)));
    host.host_processor =
        override(config->host_processor, g_strdup(xpv_processor_to_word(detect_processor(libvirt, is_local))));
    host.host_release = xpv_host_release(xpv_host_update_from_kernel(host.host_kernel));
    return host;
}

static void
properties_clear(XpvHostProperties *properties)
{
    g_free(properties->version);
    g_free(properties->rules);
    g_free(properties->uri);
    g_free(properties->hypervisor);
    g_free(properties->host_name);
    g_free(properties->host_kernel);
    g_free(properties->host_architecture);
    g_free(properties->host_processor);
    g_free(properties->host_release);
}

void
xpv_host_properties_get_facts(const XpvHostProperties *properties, XpvHost *ret_host)
{
    ret_host->hypervisor = properties->hypervisor;
    ret_host->update = xpv_host_update_from_kernel(properties->host_kernel);
    if (!xpv_arch_from_word(properties->host_architecture, &ret_host->architecture))
        ret_host->architecture = XPV_ARCH_UNKNOWN;
    if (!xpv_processor_from_word(properties->host_processor, &ret_host->processor))
        ret_host->processor = XPV_PROCESSOR_UNKNOWN;
}

XpvHostState *
xpv_host_state_new(const XpvConfig *config, XpvHostStateChanged changed, gpointer data)
{
    XpvHostState *state = g_new0(XpvHostState, 1);
    state->config = config;
    state->changed = changed;
    state->data = data;
    state->properties = detect(config, NULL);
    g_autofree char *disk_prefix = xpv_ssh_source_prefix(config->uri, NULL);
    state->properties.disks_read = disk_prefix != NULL;
    return state;
}

void
xpv_host_state_free(XpvHostState *state)
{
    if (!state)
        return;
    properties_clear(&state->properties);
    xpv_libvirt_host_free(state->libvirt);
    g_free(state);
}

const XpvHostProperties *
xpv_host_state_get(const XpvHostState *state)
{
    return &state->properties;
}

static void
tell(XpvHostState *state, const XpvHostProperties *before)
{
    if (state->changed)
        state->changed(before, &state->properties, state->data);
}

static void
detect_again(XpvHostState *state)
{
    XpvHostProperties before = state->properties;
    state->properties = detect(state->config, state->libvirt);
    state->properties.connected = before.connected;
    state->properties.disks_read = before.disks_read;
    state->properties.last_update = before.last_update;
    memcpy(state->properties.counts, before.counts, sizeof before.counts);
    tell(state, &before);
    properties_clear(&before);
}

void
xpv_host_state_set_config(XpvHostState *state, const XpvConfig *config)
{
    state->config = config;
    detect_again(state);
}

void
xpv_host_state_set_libvirt(XpvHostState *state, const XpvLibvirtHost *libvirt)
{
    xpv_libvirt_host_free(state->libvirt);
    state->libvirt = xpv_libvirt_host_copy(libvirt);
    detect_again(state);
}

void
xpv_host_state_set_connected(XpvHostState *state, gboolean connected)
{
    const XpvHostProperties before = state->properties;
    state->properties.connected = connected;
    tell(state, &before);
}

void
xpv_host_state_set_disks_read(XpvHostState *state, gboolean disks_read)
{
    const XpvHostProperties before = state->properties;
    state->properties.disks_read = disks_read;
    tell(state, &before);
}

void
xpv_host_state_set_counts(XpvHostState *state, const guint32 counts[XPV_VERDICT_MAX])
{
    const XpvHostProperties before = state->properties;
    memcpy(state->properties.counts, counts, sizeof before.counts);
    tell(state, &before);
}

void
xpv_host_state_set_last_update(XpvHostState *state, guint64 last_update)
{
    const XpvHostProperties before = state->properties;
    state->properties.last_update = last_update;
    tell(state, &before);
}
