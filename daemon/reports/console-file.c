/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reports/console-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/console.h"
#include "common/fd.h"

#define HEAD_BYTES (256 * 1024)
#define TAIL_BYTES (64 * 1024)

/* Identifies the file. */
#define MARK_BYTES 64

struct _XpvConsoleFile {
    XpvConsole *console;
    off_t position;        /* the file is read up to here */
    char mark[MARK_BYTES]; /* the last bytes before it */
    gsize mark_length;
    guint64 read_bytes;
};

XpvConsoleFile *
xpv_console_file_new(void)
{
    XpvConsoleFile *file = g_new0(XpvConsoleFile, 1);
    file->console = xpv_console_new();
    return file;
}

void
xpv_console_file_free(XpvConsoleFile *file)
{
    if (!file)
        return;
    xpv_console_free(file->console);
    g_free(file);
}

char *
xpv_console_file_report(const XpvConsoleFile *file)
{
    return xpv_console_report(file->console);
}

guint64
xpv_console_file_read_bytes(const XpvConsoleFile *file)
{
    return file->read_bytes;
}

static gboolean
fail(const char *what, GError **error)
{
    int number = errno;
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(number), "%s: %s", what, g_strerror(number));
    return FALSE;
}

static gboolean
check_kind(const struct stat *status, GError **error)
{
    if (S_ISREG(status->st_mode))
        return TRUE;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "it is %s, not a regular file",
                S_ISDIR(status->st_mode)    ? "a folder"
                : S_ISFIFO(status->st_mode) ? "a pipe"
                : S_ISSOCK(status->st_mode) ? "a socket"
                                            : "a device");
    return FALSE;
}

/* The other end of a pipe or a device may notice that it is opened, so its type is checked before; and again
 * afterwards, as it may be another file by then. */
static gboolean
open_file(const char *path, XpvFd *ret_fd, struct stat *ret_status, GError **error)
{
    if (stat(path, ret_status) < 0)
        return fail("cannot find it", error);
    if (!check_kind(ret_status, error))
        return FALSE;
    *ret_fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*ret_fd < 0 || fstat(*ret_fd, ret_status) < 0)
        return fail("cannot open it", error);
    return check_kind(ret_status, error);
}

/* Reads up to @end. */
static gboolean
read_until(XpvConsoleFile *file, int fd, off_t end, GError **error)
{
    g_autofree char *buffer = g_malloc(TAIL_BYTES);
    while (file->position < end) {
        ssize_t n = pread(fd, buffer, (gsize)MIN(end - file->position, TAIL_BYTES), file->position);
        if (n < 0)
            return fail("cannot read it", error);
        if (n == 0)
            return TRUE; /* it was emptied meanwhile */
        xpv_console_feed(file->console, buffer, (gsize)n);
        file->position += n;
        file->read_bytes += (guint64)n;
    }
    return TRUE;
}

static gboolean
read_new(XpvConsoleFile *file, int fd, off_t size, GError **error)
{
    if (!read_until(file, fd, MIN(size, HEAD_BYTES), error))
        return FALSE;
    if (size - file->position > TAIL_BYTES) {
        xpv_console_skip(file->console);
        file->position = size - TAIL_BYTES;
    }
    return read_until(file, fd, size, error);
}

/* Returns: the number of bytes. */
static gsize
read_mark(const XpvConsoleFile *file, int fd, char mark[MARK_BYTES])
{
    off_t at = MAX(file->position - MARK_BYTES, 0);
    ssize_t n = pread(fd, mark, (gsize)(file->position - at), at);
    return (gsize)MAX(n, 0);
}

/* Whether the text that was read is still there. An emptied file, or another one, may have grown to this length by now.
 */
static gboolean
has_mark(const XpvConsoleFile *file, int fd)
{
    char mark[MARK_BYTES];
    gsize length = read_mark(file, fd, mark);
    return length == file->mark_length && memcmp(mark, file->mark, length) == 0;
}

gboolean
xpv_console_file_read(XpvConsoleFile *file, const char *path, GError **error)
{
    struct stat status;
    g_auto(XpvFd) fd = -1;
    if (!open_file(path, &fd, &status, error))
        return FALSE;
    if (!has_mark(file, fd)) {
        xpv_console_feed(file->console, "\n", 1);
        file->position = 0;
    }
    gboolean is_read = read_new(file, fd, status.st_size, error);
    file->mark_length = read_mark(file, fd, file->mark);
    return is_read;
}
