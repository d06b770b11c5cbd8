/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"
#include "ctl/layout.h"
#include "ctl/verbs.h"

#define SEE_HELP "; see “xenpv-compatctl --help”"

#define VERB(name) &xpv_ctl_verb_##name,
static const XpvCtlVerb *const verbs[] = { XPV_CTL_VERBS(VERB) };
#undef VERB

static const char description[] = "“check” judges as on Xen, for a fully virtualized guest on this machine.\n"
                                  "Options override these facts; an empty word makes a fact unknown. With\n"
                                  "--all-hosts, the hosts run RHEL 5.1 unless --host-kernel names another kernel.\n"
                                  "\n"
                                  "Exit status:\n"
                                  "  0   All compatible, or no verdict asked for: only “list --fail” and “check”\n"
                                  "      without --matrix ask for verdicts\n"
                                  "  1   At least one is incompatible; or “show” finds no such domain\n"
                                  "  2   Wrong usage\n"
                                  "  3   At least one is unknown or not applicable, and none is incompatible\n"
                                  "  4   The daemon cannot be reached; “metrics” prints that as well\n"
                                  "  74  Standard input cannot be read, or standard output cannot be written\n"
                                  "With check --all-hosts, a report is compatible if it is compatible on at least\n"
                                  "one host. gate exits with 1 to refuse a domain, and with 0 in all other cases.\n"
                                  "\n"
                                  "Examples:\n"
                                  "  xenpv-compatctl check kernel-smp-2.4.21-50.EL.i686 --host-architecture x86_64\n"
                                  "  rpm -q kernel | xenpv-compatctl check -\n"
                                  "  xenpv-compatctl check --matrix --host-architecture x86_64\n"
                                  "  xenpv-compatctl list --fail >/dev/null || echo \"Check the guests\"\n"
                                  "  xenpv-compatctl -H root@xen1.example.com monitor\n"
                                  "\n"
                                  "See xenpv-compatctl(1).\n";

static char *
verbs_help(void)
{
    GString *help = g_string_new("Tells which of this Xen host's guests can load their para-virtualized drivers.\n"
                                 "\nVerbs:");
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        g_autofree char *usage = g_strjoin(" ", verbs[i]->name, verbs[i]->argument, NULL);
        g_string_append_printf(help, "\n  %s", usage);
        xpv_ctl_layout_pad(help, xpv_ctl_layout_width(usage), 16);
        g_string_append(help, verbs[i]->description);
    }
    return g_string_free(help, FALSE);
}

/* Values are "file names" to GOption, so that any bytes pass. */
static GOptionContext *
options_new(XpvCtl *ctl)
{
    const GOptionEntry entries[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &ctl->json, "Print JSON, one object on each line", NULL },
        { "host", 'H', 0, G_OPTION_ARG_FILENAME, &ctl->host, "Ask the daemon of another host, over ssh",
          "[USER@]HOST" },
        { "fail", 0, 0, G_OPTION_ARG_NONE, &ctl->fail, "list: make the exit status depend on the verdicts", NULL },
        { "output", 0, 0, G_OPTION_ARG_FILENAME, &ctl->output_file, "metrics: write to a file", "FILE" },
        { "host-kernel", 0, 0, G_OPTION_ARG_FILENAME, &ctl->facts[XPV_FACT_HOST_KERNEL],
          "check: the host's kernel, as uname -r prints it", "RELEASE" },
        { "host-architecture", 0, 0, G_OPTION_ARG_FILENAME, &ctl->facts[XPV_FACT_HOST_ARCHITECTURE],
          "check: its architecture: i686, x86_64 or ia64", "WORD" },
        { "host-processor", 0, 0, G_OPTION_ARG_FILENAME, &ctl->facts[XPV_FACT_HOST_PROCESSOR],
          "check: its processor: intel or amd", "WORD" },
        { "virtualization", 0, 0, G_OPTION_ARG_FILENAME, &ctl->facts[XPV_FACT_VIRTUALIZATION],
          "check: the guest's virtualization: hvm, pv or pvh", "WORD" },
        { "matrix", 0, 0, G_OPTION_ARG_NONE, &ctl->matrix, "check: the tables' own kernels, without KERNEL", NULL },
        { "all-hosts", 0, 0, G_OPTION_ARG_NONE, &ctl->all_hosts, "check: for every host that the tables distinguish",
          NULL },
        { "help", 'h', 0, G_OPTION_ARG_NONE, &ctl->help, "Print this", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &ctl->version, "Print the version", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &ctl->arguments, NULL, "[VERB] [ARGUMENT…]" },
        G_OPTION_ENTRY_NULL,
    };
    g_autofree char *summary = verbs_help();
    GOptionContext *options = g_option_context_new(NULL);
    g_option_context_add_main_entries(options, entries, NULL);
    g_option_context_set_help_enabled(options, FALSE);
    g_option_context_set_summary(options, summary);
    g_option_context_set_description(options, description);
    return options;
}

