/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The source of a disk of another host: ssh://[USER@]HOST[:PORT]/PATH. Nothing in it is encoded: all that follows the
 * host is the path, with any bytes. */
#pragma once

#include <glib.h>

#define XPV_SSH_SOURCE_SCHEME "ssh://"

typedef struct {
    char *destination; /* in ssh's words: "root@xen1" */
    char *port;        /* "": ssh's default */
    char *path;        /* begins with a slash */
} XpvSshSource;

/* xpv_ssh_source_parse: @source begins with XPV_SSH_SOURCE_SCHEME. User and host are such that ssh cannot take them for
 * anything else, such as an option or a part of a command.
 * Errors: G_URI_ERROR, with a sentence that names what is wrong */
XpvSshSource *xpv_ssh_source_parse(const char *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_ssh_source_free(XpvSshSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvSshSource, xpv_ssh_source_free)

/* xpv_ssh_source_prefix: the prefix that makes a path on the host of a libvirt connection the source of a disk: "" if
 * the host is this machine, "ssh://root@xen1" for xen+ssh://root@xen1/system.
 * Returns: (transfer full) (nullable)
 * Errors: G_URI_ERROR, with a sentence that says why its disks cannot be read */
char *xpv_ssh_source_prefix(const char *uri, GError **error) G_GNUC_WARN_UNUSED_RESULT;
