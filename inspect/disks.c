/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/disks.h"

#include "common/domain-disk.h"
#include "common/ssh-source.h"
#include "common/text.h"
#include "inspect/disk.h"
#include "inspect/error.h"
#include "inspect/image.h"
#include "inspect/ssh.h"

/* More disks are not read; no guest of RHEL 3, 4 or 5 has so many. */
#define DISKS_MAX 64U

/* More images that are not raw are not read, as each takes a process. */
#define IMAGES_MAX 8U

/* The time to open these, in seconds. */
#define IMAGES_SECONDS 5

/* Where a disk is. */
typedef struct {
    XpvSsh *ssh;  /* NULL: here */
    guint number; /* of the disk, in that session */
} Place;

static XpvSsh *
find_session(XpvDisks *self, const XpvSshSource *source)
{
    for (guint i = 0; i < self->sessions->len; i++) {
        if (xpv_ssh_is_with(self->sessions->pdata[i], source->destination, source->port))
            return self->sessions->pdata[i];
    }
    XpvSsh *ssh = xpv_ssh_new(&xpv_ssh_limits, source->destination, source->port);
    g_ptr_array_add(self->sessions, ssh);
    return ssh;
}

static gboolean
is_raw(const XpvDomainDisk *disk)
{
    return g_str_equal(disk->format, "raw");
}

/* One that has to be opened in another way. */
static gboolean
is_image(const XpvDomainDisk *disk)
{
    return !is_raw(disk) && !g_str_has_prefix(disk->source, XPV_SSH_SOURCE_SCHEME);
}

static gboolean
find_place(XpvDisks *self, const XpvDomainDisk *disk, guint number, Place *ret_place, GError **error)
{
    if (number >= DISKS_MAX)
        return xpv_inspect_fail(error, "it is beyond the first %u disks", DISKS_MAX);
    if (!g_str_has_prefix(disk->source, XPV_SSH_SOURCE_SCHEME))
        return TRUE;
    if (!is_raw(disk))
        return xpv_inspect_fail(error, "its format is %s; of another host only raw disks can be read", disk->format);
    g_autoptr(XpvSshSource) source = xpv_ssh_source_parse(disk->source, error);
    if (!source)
        return FALSE;
    ret_place->ssh = find_session(self, source);
    return xpv_ssh_add(ret_place->ssh, source->path, &ret_place->number, error);
}

static XpvMedium *
open_disk(XpvDisks *self, const XpvDomainDisk *disk, const Place *place, GError **error)
{
    if (place->ssh)
        return xpv_ssh_medium(place->ssh, place->number, error);
    int fd = -1;
    XpvMedium *medium = xpv_disk_open(disk->source, &fd, error);
    if (medium)
        g_array_append_val(self->fds, fd);
    return medium;
}

static void
describe(XpvInspectionDisk *disk, const GError *error)
{
    g_free(disk->error);
    disk->error = xpv_text_clean(error->message, -1, XPV_TEXT_PUBLISHED_MAX);
}

/* Returns: (nullable) */
static XpvImage *
start_image(const XpvDomainDisk *disk, guint number, gint64 deadline, XpvInspectionDisk *described)
{
    g_autoptr(GError) error = NULL;
    XpvImage *image = NULL;
    if (number < IMAGES_MAX)
        image = xpv_image_start(disk->source, disk->format, deadline, &error);
    else
        xpv_inspect_fail(&error, "it is beyond the first %u disks that are not raw", IMAGES_MAX);
    if (!image)
        describe(described, error);
    return image;
}

static void
await_image(XpvDisks *self, guint i, gint64 deadline, XpvInspectionDisk *described)
{
    g_autoptr(GError) error = NULL;
    int fd = xpv_image_await(self->images->pdata[i], deadline, &error);
    if (fd >= 0) {
        g_array_append_val(self->fds, fd);
        return;
    }
    describe(described, error);
    g_clear_pointer(&self->images->pdata[i], xpv_image_free);
}

static void
open_images(XpvDisks *self, const GPtrArray *disks, XpvInspection *inspection)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)IMAGES_SECONDS * G_USEC_PER_SEC;
    guint count = 0;
    for (guint i = 0; i < disks->len; i++) {
        XpvInspectionDisk *described = inspection->disks->pdata[i];
        gboolean starts = is_image(disks->pdata[i]) && *described->error == '\0';
        g_ptr_array_add(self->images, starts ? start_image(disks->pdata[i], count++, deadline, described) : NULL);
    }
    for (guint i = 0; i < disks->len; i++) {
        if (self->images->pdata[i])
            await_image(self, i, deadline, inspection->disks->pdata[i]);
    }
}

XpvDisks *
xpv_disks_open(const GPtrArray *disks, XpvInspection *inspection)
{
    XpvDisks *self = g_new(XpvDisks, 1);
    self->media = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_medium_unref);
    self->fds = g_array_new(FALSE, FALSE, sizeof(int));
    self->sessions = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_ssh_free);
    self->images = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_image_free);
    g_autofree Place *places = g_new0(Place, disks->len);
    g_autofree GError **errors = g_new0(GError *, disks->len);
    for (guint i = 0; i < disks->len; i++) {
        const XpvDomainDisk *disk = disks->pdata[i];
        xpv_inspection_add_disk(inspection, disk->source, disk->format);
        find_place(self, disk, i, &places[i], &errors[i]);
    }
    for (guint i = 0; i < self->sessions->len; i++)
        xpv_ssh_connect(self->sessions->pdata[i]);
    for (guint i = 0; i < disks->len; i++) {
        gboolean waits = errors[i] || is_image(disks->pdata[i]);
        g_ptr_array_add(self->media, waits ? NULL : open_disk(self, disks->pdata[i], &places[i], &errors[i]));
        if (errors[i])
            describe(inspection->disks->pdata[i], errors[i]);
        g_clear_error(&errors[i]);
    }
    open_images(self, disks, inspection);
    for (guint i = 0; i < self->sessions->len; i++) {
        int fd = xpv_ssh_fd(self->sessions->pdata[i]);
        if (fd >= 0)
            g_array_append_val(self->fds, fd);
    }
    return self;
}

void
xpv_disks_free(XpvDisks *disks)
{
    g_ptr_array_unref(disks->media);
    g_array_unref(disks->fds);
    g_ptr_array_unref(disks->sessions);
    g_ptr_array_unref(disks->images);
    g_free(disks);
}

void
xpv_disks_connect_images(XpvDisks *disks, XpvInspection *inspection)
{
    for (guint i = 0; i < disks->images->len; i++) {
        g_autoptr(GError) error = NULL;
        const XpvInspectionDisk *described = inspection->disks->pdata[i];
        if (disks->images->pdata[i])
            disks->media->pdata[i] = xpv_image_medium(disks->images->pdata[i], &error);
        if (error)
            xpv_inspection_add_error(inspection, "%s: %s", described->source, error->message);
    }
}
