/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which system a guest is, by its release files. */
#pragma once

#include <glib.h>

typedef struct {
    const char *path;   /* within the guest's root */
    const char *system; /* where the file itself names none, as that of Debian; else NULL */
} XpvReleaseFile;

/* The files in the order in which they are asked, up to one without a path. Oracle's and others' have Red Hat's as
 * well. */
extern const XpvReleaseFile xpv_release_files[];

/* How much of one is read. */
#define XPV_RELEASE_TEXT_MAX 4096U

typedef struct {
    char *distribution; /* "rhel", "centos", "oracle", "scientific", or another word */
    char *release;      /* "3.9"; "" where it has none */
} XpvRelease;

/* xpv_release_read: @text: any bytes. Returns: (nullable) NULL: it names no system */
XpvRelease *xpv_release_read(const XpvReleaseFile *file, const char *text);
void xpv_release_free(XpvRelease *release);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvRelease, xpv_release_free)
