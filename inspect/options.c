/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/options.h"

#include "common/facts.h"
#include "common/this-host.h"
#include "inspect/format.h"

static const char summary[] = "Tells which kernels are installed on the disks of a guest, which one starts, and\n"
                              "whether its para-virtualized drivers can load. It never writes to a\n"
                              "disk, and never mounts one.";

static const char description[] = "Give all disks of one guest, in order; ssh://USER@HOST/PATH is a disk of another\n"
                                  "host. The verdict is for a fully virtualized guest on this machine, as if it\n"
                                  "were a Xen host. Options override these facts; an empty word makes a fact\n"
                                  "unknown.\n"
                                  "\n"
                                  "Exit status:\n"
                                  "  0   A kernel was found\n"
                                  "  1   None was found\n"
                                  "  2   Wrong usage\n"
                                  "  3   A disk could not be opened\n"
                                  "  74  Standard output cannot be written, or with --requests a folder\n"
                                  "\n"
                                  "Examples:\n"
                                  "  xenpv-compat-inspect /var/lib/xen/images/erp39.img\n"
                                  "  xenpv-compat-inspect --json /dev/vg/web51 /dev/vg/web51-data\n"
                                  "  xenpv-compat-inspect ssh://root@xen1.example.com/dev/vg/web51\n"
                                  "\n"
                                  "See xenpv-compat-inspect(1).\n";

static gboolean
take_fact(const char *option, const char *value, gpointer data, GError **error)
{
    XpvInspectOptions *options = data;
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    if (xpv_facts_set(&options->host, &options->virtualization, option + strlen("--"), valid, error))
        return TRUE;
    g_prefix_error(error, "--");
    return FALSE;
}

/* Values are "file names" to GOption, so that any bytes pass. */
static GOptionContext *
context_new(XpvInspectOptions *options)
{
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print JSON, one object on a line", NULL },
        { "format", 0, 0, G_OPTION_ARG_FILENAME, &options->format, "The disks' format, if they are not raw", "FORMAT" },
        { "host-kernel", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, take_fact,
          "The host's kernel, as uname -r prints it", "RELEASE" },
        { "host-architecture", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, take_fact,
          "The host's architecture: i686, x86_64 or ia64", "WORD" },
        { "host-processor", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, take_fact,
          "The host's processor: intel or amd", "WORD" },
        { "virtualization", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, take_fact,
          "The guest's virtualization: hvm, pv or pvh", "WORD" },
        { "request", 0, 0, G_OPTION_ARG_NONE, &options->request, "Read a request of the daemon from standard input",
          NULL },
        { "requests", 0, 0, G_OPTION_ARG_NONE, &options->requests, "Answer all requests of the daemon", NULL },
        { "help", 'h', 0, G_OPTION_ARG_NONE, &options->help, "Print this", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->disks, NULL, "DISK…" },
        G_OPTION_ENTRY_NULL,
    };
    GOptionContext *context = g_option_context_new(NULL);
    GOptionGroup *group = g_option_group_new(NULL, NULL, NULL, options, NULL);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, summary);
    g_option_context_set_description(context, description);
    return context;
}

XpvInspectOptions *
xpv_inspect_options_parse(char *const *argv, GError **error)
{
    g_autoptr(XpvInspectOptions) options = g_new0(XpvInspectOptions, 1);
    g_autoptr(GOptionContext) context = context_new(options);
    g_auto(GStrv) arguments = g_strdupv((GStrv)argv);

    options->help_text = g_option_context_get_help(context, FALSE, NULL);
    options->host = xpv_this_host();
    options->virtualization = XPV_VIRTUALIZATION_HVM;
    if (!g_option_context_parse_strv(context, &arguments, error))
        return NULL;
    if (options->help || options->version)
        return g_steal_pointer(&options);
    gboolean takes_disks = !options->request && !options->requests;
    if (takes_disks != (options->disks != NULL) || (options->request && options->requests)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "it needs a DISK, or else --request or --requests");
        return NULL;
    }
    if (!options->format)
        options->format = g_strdup("raw");
    if (!xpv_format_driver(options->format)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--format cannot be “%s”; it is " XPV_FORMATS,
                    options->format);
        return NULL;
    }
    return g_steal_pointer(&options);
}

void
xpv_inspect_options_free(XpvInspectOptions *options)
{
    g_strfreev(options->disks);
    g_free(options->format);
    g_free(options->help_text);
    g_free(options);
}
