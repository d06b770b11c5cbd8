/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/inspect.h"

#include "common/text.h"
#include "inspect/disk.h"
#include "inspect/error.h"
#include "inspect/guest.h"
#include "inspect/sandbox.h"

/* The data that the child process gets. */
typedef struct {
    const XpvInspection *asked; /* its disks alone */
    GArray *disks;              /* of XpvDisk, one for each of these; fd -1: it could not be opened */
} Job;

static void
clear_disk(gpointer data)
{
    xpv_disk_clear(data);
}

static gboolean
open_disk(const XpvDomainDisk *disk, guint number, XpvDisk *ret_disk, GError **error)
{
    if (number >= XPV_INSPECT_DISKS_MAX)
        return xpv_inspect_fail(error, "it is beyond the first %u disks", XPV_INSPECT_DISKS_MAX);
    if (!g_str_equal(disk->format, "raw"))
        return xpv_inspect_fail(error, "its format is %s, but only raw can be read", disk->format);
    return xpv_disk_open(disk->source, ret_disk, error);
}

static void
open_disks(const GPtrArray *disks, XpvInspection *asked, GArray *opened)
{
    for (guint i = 0; i < disks->len; i++) {
        const XpvDomainDisk *disk = disks->pdata[i];
        g_autoptr(GError) error = NULL;
        XpvInspectionDisk *described = xpv_inspection_add_disk(asked, disk->source, disk->format);
        XpvDisk open = { .fd = -1 };
        if (!open_disk(disk, i, &open, &error)) {
            g_free(described->error);
            described->error = xpv_text_clean(error->message, -1, XPV_TEXT_PUBLISHED_MAX);
        }
        g_array_append_val(opened, open);
    }
}

static char *
run_job(gpointer data)
{
    const Job *job = data;
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    g_autoptr(GPtrArray) media = g_ptr_array_new();
    g_ptr_array_set_free_func(media, (GDestroyNotify)xpv_medium_unref);
    for (guint i = 0; i < job->disks->len; i++) {
        const XpvInspectionDisk *described = job->asked->disks->pdata[i];
        const XpvDisk *disk = &g_array_index(job->disks, XpvDisk, i);
        xpv_inspection_add_disk(inspection, described->source, described->format);
        g_ptr_array_add(media, disk->fd >= 0 ? xpv_disk_medium(disk) : NULL);
    }
    xpv_guest_inspect(inspection, media);
    return xpv_inspection_to_json(inspection);
}

static XpvInspection *
run_in_sandbox(const Job *job, GError **error)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    gsize length;
    for (guint i = 0; i < job->disks->len; i++) {
        const XpvDisk *disk = &g_array_index(job->disks, XpvDisk, i);
        if (disk->fd >= 0)
            g_array_append_val(fds, disk->fd);
    }
    XpvSandbox *sandbox = xpv_sandbox_start(&xpv_sandbox_limits, (const int *)(gpointer)fds->data, fds->len, run_job,
                                            (gpointer)job, error);
    g_autofree char *text = sandbox ? xpv_sandbox_finish(sandbox, &length, error) : NULL;
    if (!text)
        return NULL;
    XpvInspection *inspection = xpv_inspection_from_json(text, length, error);
    if (!inspection)
        g_prefix_error(error, "cannot understand the reading process: ");
    return inspection;
}

/* Which disks were asked for, and which could be opened, is not the child's to say. */
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

XpvInspection *
xpv_inspect(const GPtrArray *disks)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) opened = g_array_new(FALSE, FALSE, sizeof(XpvDisk));
    g_array_set_clear_func(opened, clear_disk);
    XpvInspection *asked = xpv_inspection_new();
    const Job job = { asked, opened };
    gint64 began = g_get_real_time() / G_USEC_PER_SEC;
    open_disks(disks, asked, opened);
    XpvInspection *found = run_in_sandbox(&job, &error);
    if (!found) {
        xpv_inspection_add_error(asked, "%s", error->message);
        return asked;
    }
    found->inspected_at = began;
    return join(asked, found);
}
