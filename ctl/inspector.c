/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/inspector.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>

#include "common/build.h"
#include "common/inspection-request.h"
#include "ctl/exit.h"

typedef struct {
    GSubprocess *process;
    GCancellable *given_up;
    gboolean has_ended;
    GBytes *output; /* (nullable) */
} Run;

static void
on_end(GObject *process, GAsyncResult *result, gpointer data)
{
    Run *run = data;
    g_subprocess_communicate_finish(run->process, result, &run->output, NULL, NULL);
    run->has_ended = TRUE;
}

/* Kills the inspector. It may not end even then, as it may wait for a disk. g_subprocess_force_exit() would kill it
 * from another thread, perhaps only after this program has ended. */
static gboolean
on_deadline(gpointer data)
{
    Run *run = data;
    const char *pid = g_subprocess_get_identifier(run->process);
    if (pid)
        kill((pid_t)g_ascii_strtoll(pid, NULL, 10), SIGKILL);
    g_cancellable_cancel(run->given_up);
    return G_SOURCE_CONTINUE;
}

static void
await(Run *run, const char *request)
{
    g_autoptr(GBytes) input = g_bytes_new(request, strlen(request));
    guint deadline = g_timeout_add(XPV_CTL_INSPECTOR_SECONDS * 1000, on_deadline, run);
    g_subprocess_communicate_async(run->process, input, run->given_up, on_end, run);
    while (!run->has_ended)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(deadline);
}

static XpvInspection *
parse(const Run *run, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    if (g_cancellable_is_cancelled(run->given_up)) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "reading takes longer than %u s", XPV_CTL_INSPECTOR_SECONDS);
        return NULL;
    }
    gsize length = 0;
    const char *text = run->output ? g_bytes_get_data(run->output, &length) : NULL;
    XpvInspection *inspection = xpv_inspection_from_json(text ? text : "", length, &wrong);
    if (!inspection)
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "the answer of %s cannot be understood: %s",
                    XPV_INSPECT_PATH, wrong->message);
    return inspection;
}

/* The inspector does not get our standard error: libvirt reads that to its end, and an inspector that waits for a disk
 * may keep it open. */
XpvInspection *
xpv_ctl_inspect(const GPtrArray *disks, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GCancellable) given_up = g_cancellable_new();
    g_autofree char *request = xpv_inspection_request_to_text(disks, TRUE, 1);
    g_autoptr(GSubprocess) process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                          G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                                                      &cause, XPV_INSPECT_PATH, "--request", NULL);
    if (!process && g_error_matches(cause, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
        return NULL;
    if (!process) {
        g_set_error_literal(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, cause->message);
        return NULL;
    }
    Run run = { .process = process, .given_up = given_up };
    await(&run, request);
    XpvInspection *inspection = parse(&run, error);
    g_clear_pointer(&run.output, g_bytes_unref);
    return inspection;
}