static gboolean G_GNUC_PRINTF(2, 3) fail_usage(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *clean = xpv_text_clean(sentence, -1, 0);
    g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_USAGE, "%s" SEE_HELP, clean);
    return FALSE;
}

static gboolean
take_verb(XpvCtl *ctl, GError **error)
{
    ctl->verb = verbs[0];
    if (!ctl->arguments) {
        ctl->arguments = g_new0(char *, 1);
        return TRUE;
    }

    g_autofree char *word = ctl->arguments[0];
    memmove(ctl->arguments, ctl->arguments + 1, g_strv_length(ctl->arguments) * sizeof(char *));
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
        if (g_str_equal(word, verbs[i]->name)) {
            ctl->verb = verbs[i];
            return TRUE;
        }
    }
    return fail_usage(error, "there is no verb “%s”", word);
}

static gboolean
check_arguments(const XpvCtl *ctl, GError **error)
{
    const XpvCtlVerb *verb = ctl->verb;
    guint n = g_strv_length(ctl->arguments);
    if (ctl->matrix && n > 0)
        return fail_usage(error, "“%s --matrix” takes no argument, but got “%s”", verb->name, ctl->arguments[0]);
    if (n < verb->minimum && !ctl->matrix)
        return fail_usage(error, "“%s” needs an argument: %s", verb->name, verb->argument);
    if (n > verb->maximum && verb->maximum == 0)
        return fail_usage(error, "“%s” takes no argument, but got “%s”", verb->name, ctl->arguments[0]);
    if (n > verb->maximum)
        return fail_usage(error, "“%s” takes one argument, but also got “%s”", verb->name,
                          ctl->arguments[verb->maximum]);
    return TRUE;
}

static gboolean
check_options(const XpvCtl *ctl, GError **error)
{
    const struct {
        const char *name;
        gboolean is_given;
        XpvCtlTakes takes;
    } flags[] = {
        { "json", ctl->json, XPV_CTL_TAKES_JSON },      { "host", ctl->host != NULL, XPV_CTL_TAKES_HOST },
        { "fail", ctl->fail, XPV_CTL_TAKES_FAIL },      { "output", ctl->output_file != NULL, XPV_CTL_TAKES_OUTPUT },
        { "matrix", ctl->matrix, XPV_CTL_TAKES_FACTS }, { "all-hosts", ctl->all_hosts, XPV_CTL_TAKES_FACTS },
    };
    for (guint i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (flags[i].is_given && !(ctl->verb->takes & flags[i].takes))
            return fail_usage(error, "“%s” does not take --%s", ctl->verb->name, flags[i].name);
    }
    for (guint i = 0; i < XPV_FACT_MAX; i++) {
        if (ctl->facts[i] && !(ctl->verb->takes & XPV_CTL_TAKES_FACTS))
            return fail_usage(error, "“%s” does not take --%s", ctl->verb->name, xpv_fact_key(i));
    }
    if (ctl->matrix && ctl->all_hosts)
        return fail_usage(error, "give either --matrix or --all-hosts, not both");
    if (ctl->all_hosts && (ctl->facts[XPV_FACT_HOST_ARCHITECTURE] || ctl->facts[XPV_FACT_HOST_PROCESSOR]))
        return fail_usage(error, "--all-hosts judges for each architecture and processor, so do not give one");
    return TRUE;
}

