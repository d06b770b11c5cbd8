/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/image.h"

#include "inspect/cache.h"
#include "inspect/disk.h"
#include "inspect/error.h"
#include "inspect/format.h"
#include "inspect/nbd.h"
#include "inspect/qemu-nbd.h"
#include "inspect/sandbox.h"

/* Each takes a round trip, and a compressed image is unpacked by 64 KiB; but much of what is read ahead is not needed.
 */
#define CHUNK (32U * 1024)

struct _XpvImage {
    XpvQemuNbd *qemu_nbd;
    XpvNbd *nbd; /* in the sandbox alone */
};

typedef struct {
    const char *driver;
    const XpvMedium *file;
} Check;

static char *
run_check(gpointer data)
{
    const Check *check = data;
    g_autoptr(GError) error = NULL;
    return xpv_format_check(check->driver, check->file, &error) ? g_strdup("") : g_strdup(error->message);
}

/* The sandbox tells what is wrong, or nothing. */
static gboolean
check_file(const char *driver, const XpvMedium *file, int fd, gint64 deadline, GError **error)
{
    Check check = { driver, file };
    XpvSandboxLimits limits = xpv_sandbox_limits;
    gint64 left = deadline - g_get_monotonic_time();
    gsize length;
    if (left <= 0)
        return xpv_inspect_fail(error, "there was no time left to open it");
    limits.wall = (guint)(left / G_USEC_PER_SEC + 1);
    XpvSandbox *sandbox = xpv_sandbox_start(&limits, &fd, 1, run_check, &check, error);
    g_autofree char *told = sandbox ? xpv_sandbox_finish(sandbox, &length, error) : NULL;
    if (!told)
        return FALSE;
    return length == 0 || xpv_inspect_fail(error, "%s", told);
}

XpvImage *
xpv_image_start(const char *path, const char *format, gint64 deadline, GError **error)
{
    const char *driver = xpv_format_driver(format);
    int fd;
    if (!driver) {
        xpv_inspect_fail(error, "its format is %s, which cannot be read", format);
        return NULL;
    }
    g_autoptr(XpvMedium) file = xpv_nbd_load(error) ? xpv_disk_open(path, &fd, error) : NULL;
    if (!file || !check_file(driver, file, fd, deadline, error))
        return NULL;
    XpvQemuNbd *qemu_nbd = xpv_qemu_nbd_start(driver, fd, error);
    if (!qemu_nbd)
        return NULL;
    XpvImage *self = g_new0(XpvImage, 1);
    self->qemu_nbd = qemu_nbd;
    return self;
}

int
xpv_image_await(XpvImage *self, gint64 deadline, GError **error)
{
    return xpv_qemu_nbd_await(self->qemu_nbd, deadline, error) ? xpv_qemu_nbd_socket(self->qemu_nbd) : -1;
}

XpvMedium *
xpv_image_medium(XpvImage *self, GError **error)
{
    self->nbd = xpv_nbd_connect(xpv_qemu_nbd_socket(self->qemu_nbd), error);
    g_autoptr(XpvMedium) whole = self->nbd ? xpv_nbd_medium(self->nbd, error) : NULL;
    return whole ? xpv_cache_new(whole, CHUNK, 1) : NULL;
}

const char *
xpv_image_failure(const XpvImage *self)
{
    return self->nbd ? xpv_nbd_failure(self->nbd) : NULL;
}

void
xpv_image_free(XpvImage *self)
{
    if (!self)
        return;
    xpv_qemu_nbd_free(self->qemu_nbd);
    g_free(self);
}
