/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Built without libnbd. */
#include "inspect/error.h"
#include "inspect/image.h"

XpvImage *
xpv_image_start(const char *path, const char *format, gint64 deadline, GError **error)
{
    xpv_inspect_fail(error, "its format is %s, and this program was built to read raw disks alone", format);
    return NULL;
}

int
xpv_image_await(XpvImage *self, gint64 deadline, GError **error)
{
    g_return_val_if_reached(-1);
}

XpvMedium *
xpv_image_medium(XpvImage *self, GError **error)
{
    g_return_val_if_reached(NULL);
}

const char *
xpv_image_failure(const XpvImage *self)
{
    g_return_val_if_reached(NULL);
}

void
xpv_image_free(XpvImage *self)
{
    g_return_if_fail(self == NULL);
}
