/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/xenstore/client.h"

#include <errno.h>
#include <signal.h>
#include <xenstore.h>
#include <xenstore_lib.h>

/* Nobody writes there. So its watch has only one event: the first one, which every watch has. */
#define OWN_PATH "/local/domain/0/xenpv-compat"
#define TOKEN_OPEN "open"
#define TOKEN_LEAVE "leave"

struct _XpvXenstore {
    const XpvXenstoreListener *listener;
    gpointer data;
    GDestroyNotify free_data;
    struct xs_handle *handle; /* NULL until open */
    GThread *watcher;         /* NULL until open */
};

static gint n_xenstores;

XpvXenstore *
xpv_xenstore_new(const XpvXenstoreListener *listener, gpointer data, GDestroyNotify free_data)
{
    XpvXenstore *xenstore = g_new0(XpvXenstore, 1);
    xenstore->listener = listener;
    xenstore->data = data;
    xenstore->free_data = free_data;
    g_atomic_int_inc(&n_xenstores);
    /* libxenstore 4.17 ignores SIGPIPE around each call and restores it afterwards. Two threads would disturb each
     * other, so it is always ignored. */
    signal(SIGPIPE, SIG_IGN);
    return xenstore;
}

void
xpv_xenstore_free(XpvXenstore *xenstore)
{
    if (!xenstore)
        return;
    if (xenstore->watcher) {
        /* xs_close() does not wake a thread that waits in xs_read_watch(). */
        xs_watch(xenstore->handle, OWN_PATH, TOKEN_LEAVE);
        g_thread_join(xenstore->watcher);
    }
    xs_close(xenstore->handle);
    if (xenstore->free_data)
        xenstore->free_data(xenstore->data);
    g_free(xenstore);
    g_atomic_int_add(&n_xenstores, -1);
}

guint
xpv_xenstore_count(void)
{
    return (guint)g_atomic_int_get(&n_xenstores);
}

/* libxenstore's own thread reads all events from the socket into a queue without a limit, so they must be taken fast.
 */
static gpointer
take_events(gpointer data)
{
    XpvXenstore *xenstore = data;
    for (;;) {
        unsigned int n = 0;
        g_autofree char **event = xs_read_watch(xenstore->handle, &n);
        if (!event) {
            xenstore->listener->lost(xenstore->data);
            return NULL;
        }
        if (n <= XS_WATCH_TOKEN)
            continue;
        if (g_str_equal(event[XS_WATCH_TOKEN], TOKEN_LEAVE))
            return NULL;
        xenstore->listener->fired(event[XS_WATCH_PATH], event[XS_WATCH_TOKEN], xenstore->data);
    }
}

gboolean
xpv_xenstore_open(XpvXenstore *xenstore, GError **error)
{
    struct xs_handle *handle = xs_open(0);
    /* The first watch starts libxenstore's thread. Without it, the end of the connection is not noticed. */
    if (!handle || !xs_watch(handle, OWN_PATH, TOKEN_OPEN)) {
        gint code = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "Cannot connect to xenstored at %s: %s",
                    xs_daemon_socket(), g_strerror(code));
        xs_close(handle);
        return FALSE;
    }
    xenstore->handle = handle;
    xenstore->watcher = g_thread_new("xenstore-watch", take_events, xenstore);
    return TRUE;
}

void
xpv_xenstore_watch(XpvXenstore *xenstore, const char *path, const char *token)
{
    if (!xs_watch(xenstore->handle, path, token))
        g_debug("Cannot watch %s: %s", path, g_strerror(errno));
}

void
xpv_xenstore_unwatch(XpvXenstore *xenstore, const char *path, const char *token)
{
    if (!xs_unwatch(xenstore->handle, path, token))
        g_debug("Cannot unwatch %s: %s", path, g_strerror(errno));
}

/* xenstored's answers for a key that does not exist, or that it cannot return. */
static gboolean
is_no_key(gint code)
{
    return code == ENOENT || code == EACCES || code == E2BIG;
}

gboolean
xpv_xenstore_read(XpvXenstore *xenstore, const char *path, gsize max, char **ret_value, gsize *ret_length)
{
    unsigned int length = 0;
    g_autofree char *value = xs_read(xenstore->handle, XBT_NULL, path, &length);
    if (!value && !is_no_key(errno))
        return FALSE;
    *ret_length = MIN(length, max);
    if (value)
        value[*ret_length] = '\0';
    *ret_value = g_steal_pointer(&value);
    return TRUE;
}

gboolean
xpv_xenstore_list(XpvXenstore *xenstore, const char *path, guint max, GStrv *ret_names)
{
    unsigned int n = 0;
    g_autofree char **names = xs_directory(xenstore->handle, XBT_NULL, path, &n);
    if (!names && !is_no_key(errno))
        return FALSE;
    n = names ? MIN(n, max) : 0;
    GStrv copy = g_new0(char *, n + 1);
    for (unsigned int i = 0; i < n; i++)
        copy[i] = g_strdup(names[i]);
    *ret_names = copy;
    return TRUE;
}
