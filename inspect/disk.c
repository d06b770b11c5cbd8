/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/error.h"

/* What is read at a time, and how many of these are kept: 16 MiB. */
#define CHUNK 16384U
#define CHUNKS 1024U

typedef struct {
    guint64 number; /* of the chunk on the disk */
    char *bytes;    /* NULL: none is here */
} Slot;

typedef struct {
    int fd;
    guint64 size;
    Slot slots[CHUNKS];
} Cache;

static const char *
kind_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a folder";
    return S_ISCHR(mode) ? "a character device" : S_ISFIFO(mode) ? "a pipe" : "a socket";
}

static gboolean
measure(XpvDisk *disk, GError **error)
{
    struct stat status;
    if (fstat(disk->fd, &status) < 0)
        return xpv_inspect_fail(error, "%s", g_strerror(errno));
    disk->is_device = S_ISBLK(status.st_mode);
    if (S_ISREG(status.st_mode)) {
        disk->size = (guint64)status.st_size;
        return TRUE;
    }
    if (!disk->is_device)
        return xpv_inspect_fail(error, "it is %s, not an image or a block device", kind_of(status.st_mode));
    if (ioctl(disk->fd, BLKGETSIZE64, &disk->size) < 0)
        return xpv_inspect_fail(error, "its size is not known: %s", g_strerror(errno));
    return TRUE;
}

gboolean
xpv_disk_open(const char *path, XpvDisk *ret_disk, GError **error)
{
    XpvDisk disk = { .fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK) };
    if (disk.fd < 0)
        return xpv_inspect_fail(error, "%s", g_strerror(errno));
    if (!measure(&disk, error)) {
        xpv_disk_clear(&disk);
        return FALSE;
    }
    *ret_disk = disk;
    return TRUE;
}

void
xpv_disk_clear(XpvDisk *disk)
{
    if (disk->fd >= 0)
        close(disk->fd);
    disk->fd = -1;
}

static gboolean
read_all(int fd, guint64 offset, char *buffer, gsize length, GError **error)
{
    while (length > 0) {
        ssize_t n = pread(fd, buffer, length, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return xpv_inspect_fail(error, "cannot read at %" G_GUINT64_FORMAT ": %s", offset, g_strerror(errno));
        if (n == 0)
            return xpv_inspect_fail(error, "it has become shorter than %" G_GUINT64_FORMAT " bytes", offset + length);
        offset += (guint64)n;
        buffer += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* Returns: (nullable) the chunk, which has fewer bytes at the end of the disk alone */
static const char *
chunk_at(Cache *cache, guint64 number, GError **error)
{
    Slot *slot = &cache->slots[number % CHUNKS];
    guint64 offset = number * CHUNK;
    gsize length = (gsize)MIN(CHUNK, cache->size - offset);
    if (slot->bytes && slot->number == number)
        return slot->bytes;
    char *bytes = slot->bytes ? g_steal_pointer(&slot->bytes) : g_malloc(CHUNK);
    if (!read_all(cache->fd, offset, bytes, length, error)) {
        g_free(bytes);
        return NULL;
    }
    *slot = (Slot){ number, bytes };
    return bytes;
}

static gboolean
read_cached(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    char *next = buffer;
    while (length > 0) {
        const char *bytes = chunk_at(data, offset / CHUNK, error);
        gsize within = (gsize)(offset % CHUNK);
        gsize part = MIN(length, CHUNK - within);
        if (!bytes)
            return FALSE;
        memcpy(next, bytes + within, part);
        offset += part;
        next += part;
        length -= part;
    }
    return TRUE;
}

static void
cache_free(gpointer data)
{
    Cache *cache = data;
    for (guint i = 0; i < CHUNKS; i++)
        g_free(cache->slots[i].bytes);
    g_free(cache);
}

XpvMedium *
xpv_disk_medium(const XpvDisk *disk)
{
    /* All at once: the kernel keeps a piece that is larger than what it is told to drop. */
    if (disk->is_device)
        posix_fadvise(disk->fd, 0, 0, POSIX_FADV_DONTNEED);
    Cache *cache = g_new0(Cache, 1);
    cache->fd = disk->fd;
    cache->size = disk->size;
    return xpv_medium_new(disk->size, read_cached, cache, cache_free);
}
