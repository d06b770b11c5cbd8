/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file descriptor that is closed where it goes out of scope: g_auto(XpvFd). GLib has that from 2.76 on. */
#pragma once

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

typedef int XpvFd;

/* xpv_fd_clear: closes the descriptor, unless it is -1, and sets it to -1. errno stays as it is. */
static inline void
xpv_fd_clear(XpvFd *fd)
{
    int before = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = before;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XpvFd, xpv_fd_clear)

/* xpv_fd_write: writes all of a text. Returns: FALSE and errno */
static inline gboolean
xpv_fd_write(XpvFd fd, const char *text)
{
    for (gsize length = strlen(text); length > 0;) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno != EINTR)
            return FALSE;
        text += MAX(n, 0);
        length -= (gsize)MAX(n, 0);
    }
    return TRUE;
}
