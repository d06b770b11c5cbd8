/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The system of a guest, by its release files. */
#pragma once

#include <glib.h>

typedef struct {
    const char *path;   /* within the guest's root */
    const char *system; /* the system, if the file itself does not name it, as Debian's; else NULL */
} XpvReleaseFile;

/* The files, in order of precedence; the last one has no path. Oracle's and others have Red Hat's file as well. */
extern const XpvReleaseFile xpv_release_files[];

/* A longer file is cut. */
#define XPV_RELEASE_TEXT_MAX 4096U

typedef struct {
    char *distribution; /* "rhel", "centos", "oracle", "scientific", or another word */
    char *release;      /* "3.9"; "" if it has none */
} XpvRelease;

/* xpv_release_read: @text: any bytes. Returns: (nullable) NULL: it does not name a system */
XpvRelease *xpv_release_read(const XpvReleaseFile *file, const char *text);
void xpv_release_free(XpvRelease *release);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvRelease, xpv_release_free)
