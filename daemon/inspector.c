/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/inspector.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/inspection-request.h"
#include "common/intern.h"

/* In bytes. A larger file is not an answer. */
#define ANSWER_MAX (1024 * 1024)

/* If requests have waited this long and none was answered, the inspector counts as absent. */
#define SILENCE_SECONDS 60

/* After this time, a request that could not be written is tried again. */
#define RETRY_SECONDS 10

/* At most so many requests are written in so many ms. All domains ask when the daemon starts. The processor has other
 * work then, and the inspector reads much more slowly than that. */
#define BURST_REQUESTS 64
#define BURST_MS 100

#define NOTICES_BYTES 16384

/* The folder of answers comes with the inspector's first work, and may be removed. */
#define PARENT_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)
#define ANSWER_EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR)

typedef struct {
    GPtrArray *disks; /* of XpvDomainDisk; NULL: the domain is gone */
    gboolean urgent;
    gboolean is_written;
    gint64 serial;
} Request;

struct _XpvInspector {
    const XpvInspectorListener *listener;
    gpointer data;
    char *requests; /* folder */
    char *answers;  /* folder */

    /* UUID, interned → Request, owned: until it is answered, or written if the domain is gone. */
    GHashTable *unanswered;
    guint write_source;
    gint64 burst_began; /* monotonic µs */
    guint burst_requests;
    gboolean cannot_write;
    gint64 serial;        /* the last */
    gint64 answered_from; /* requests before this serial were made before the last answer */
    guint silence_timer;  /* while there are some; anew with each answer */
    gboolean is_served;

    int notices; /* inotify's; -1: there is none */
    int answers_watch;
    guint notices_source;
};

static void
set_served(XpvInspector *inspector)
{
    if (inspector->is_served)
        return;
    inspector->is_served = TRUE;
    inspector->listener->is_served(TRUE, inspector->data);
}

static void
set_unserved(XpvInspector *inspector)
{
    if (inspector->is_served)
        g_message("Guests' disks are not read: xenpv-compat-inspect does not answer");
    inspector->is_served = FALSE;
    inspector->listener->is_served(FALSE, inspector->data); /* there may be more requests that are not answered */
}

/* Requests. */

/* Greater than any serial before a restart of the daemon. A reboot of the machine empties the folders. */
static gint64
next_serial(XpvInspector *inspector)
{
    inspector->serial = MAX(inspector->serial + 1, g_get_monotonic_time());
    return inspector->serial;
}

static void
request_free(gpointer data)
{
    Request *request = data;
    if (request->disks)
        g_ptr_array_unref(request->disks);
    g_free(request);
}

/* Whoever lists the folder finds the whole file, or none. */
static gboolean
write_file(const char *folder, const char *uuid, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, uuid, NULL);
    g_autofree char *unfinished = g_strdup_printf("%s/.%s", folder, uuid);
    (void)g_mkdir(folder, 0700);
    g_auto(XpvFd) fd = g_open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && xpv_fd_write(fd, text) && g_rename(unfinished, path) == 0)
        return TRUE;
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s", path, g_strerror(errno));
    return FALSE;
}

static gboolean
write_request(XpvInspector *inspector, const char *uuid, const Request *request)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = request->disks
                                ? xpv_inspection_request_to_text(request->disks, request->urgent, request->serial)
                                : g_strdup("");
    gboolean is_written = write_file(inspector->requests, uuid, text, &error);
    if (!is_written && !inspector->cannot_write)
        g_warning("Cannot ask for guests' disks to be read: %s", error->message);
    inspector->cannot_write = !is_written;
    return is_written;
}

static void
begin_burst(XpvInspector *inspector)
{
    gint64 now = g_get_monotonic_time();
    if (now - inspector->burst_began < BURST_MS * 1000)
        return;
    inspector->burst_began = now;
    inspector->burst_requests = 0;
}

static gboolean
on_write(gpointer data)
{
    XpvInspector *inspector = data;
    GHashTableIter iter;
    gpointer uuid, value;
    gboolean all_written = TRUE;
    begin_burst(inspector);
    g_hash_table_iter_init(&iter, inspector->unanswered);
    while (inspector->burst_requests < BURST_REQUESTS && g_hash_table_iter_next(&iter, &uuid, &value)) {
        Request *request = value;
        if (request->is_written)
            continue;
        inspector->burst_requests++;
        request->is_written = write_request(inspector, uuid, request);
        all_written = all_written && request->is_written;
        if (request->is_written && !request->disks)
            g_hash_table_iter_remove(&iter);
    }
    inspector->write_source = 0;
    if (!all_written)
        inspector->write_source = g_timeout_add_seconds(RETRY_SECONDS, on_write, inspector);
    else if (inspector->burst_requests >= BURST_REQUESTS) /* there may be more */
        inspector->write_source = g_timeout_add(BURST_MS, on_write, inspector);
    return G_SOURCE_REMOVE;
}

