/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Work on hostile data, in a child process that has the descriptors it is given, a pipe for what it tells, and nothing
 * else: it opens no file, reaches no network, starts nothing, and has bounds of memory, of time and of output. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 memory;  /* bytes of address space */
    guint processor; /* seconds */
    guint wall;      /* seconds */
    gsize output;    /* bytes that are taken */
} XpvSandboxLimits;

/* For one guest. */
extern const XpvSandboxLimits xpv_sandbox_limits;

/* What the child does. Returns: (transfer full) what it tells; never NULL */
typedef char *(*XpvSandboxWork)(gpointer data);

typedef struct _XpvSandbox XpvSandbox;

/* xpv_sandbox_start: @fds: the child keeps these, and no others. The caller has one thread.
 * Errors: G_FILE_ERROR: there is no further process or pipe */
XpvSandbox *xpv_sandbox_start(const XpvSandboxLimits *limits, const int *fds, guint n_fds, XpvSandboxWork work,
                              gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_sandbox_finish: waits for the child, as long as it may take, and frees the sandbox.
 * Returns: (transfer full) (nullable) what it told; a stranger's text
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, with a sentence that says why it told nothing */
char *xpv_sandbox_finish(XpvSandbox *sandbox, gsize *ret_length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
