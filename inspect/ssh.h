/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session with another host, to read disks there. Nothing is written or installed on it: ssh runs a shell, which runs
 * dd for each reading. The disks are named in the shell's arguments, before anything of them is read; a reading names
 * the number of a disk. So whoever may read here, such as a process that a hostile disk has taken over, can read these
 * disks, and nothing else. */
#pragma once

#include "inspect/medium.h"

/* In milliseconds. */
typedef struct {
    guint connect; /* until the sizes of all disks are known */
    guint silence; /* until a reading goes on */
    guint end;     /* until ssh has ended, which is then killed */
} XpvSshLimits;

extern const XpvSshLimits xpv_ssh_limits;

typedef struct _XpvSsh XpvSsh;

/* xpv_ssh_new: @destination: as in XpvSshSource; @port: "": ssh's default */
XpvSsh *xpv_ssh_new(const XpvSshLimits *limits, const char *destination, const char *port);
void xpv_ssh_free(XpvSsh *ssh);

gboolean xpv_ssh_is_with(const XpvSsh *ssh, const char *destination, const char *port);

/* xpv_ssh_add: before it is connected.
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, if the shell would get too much */
gboolean xpv_ssh_add(XpvSsh *ssh, const char *path, guint *ret_number, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ssh_connect: blocks until the sizes of the disks are known, or the time is over. If it fails, all disks say why.
 */
void xpv_ssh_connect(XpvSsh *ssh);

/* xpv_ssh_fd: the only descriptor that reading needs; -1: it is not connected. */
int xpv_ssh_fd(const XpvSsh *ssh);

/* xpv_ssh_medium: the bytes of a disk. The medium needs the session.
 * Returns: (nullable)
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, with what ssh, the shell or dd says, if the disk cannot be opened */
XpvMedium *xpv_ssh_medium(XpvSsh *ssh, guint number, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_ssh_failure: Returns: (nullable) the sentence about the first reading that failed */
const char *xpv_ssh_failure(const XpvSsh *ssh);

/* xpv_ssh_end: after all readings, by whichever process they were made. Returns: (nullable) (transfer full) the
 * sentence that says why ssh ended too early */
char *xpv_ssh_end(XpvSsh *ssh);