static void
write_soon(XpvInspector *inspector)
{
    if (inspector->write_source == 0)
        inspector->write_source = g_idle_add(on_write, inspector);
}

/* In place of the domain's last request. @disks: NULL: the domain is gone. Returns: its serial */
static gint64
put_request(XpvInspector *inspector, const char *uuid, GPtrArray *disks, gboolean urgent)
{
    Request *request = g_new0(Request, 1);
    request->disks = disks ? g_ptr_array_ref(disks) : NULL;
    request->urgent = urgent;
    request->serial = next_serial(inspector);
    g_hash_table_replace(inspector->unanswered, xpv_intern(uuid), request);
    write_soon(inspector);
    return request->serial;
}

/* Writes the requests again that were made before the last answer and are not answered. Returns: their number. */
static guint
ask_again(XpvInspector *inspector)
{
    GHashTableIter iter;
    gpointer value;
    guint n = 0;
    g_hash_table_iter_init(&iter, inspector->unanswered);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Request *request = value;
        if (request->serial >= inspector->answered_from)
            continue;
        request->serial = next_serial(inspector);
        request->is_written = FALSE;
        write_soon(inspector);
        n++;
    }
    return n;
}

static gboolean
is_awaiting(const XpvInspector *inspector)
{
    return g_hash_table_size(inspector->unanswered) > 0;
}

static void await(XpvInspector *inspector);

static gboolean
on_silence(gpointer data)
{
    XpvInspector *inspector = data;
    inspector->silence_timer = 0;
    if (ask_again(inspector) > 0)
        await(inspector);
    else if (is_awaiting(inspector))
        set_unserved(inspector);
    return G_SOURCE_REMOVE;
}

static void
await(XpvInspector *inspector)
{
    if (is_awaiting(inspector) && inspector->silence_timer == 0)
        inspector->silence_timer = g_timeout_add_seconds(SILENCE_SECONDS, on_silence, inspector);
}

static void
await_anew(XpvInspector *inspector)
{
    g_clear_handle_id(&inspector->silence_timer, g_source_remove);
    await(inspector);
}

gint64
xpv_inspector_request(XpvInspector *inspector, const char *uuid, GPtrArray *disks, gboolean urgent)
{
    const Request *last = g_hash_table_lookup(inspector->unanswered, uuid);
    if (last && !last->is_written && last->disks && !urgent)
        return last->serial;
    gint64 serial = put_request(inspector, uuid, disks, urgent || (last && last->urgent));
    await(inspector);
    return serial;
}

void
xpv_inspector_forget(XpvInspector *inspector, const char *uuid)
{
    put_request(inspector, uuid, NULL, FALSE);
    await_anew(inspector);
}

/* Answers. */

/* Returns: (nullable) at most ANSWER_MAX bytes */
static char *
read_file(const char *path, gsize *ret_length, GError **error)
{
    struct stat status = { 0 };
    g_auto(XpvFd) fd = g_open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0);
    gboolean is_open = fd >= 0 && fstat(fd, &status) == 0;
    if (is_open && !S_ISREG(status.st_mode)) {
        g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "it is not a regular file");
        return NULL;
    }
    if (status.st_size > ANSWER_MAX) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "it has more than %d bytes", ANSWER_MAX);
        return NULL;
    }
    g_autofree char *text = g_malloc((gsize)status.st_size + 1);
    ssize_t n = is_open ? read(fd, text, (gsize)status.st_size) : -1;
    if (n < 0) {
        g_set_error_literal(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), g_strerror(errno));
        return NULL;
    }
    *ret_length = (gsize)n;
    return g_steal_pointer(&text);
}

