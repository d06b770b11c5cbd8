/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to xenstored, by libxenstore.
 *
 * A call to xenstored may block for any time, so it must not be made on the main thread; only one thread at a time may
 * make calls. Nothing is ever written to xenstore. */
#pragma once

#include <glib.h>

typedef struct _XpvXenstore XpvXenstore;

/* Callbacks, on a thread of the connection's own. They must return quickly: events are queued in memory meanwhile. */
typedef struct {
    /* Something at or below a watched path has changed. Each new watch also begins with one event, for its own path. */
    void (*fired)(const char *path, const char *token, gpointer data);
    void (*lost)(gpointer data); /* the connection has ended; no more events follow */
} XpvXenstoreListener;

/* xpv_xenstore_new: does not connect yet. On the main thread: ignores SIGPIPE for the whole process.
 * @free_data: (nullable) frees @data at the end */
XpvXenstore *xpv_xenstore_new(const XpvXenstoreListener *listener, gpointer data, GDestroyNotify free_data);
void xpv_xenstore_free(XpvXenstore *xenstore);

/* xpv_xenstore_count: the number of connections, including those that cannot be freed because xenstored hangs. Any
 * thread.
 */
guint xpv_xenstore_count(void);

/* xpv_xenstore_open: connects, and returns when xenstored has answered. Call it once. */
gboolean xpv_xenstore_open(XpvXenstore *xenstore, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_xenstore_watch: @path need not exist. @token: any number, in decimal. After a failure, lost() is called. */
void xpv_xenstore_watch(XpvXenstore *xenstore, const char *path, const char *token);
void xpv_xenstore_unwatch(XpvXenstore *xenstore, const char *path, const char *token);

/* xpv_xenstore_read:
 * @max: the value is cut to so many bytes
 * @ret_value: (transfer full) (nullable) NULL: there is no such key; else @ret_length bytes, and a NUL
 * Returns: FALSE if xenstored gave no answer, so that the key is not known. */
gboolean xpv_xenstore_read(XpvXenstore *xenstore, const char *path, gsize max, char **ret_value,
                           gsize *ret_length) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_xenstore_list:
 * @max: the list is cut to so many names
 * @ret_names: (transfer full) the names below @path; empty if there is no such path
 * Returns: as for xpv_xenstore_read(). */
gboolean xpv_xenstore_list(XpvXenstore *xenstore, const char *path, guint max,
                           GStrv *ret_names) G_GNUC_WARN_UNUSED_RESULT;
