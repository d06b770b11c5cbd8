/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenpv-compat-inspect: tells which kernels are on a guest's disks. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "common/text.h"
#include "inspect/inspect.h"
#include "inspect/options.h"
#include "inspect/verdict.h"

#define NAME "xenpv-compat-inspect"

typedef enum {
    EXIT_FOUND = 0, /* a kernel */
    EXIT_NONE_FOUND = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_OPENED = 3, /* a disk */
    EXIT_IO = 74,        /* EX_IOERR */
} Exit;

/* Text for people goes out in their character set. */
static char *
to_locale(const char *text)
{
    const char *charset;
    if (g_get_charset(&charset))
        return g_strdup(text);
    char *converted = g_convert_with_fallback(text, -1, charset, "UTF-8", "?", NULL, NULL, NULL);
    return converted ? converted : g_str_to_ascii(text, "C");
}

static Exit
complain(const char *sentence, Exit status)
{
    g_autofree char *clean = xpv_text_clean(sentence, -1, 0);
    g_autofree char *converted = to_locale(clean);
    fprintf(stderr, NAME ": %s\n", converted);
    return status;
}

/* Who reads no further, as head(1), has had what they want. Returns: @status, or that of the failure */
static Exit
print(const char *text, Exit status)
{
    if (fputs(text, stdout) != EOF && fflush(stdout) != EOF)
        return status;
    if (errno == EPIPE)
        return status;
    g_autofree char *sentence = g_strdup_printf("cannot write to standard output: %s", g_strerror(errno));
    return complain(sentence, EXIT_IO);
}

static Exit
status_of(const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->disks->len; i++) {
        const XpvInspectionDisk *disk = inspection->disks->pdata[i];
        if (*disk->error != '\0')
            return EXIT_NOT_OPENED;
    }
    return inspection->kernels->len > 0 ? EXIT_FOUND : EXIT_NONE_FOUND;
}

static Exit
run(const XpvOptions *options)
{
    if (options->version)
        return print(NAME " " XPV_VERSION "\n", EXIT_FOUND);
    if (options->help) {
        g_autofree char *help = to_locale(options->help_text);
        return print(help, EXIT_FOUND);
    }
    g_autoptr(XpvInspection) inspection = xpv_inspect((const char *const *)options->disks);
    if (options->json) {
        g_autofree char *line = xpv_inspection_to_json(inspection);
        return print(line, status_of(inspection));
    }
    g_autofree char *text = xpv_verdict_text(inspection, &options->host, options->virtualization);
    g_autofree char *converted = to_locale(text);
    return print(converted, status_of(inspection));
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): no other thread is there yet */
    signal(SIGPIPE, SIG_IGN);
    g_set_prgname(NAME);
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) /* or else a disk would take its number */
        return (int)complain("standard output is closed", EXIT_IO);
    g_autoptr(XpvOptions) options = xpv_options_parse(argv, &error);
    return (int)(options ? run(options) : complain(error->message, EXIT_USAGE));
}
