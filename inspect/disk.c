/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "inspect/cache.h"
#include "inspect/error.h"

#define CHUNK 16384U

static const char *
kind_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    return S_ISCHR(mode) ? "a character device" : S_ISFIFO(mode) ? "a pipe" : "a socket";
}

static gboolean
measure(int fd, guint64 *ret_size, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return xpv_inspect_fail(error, "%s", g_strerror(errno));
    if (S_ISREG(status.st_mode)) {
        *ret_size = (guint64)status.st_size;
        return TRUE;
    }
    if (!S_ISBLK(status.st_mode))
        return xpv_inspect_fail(error, "it is %s, not an image or a block device", kind_of(status.st_mode));
    if (ioctl(fd, BLKGETSIZE64, ret_size) < 0)
        return xpv_inspect_fail(error, "its size is not known: %s", g_strerror(errno));
    /* All at once: the kernel keeps a piece that is larger than what it is told to drop. */
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    return TRUE;
}

static gboolean
read_all(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    char *next = buffer;
    while (length > 0) {
        ssize_t n = pread(GPOINTER_TO_INT(data), next, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return xpv_inspect_fail(error, "cannot read at %" G_GUINT64_FORMAT ": %s", offset, g_strerror(errno));
        if (n == 0)
            return xpv_inspect_fail(error, "it has become shorter than %" G_GUINT64_FORMAT " bytes", offset + length);
        offset += (guint64)n;
        next += n;
        length -= (gsize)n;
    }
    return TRUE;
}

static void
close_disk(gpointer data)
{
    close(GPOINTER_TO_INT(data));
}

XpvMedium *
xpv_disk_open(const char *path, int *ret_fd, GError **error)
{
    guint64 size = 0;
    g_auto(XpvFd) fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        xpv_inspect_fail(error, "%s", g_strerror(errno));
        return NULL;
    }
    if (!measure(fd, &size, error))
        return NULL;
    *ret_fd = fd;
    g_autoptr(XpvMedium) whole = xpv_medium_new(size, read_all, GINT_TO_POINTER(g_steal_fd(&fd)), close_disk);
    return xpv_cache_new(whole, CHUNK, 1);
}
