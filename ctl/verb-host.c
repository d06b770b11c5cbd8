/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/ssh-source.h"
#include "ctl/bus.h"
#include "ctl/json.h"
#include "ctl/phrases.h"
#include "ctl/style.h"
#include "ctl/verbs.h"

/* With JSON, there is no place for a warning. */
void
xpv_ctl_warn_of_host(XpvCtl *ctl, const XpvCtlObject *host)
{
    g_autofree char *warning = xpv_ctl_host_warning(host);
    if (warning && ctl->json)
        xpv_ctl_complain(warning);
    else if (warning)
        xpv_ctl_output_sentence(&ctl->output, "Warning: ", XPV_CTL_STYLE_BAD, warning);
}

/* If disks are not read, it also says why: nobody knows where else to find that. */
static char *
disks_read_text(const XpvCtlObject *host)
{
    if (xpv_ctl_object_boolean(host, XPV_CTL_HOST_DISKS_READ))
        return g_strdup("yes");
    g_autoptr(GError) error = NULL;
    g_autofree char *prefix = xpv_ssh_source_prefix(xpv_ctl_object_string(host, XPV_CTL_HOST_URI), &error);
    if (!prefix)
        return g_strdup_printf("no, as they are on another host: %s", error->message);
    return g_strdup("no, as xenpv-compat-inspect does not answer (systemctl status xenpv-compat-inspect.path)");
}

static char *
render_sheet(const XpvCtlOutput *output, const XpvCtlObject *host)
{
    gboolean is_connected = xpv_ctl_object_boolean(host, XPV_CTL_HOST_CONNECTED);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < XPV_CTL_HOST_MAX; i++) {
        g_autofree char *value = i == XPV_CTL_HOST_DISKS_READ ? disks_read_text(host) : xpv_ctl_object_text(host, i);
        gboolean is_bad = i == XPV_CTL_HOST_CONNECTED && !is_connected;
        xpv_ctl_output_sheet(output, text, host->interface, i, value, is_bad ? XPV_CTL_STYLE_BAD : XPV_CTL_STYLE_NONE);
    }
    return g_string_free(text, FALSE);
}

static gboolean
run(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    g_autoptr(GDBusConnection) connection = xpv_ctl_bus_open(ctl->host, error);
    g_autoptr(XpvCtlObject) host = connection ? xpv_ctl_bus_host(connection, error) : NULL;
    if (!host)
        return FALSE;

    g_autofree char *text =
        ctl->json ? xpv_ctl_json_line(NULL, host, XPV_CTL_EVERYWHERE) : render_sheet(&ctl->output, host);
    xpv_ctl_output_write(&ctl->output, text);
    return TRUE;
}

const XpvCtlVerb xpv_ctl_verb_host = {
    .name = "host",
    .description = "The host's facts, and whether libvirt answers",
    .takes = XPV_CTL_TAKES_JSON | XPV_CTL_TAKES_HOST,
    .run = run,
};