XpvInspection *
xpv_inspector_read(XpvInspector *inspector, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(inspector->answers, uuid, NULL);
    gsize length = 0;
    g_autofree char *text = read_file(path, &length, &error);
    XpvInspection *inspection = text ? xpv_inspection_from_json(text, length, &error) : NULL;
    if (error && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        g_warning("Cannot use the answer about a guest's disks in %s: %s", path, error->message);
    return inspection;
}

static void
take_answer(XpvInspector *inspector, const char *uuid)
{
    XpvInspection *inspection = g_uuid_string_is_valid(uuid) ? xpv_inspector_read(inspector, uuid) : NULL;
    if (!inspection)
        return;
    const Request *request = g_hash_table_lookup(inspector->unanswered, uuid);
    if (request && request->is_written && inspection->serial >= request->serial)
        g_hash_table_remove(inspector->unanswered, uuid);
    inspector->answered_from = inspector->serial + 1;
    await_anew(inspector);
    set_served(inspector);
    inspector->listener->answered(uuid, inspection, inspector->data);
}

static void
take_all(XpvInspector *inspector)
{
    g_autoptr(GDir) folder = g_dir_open(inspector->answers, 0, NULL);
    const char *name;
    while (folder && (name = g_dir_read_name(folder)))
        take_answer(inspector, name);
}

static void
watch_answers(XpvInspector *inspector)
{
    inspector->answers_watch = inotify_add_watch(inspector->notices, inspector->answers, ANSWER_EVENTS);
}

/* @name: (nullable) */
static void
take_notice(XpvInspector *inspector, const struct inotify_event *event, const char *name)
{
    if (event->mask & IN_Q_OVERFLOW) {
        take_all(inspector);
    } else if (event->wd == inspector->answers_watch) {
        if (name)
            take_answer(inspector, name);
        else if (event->mask & IN_IGNORED)
            inspector->answers_watch = -1;
    } else if (name && g_str_equal(name, strrchr(inspector->answers, '/') + 1)) {
        watch_answers(inspector);
        take_all(inspector);
    }
}

static gboolean
on_notices(gint fd, GIOCondition condition, gpointer data)
{
    XpvInspector *inspector = data;
    char buffer[NOTICES_BYTES];
    struct inotify_event event;
    ssize_t length = read(fd, buffer, sizeof buffer);
    for (const char *at = buffer; length > 0 && at < buffer + length; at += sizeof event + event.len) {
        memcpy(&event, at, sizeof event);
        take_notice(inspector, &event, event.len > 0 ? at + sizeof event : NULL);
    }
    return G_SOURCE_CONTINUE;
}

static void
watch(XpvInspector *inspector)
{
    g_autofree char *parent = g_path_get_dirname(inspector->answers);
    inspector->notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    inspector->answers_watch = -1;
    if (inspector->notices < 0 || inotify_add_watch(inspector->notices, parent, PARENT_EVENTS) < 0)
        g_warning("Cannot watch for answers about guests' disks in %s: %s", parent, g_strerror(errno));
    if (inspector->notices < 0)
        return;
    watch_answers(inspector);
    inspector->notices_source = g_unix_fd_add(inspector->notices, G_IO_IN, on_notices, inspector);
}

XpvInspector *
xpv_inspector_new(const char *runtime_directory, const XpvInspectorListener *listener, gpointer data)
{
    XpvInspector *inspector = g_new0(XpvInspector, 1);
    inspector->listener = listener;
    inspector->data = data;
    inspector->requests = g_build_filename(runtime_directory, XPV_INSPECTION_REQUESTS, NULL);
    inspector->answers = g_strconcat(runtime_directory, XPV_INSPECTION_ANSWERS_SUFFIX, NULL);
    inspector->unanswered =
        g_hash_table_new_full(g_str_hash, g_str_equal, (GDestroyNotify)xpv_interned_release, request_free);
    inspector->is_served = TRUE;
    watch(inspector);
    return inspector;
}

/* The next start asks again for the disks to read, but cannot know which domains are gone. So those requests are
 * written now. */
static void
write_last(XpvInspector *inspector)
{
    GHashTableIter iter;
    gpointer uuid, request;
    g_hash_table_iter_init(&iter, inspector->unanswered);
    while (g_hash_table_iter_next(&iter, &uuid, &request)) {
        if (!((Request *)request)->disks)
            write_request(inspector, uuid, request);
    }
}

void
xpv_inspector_free(XpvInspector *inspector)
{
    write_last(inspector);
    g_clear_handle_id(&inspector->write_source, g_source_remove);
    g_clear_handle_id(&inspector->silence_timer, g_source_remove);
    g_clear_handle_id(&inspector->notices_source, g_source_remove);
    xpv_fd_clear(&inspector->notices);
    g_hash_table_unref(inspector->unanswered);
    g_free(inspector->requests);
    g_free(inspector->answers);
    g_free(inspector);
}
