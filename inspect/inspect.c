/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/inspect.h"

#include "inspect/disks.h"
#include "inspect/guest.h"
#include "inspect/image.h"
#include "inspect/sandbox.h"
#include "inspect/ssh.h"

/* If there are disks of another host, in seconds. */
#define WALL_OF_SSH 40

/* As much of the time to read disks may be gone after they were opened, in seconds. */
#define OPENING_MAX 10

/* The data that the child process gets. */
typedef struct {
    XpvInspection *inspection; /* has its disks alone */
    XpvDisks *disks;
    gint64 began; /* of g_get_monotonic_time() */
} Job;

static void
put_image_failures(XpvInspection *inspection, const GPtrArray *images)
{
    for (guint i = 0; i < images->len; i++) {
        const char *failure = images->pdata[i] ? xpv_image_failure(images->pdata[i]) : NULL;
        const XpvInspectionDisk *disk = inspection->disks->pdata[i];
        g_autofree char *sentence = failure ? g_strdup_printf("%s: %s", disk->source, failure) : NULL;
        xpv_inspection_put_error(inspection, sentence);
    }
}

static char *
run_job(gpointer data)
{
    const Job *job = data;
    XpvInspection *inspection = job->inspection; /* the child's copy */
    xpv_disks_connect_images(job->disks, inspection);
    xpv_guest_inspect(inspection, job->disks->media);
    for (guint i = 0; i < job->disks->sessions->len; i++)
        xpv_inspection_put_error(inspection, xpv_ssh_failure(job->disks->sessions->pdata[i]));
    put_image_failures(inspection, job->disks->images);
    return xpv_inspection_to_json(inspection);
}

static XpvInspection *
run_in_sandbox(const Job *job, GError **error)
{
    gsize length;
    XpvSandboxLimits limits = xpv_sandbox_limits;
    gint64 opened_in = (g_get_monotonic_time() - job->began) / G_USEC_PER_SEC;
    limits.wall -= (guint)MIN(opened_in, OPENING_MAX);
    if (job->disks->sessions->len > 0)
        limits.wall = WALL_OF_SSH;
    XpvSandbox *sandbox = xpv_sandbox_start(&limits, (const int *)(gpointer)job->disks->fds->data, job->disks->fds->len,
                                            run_job, (gpointer)job, error);
    g_autofree char *text = sandbox ? xpv_sandbox_finish(sandbox, &length, error) : NULL;
    if (!text)
        return NULL;
    XpvInspection *inspection = xpv_inspection_from_json(text, length, error);
    if (!inspection)
        g_prefix_error(error, "cannot understand the reading process: ");
    return inspection;
}

/* The child may not say which disks were asked for and which could be opened: this process knows. */
static XpvInspection *
join(XpvInspection *asked, XpvInspection *found)
{
    for (guint i = 0; i < asked->disks->len && i < found->disks->len; i++) {
        XpvInspectionDisk *disk = asked->disks->pdata[i];
        disk->boot = ((XpvInspectionDisk *)found->disks->pdata[i])->boot;
    }
    GPtrArray *disks = asked->disks;
    asked->disks = found->disks;
    found->disks = disks;
    xpv_inspection_free(asked);
    return found;
}

/* Adds an error for each session that ended too early. */
static void
end_sessions(const XpvDisks *disks, XpvInspection *inspection)
{
    for (guint i = 0; i < disks->sessions->len; i++) {
        g_autofree char *sentence = xpv_ssh_end(disks->sessions->pdata[i]);
        xpv_inspection_put_error(inspection, sentence);
    }
}

XpvInspection *
xpv_inspect(const GPtrArray *disks)
{
    g_autoptr(GError) error = NULL;
    XpvInspection *inspection = xpv_inspection_new();
    gint64 began = g_get_real_time() / G_USEC_PER_SEC, began_at = g_get_monotonic_time();
    g_autoptr(XpvDisks) opened = xpv_disks_open(disks, inspection);
    XpvInspection *found = run_in_sandbox(&(Job){ inspection, opened, began_at }, &error);
    if (found) {
        found->inspected_at = began;
        inspection = join(inspection, found);
    } else {
        xpv_inspection_add_error(inspection, "%s", error->message);
    }
    end_sessions(opened, inspection);
    return inspection;
}
