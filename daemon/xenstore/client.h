/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection to xenstored. Linked is either xenstore.c, on libxenstore, or xenstore-none.c.
 *
 * Every call may block for as long as xenstored pleases, so none of those that talk to it may be made on the main
 * thread; one thread at a time makes them. Nothing is ever written to xenstore. */
#pragma once

#include <glib.h>

typedef struct _XpvXenstore XpvXenstore;

/* Called on a thread of the connection's own, which must not be held up: events pile up in memory meanwhile. */
typedef struct {
    /* Something at or under a watched path changed, or (once for each new watch, with the path that was watched) may
     * have. */
    void (*fired)(const char *path, const char *token, gpointer data);
    void (*lost)(gpointer data); /* the connection is gone: nothing follows */
} XpvXenstoreListener;

/* xpv_xenstore_is_supported: whether this program is built with libxenstore. Any thread. */
gboolean xpv_xenstore_is_supported(void);

/* xpv_xenstore_new: makes no connection yet. On the main thread: ignores SIGPIPE for the whole process.
 * @free_data: (nullable) frees @data with the rest */
XpvXenstore *xpv_xenstore_new(const XpvXenstoreListener *listener, gpointer data, GDestroyNotify free_data);
void xpv_xenstore_free(XpvXenstore *xenstore);

/* xpv_xenstore_count: how many there are; one that cannot be freed because xenstored hangs is still there. Any thread.
 */
guint xpv_xenstore_count(void);

/* xpv_xenstore_open: connects; returns when xenstored has answered something. Once. */
gboolean xpv_xenstore_open(XpvXenstore *xenstore, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_xenstore_watch: @path need not exist. @token: any number, in decimal. Where it fails, lost() tells the rest. */
void xpv_xenstore_watch(XpvXenstore *xenstore, const char *path, const char *token);
void xpv_xenstore_unwatch(XpvXenstore *xenstore, const char *path, const char *token);

/* xpv_xenstore_read:
 * @max: how many bytes are kept
 * @ret_value: (transfer full) (nullable) NULL where there is no such key; else @ret_length bytes, and a NUL
 * Returns: FALSE where xenstored gave no answer: nothing is known of the key. */
gboolean xpv_xenstore_read(XpvXenstore *xenstore, const char *path, gsize max, char **ret_value,
                           gsize *ret_length) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_xenstore_list:
 * @max: how many names are kept
 * @ret_names: (transfer full) of what is under @path; none where there is no such path
 * Returns: as xpv_xenstore_read(). */
gboolean xpv_xenstore_list(XpvXenstore *xenstore, const char *path, guint max,
                           GStrv *ret_names) G_GNUC_WARN_UNUSED_RESULT;
