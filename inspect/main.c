/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenpv-compat-inspect: tells which kernels are on a guest's disks. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/build.h"
#include "common/inspection-request.h"
#include "inspect/inspect.h"
#include "inspect/options.h"
#include "inspect/output.h"
#include "inspect/requests.h"
#include "inspect/verdict.h"

#define NAME "xenpv-compat-inspect"

typedef enum {
    EXIT_FOUND = 0, /* a kernel */
    EXIT_NONE_FOUND = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_OPENED = 3, /* a disk */
    EXIT_IO = 74,        /* EX_IOERR */
} Exit;

/* A reader such as head(1) stops when it has what it wants: that is no failure. Returns: @status, or that of a failure
 */
static Exit
print(const char *text, Exit status)
{
    if (fputs(text, stdout) != EOF && fflush(stdout) != EOF)
        return status;
    if (errno == EPIPE)
        return status;
    xpv_output_complain("cannot write to standard output: %s", g_strerror(errno));
    return EXIT_IO;
}

static Exit
status_of(const XpvInspection *inspection)
{
    if (xpv_inspection_lacks_disk(inspection))
        return EXIT_NOT_OPENED;
    return inspection->kernels->len > 0 ? EXIT_FOUND : EXIT_NONE_FOUND;
}

static GPtrArray *
list_disks(const XpvInspectOptions *options)
{
    GPtrArray *disks = xpv_domain_disks_new();
    for (guint i = 0; options->disks[i]; i++)
        g_ptr_array_add(disks, xpv_domain_disk_new(options->disks[i], options->format, "", ""));
    return disks;
}

/* Answers one request, from standard input. */
static Exit
answer(void)
{
    g_autoptr(GError) error = NULL;
    const gsize size = XPV_INSPECTION_REQUEST_MAX + 1; /* so that a longer one is noticed */
    g_autofree char *text = g_malloc(size);
    g_autoptr(XpvInspectionRequest) request =
        xpv_inspection_request_from_text(text, fread(text, 1, size, stdin), &error);
    if (!request) {
        xpv_output_complain("the request cannot be understood: %s", error->message);
        return EXIT_USAGE;
    }
    g_autoptr(XpvInspection) inspection = xpv_inspect(request->disks);
    g_autofree char *line = xpv_inspection_to_json(inspection);
    return print(line, status_of(inspection));
}

/* Answers all requests. systemd names the folder of answers; the folder of requests is the daemon's, beside it. */
static Exit
serve(void)
{
    const char *answers = g_getenv("RUNTIME_DIRECTORY");
    if (!answers)
        answers = XPV_RUNTIME_DIRECTORY XPV_INSPECTION_ANSWERS_SUFFIX;
    if (!g_str_has_suffix(answers, XPV_INSPECTION_ANSWERS_SUFFIX)) {
        xpv_output_complain("RUNTIME_DIRECTORY cannot be “%s”; it ends with “" XPV_INSPECTION_ANSWERS_SUFFIX "”",
                            answers);
        return EXIT_USAGE;
    }
    g_autofree char *daemons = g_strndup(answers, strlen(answers) - strlen(XPV_INSPECTION_ANSWERS_SUFFIX));
    g_autofree char *requests = g_build_filename(daemons, XPV_INSPECTION_REQUESTS, NULL);
    return xpv_requests_serve(requests, answers) ? EXIT_FOUND : EXIT_IO;
}

static Exit
run(const XpvInspectOptions *options)
{
    if (options->version)
        return print(NAME " " XPV_VERSION "\n", EXIT_FOUND);
    if (options->help) {
        g_autofree char *help = xpv_output_to_locale(options->help_text);
        return print(help, EXIT_FOUND);
    }
    if (options->requests)
        return serve();
    if (options->request)
        return answer();
    g_autoptr(GPtrArray) disks = list_disks(options);
    g_autoptr(XpvInspection) inspection = xpv_inspect(disks);
    if (options->json) {
        g_autofree char *line = xpv_inspection_to_json(inspection);
        return print(line, status_of(inspection));
    }
    g_autofree char *text = xpv_verdict_text(inspection, &options->host, options->virtualization);
    g_autofree char *converted = xpv_output_to_locale(text);
    return print(converted, status_of(inspection));
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): there is no other thread yet */
    signal(SIGPIPE, SIG_IGN);
    g_set_prgname(NAME);
    if (fcntl(STDOUT_FILENO, F_GETFD) < 0) { /* otherwise a disk takes its number */
        xpv_output_complain("standard output is closed");
        return EXIT_IO;
    }
    g_autoptr(XpvInspectOptions) options = xpv_inspect_options_parse(argv, &error);
    if (!options) {
        xpv_output_complain("%s; see “" NAME " --help”", error->message);
        return EXIT_USAGE;
    }
    return (int)run(options);
}