static gboolean
is_gate(char *const *argv)
{
    return argv[0] && g_strcmp0(argv[1], XPV_CTL_GATE) == 0;
}

/* The arguments of “gate” come from libvirt, and a domain may be named “--help”. */
static GStrv
copy_words(char *const *argv)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    for (guint i = 0; argv[i]; i++) {
        g_strv_builder_add(words, argv[i]);
        if (i == 1 && is_gate(argv) && argv[2] && argv[3])
            g_strv_builder_add(words, "--");
    }
    return g_strv_builder_end(words);
}

XpvCtl *
xpv_ctl_parse(char *const *argv, GError **error)
{
    g_autoptr(XpvCtl) ctl = g_new0(XpvCtl, 1);
    g_autoptr(GOptionContext) options = options_new(ctl);
    g_autoptr(GError) wrong = NULL;
    g_auto(GStrv) words = copy_words(argv);

    xpv_ctl_output_init(&ctl->output, stdout);
    ctl->help_text = g_option_context_get_help(options, FALSE, NULL);
    if (!g_option_context_parse_strv(options, &words, &wrong)) {
        gboolean is_unknown = g_error_matches(wrong, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION);
        fail_usage(error, "%s%s", wrong->message, is_unknown ? " (a name that begins with “-” comes after “--”)" : "");
        return NULL;
    }
    if (ctl->help || ctl->version)
        return g_steal_pointer(&ctl);
    if (!take_verb(ctl, error) || !check_options(ctl, error) || !check_arguments(ctl, error))
        return NULL;
    return g_steal_pointer(&ctl);
}

void
xpv_ctl_free(XpvCtl *ctl)
{
    if (!ctl)
        return;
    g_strfreev(ctl->arguments);
    g_free(ctl->host);
    g_free(ctl->output_file);
    for (guint i = 0; i < XPV_FACT_MAX; i++)
        g_free(ctl->facts[i]);
    g_free(ctl->help_text);
    g_free(ctl);
}

static gboolean
run_verb(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    *ret_status = XPV_CTL_EXIT_COMPATIBLE;
    if (ctl->help)
        xpv_ctl_output_write(&ctl->output, ctl->help_text);
    else if (ctl->version)
        xpv_ctl_output_write(&ctl->output, "xenpv-compatctl " XPV_VERSION "\n");
    else if (!ctl->verb->run(ctl, ret_status, error))
        return FALSE;

    /* A reader such as head(1) stops when it has what it wants: that is no failure. */
    if (ctl->output.error != 0 && ctl->output.error != EPIPE) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "cannot write to standard output: %s",
                    g_strerror(ctl->output.error));
        return FALSE;
    }
    return TRUE;
}

static int
run(char *const *argv)
{
    g_autoptr(GError) error = NULL;
    XpvCtlExit status;

    setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is no other thread yet */
    signal(SIGPIPE, SIG_IGN);
    g_set_prgname("xenpv-compatctl");
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) { /* otherwise the bus's socket takes its number */
        xpv_ctl_complain("standard output is closed");
        return XPV_CTL_EXIT_IO;
    }

    g_autoptr(XpvCtl) ctl = xpv_ctl_parse(argv, &error);
    if (ctl && run_verb(ctl, &status, &error))
        return (int)status;
    xpv_ctl_complain(error->message);
    return error->code;
}

int
xpv_ctl_run(char *const *argv)
{
    int status = run(argv);
    /* libvirt takes any failure for a refusal. */
    return is_gate(argv) && status != XPV_CTL_EXIT_INCOMPATIBLE ? XPV_CTL_EXIT_COMPATIBLE : status;
}
