/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/requests.h"

#include <gio/gio.h>
#include <signal.h>

#include "common/inspection-request.h"
#include "common/ssh-source.h"
#include "inspect/answers.h"
#include "inspect/error.h"
#include "inspect/output.h"
#include "inspect/request-folder.h"

#define READINGS_MAX 2U

/* The time for one domain's disks. The sandbox's own limit is shorter, so this one is for opening them. The daemon
 * waits for a minute. */
#define READING_SECONDS 20
#define READING_SECONDS_OVER_SSH 55

typedef struct {
    XpvRequestFolder *folder;
    XpvAnswers *answers;
    GHashTable *readings; /* UUID → Reading */
    gboolean failed;
} Service;

typedef struct {
    Service *service;
    char *uuid;
    XpvInspectionRequest *request;
    GSubprocess *process;
    GCancellable *given_up;
    guint seconds;  /* that it may take */
    guint deadline; /* source id; 0: the time is over */
} Reading;

static void fill(Service *service);

static void
reading_free(gpointer data)
{
    Reading *reading = data;
    if (reading->deadline > 0)
        g_source_remove(reading->deadline);
    g_free(reading->uuid);
    xpv_inspection_request_free(reading->request);
    g_object_unref(reading->process);
    g_object_unref(reading->given_up);
    g_free(reading);
}

static void
complain(Service *service, const GError *error)
{
    service->failed = TRUE;
    xpv_output_complain("%s", error->message);
}

/* If this fails, the next start of this program answers the request. @inspection: (nullable) NULL: the domain is gone
 */
static void
put(Service *service, const char *uuid, const XpvInspection *inspection)
{
    g_autoptr(GError) error = NULL;
    gboolean is_put = inspection ? xpv_answers_put(service->answers, uuid, inspection, &error)
                                 : xpv_answers_remove(service->answers, uuid, &error);
    if (!is_put || !xpv_request_folder_end(service->folder, uuid, &error))
        complain(service, error);
}

static void
put_failure(Service *service, const char *uuid, const XpvInspectionRequest *request, const char *sentence)
{
    g_autoptr(XpvInspection) failed = xpv_inspection_new();
    failed->serial = request ? request->serial : 0;
    for (guint i = 0; request && i < request->disks->len; i++) {
        const XpvDomainDisk *disk = request->disks->pdata[i];
        xpv_inspection_add_disk(failed, disk->source, disk->format);
    }
    xpv_inspection_add_error(failed, "%s", sentence);
    put(service, uuid, failed);
}

/* Kills the process, but does not wait for its end, which may not come while it waits for a disk.
 * g_subprocess_force_exit() has another thread kill it, which may be too late, as this program may end first. */
static gboolean
on_deadline(gpointer data)
{
    Reading *reading = data;
    const char *pid = g_subprocess_get_identifier(reading->process);
    reading->deadline = 0;
    if (pid)
        kill((pid_t)g_ascii_strtoll(pid, NULL, 10), SIGKILL);
    g_cancellable_cancel(reading->given_up);
    return G_SOURCE_REMOVE;
}

/* Returns: (nullable) the output of the process */
static XpvInspection *
parse(GSubprocess *process, GBytes *output, GError **error)
{
    gsize length;
    const char *text = g_bytes_get_data(output, &length);
    if (length == 0 && !g_spawn_check_wait_status(g_subprocess_get_status(process), error))
        return NULL;
    return xpv_inspection_from_json(text ? text : "", length, error);
}

static void
on_read(GObject *process, GAsyncResult *result, gpointer data)
{
    Reading *reading = data;
    Service *service = reading->service;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) output = NULL;
    gboolean has_ended = g_subprocess_communicate_finish(reading->process, result, &output, NULL, &error);
    g_autoptr(XpvInspection) inspection = has_ended ? parse(reading->process, output, &error) : NULL;
    if (!inspection && reading->deadline == 0) {
        g_clear_error(&error);
        xpv_inspect_fail(&error, "a disk does not answer: reading was given up after %u s", reading->seconds);
    }
    if (inspection) {
        inspection->serial = reading->request->serial;
        put(service, reading->uuid, inspection);
    } else {
        put_failure(service, reading->uuid, reading->request, error->message);
    }
    g_hash_table_remove(service->readings, reading->uuid);
    fill(service);
}

/* Returns: seconds */
static guint
allow(const XpvInspectionRequest *request)
{
    for (guint i = 0; i < request->disks->len; i++) {
        const XpvDomainDisk *disk = request->disks->pdata[i];
        if (g_str_has_prefix(disk->source, XPV_SSH_SOURCE_SCHEME))
            return READING_SECONDS_OVER_SSH;
    }
    return READING_SECONDS;
}

/* @request, @process: (transfer full) */
static void
begin(Service *service, const XpvTakenRequest *taken, XpvInspectionRequest *request, GSubprocess *process)
{
    g_autoptr(GBytes) input = g_bytes_new(taken->text, taken->length);
    Reading *reading = g_new(Reading, 1);
    *reading = (Reading){ service, g_strdup(taken->uuid), request, process, g_cancellable_new(), allow(request), 0 };
    g_hash_table_insert(service->readings, reading->uuid, reading);
    reading->deadline = g_timeout_add_seconds(reading->seconds, on_deadline, reading);
    g_subprocess_communicate_async(process, input, reading->given_up, on_read, reading);
}

static void
answer(Service *service, const XpvTakenRequest *taken)
{
    g_autoptr(GError) error = NULL;
    if (!taken->text) {
        put_failure(service, taken->uuid, NULL, taken->error->message);
        return;
    }
    if (taken->length == 0) {
        put(service, taken->uuid, NULL);
        return;
    }
    g_autoptr(XpvInspectionRequest) request = xpv_inspection_request_from_text(taken->text, taken->length, &error);
    if (!request)
        g_prefix_error(&error, "the request cannot be understood: ");
    g_autoptr(GSubprocess) process =
        request ? g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                   "/proc/self/exe", "--request", NULL)
                : NULL;
    if (process)
        begin(service, taken, g_steal_pointer(&request), g_steal_pointer(&process));
    else
        put_failure(service, taken->uuid, request, error->message);
}

/* While a domain's disks are being read, its next request waits. */
static gboolean
take(Service *service)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvTakenRequest) taken = NULL;
    if (g_hash_table_size(service->readings) >= READINGS_MAX)
        return FALSE;
    if (!xpv_request_folder_take(service->folder, service->readings, &taken, &error))
        complain(service, error);
    else if (taken)
        answer(service, taken);
    return taken != NULL;
}

static void
fill(Service *service)
{
    while (take(service))
        ;
}

gboolean
xpv_requests_serve(const char *requests, const char *answers)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) readings = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, reading_free);
    g_autoptr(XpvRequestFolder) folder = xpv_request_folder_open(requests, &error);
    g_autoptr(XpvAnswers) written = folder ? xpv_answers_open(answers, &error) : NULL;
    Service service = { folder, written, readings, FALSE };
    if (!written) {
        complain(&service, error);
        return FALSE;
    }
    fill(&service);
    while (g_hash_table_size(readings) > 0)
        g_main_context_iteration(NULL, TRUE);
    return !service.failed;
}
