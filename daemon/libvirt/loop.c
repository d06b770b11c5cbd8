/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/libvirt/loop.h"

#include <errno.h>
#include <libvirt/libvirt.h>
#include <sys/epoll.h>

#include "daemon/worker.h"

#define NEVER G_MAXINT64

/* A descriptor or a timer that libvirt watches. */
typedef struct {
    int id;
    int fd;     /* -1: it is a timer */
    int events; /* of virEventHandleType; 0: the watch pauses */
    virEventHandleCallback on_events;
    int interval; /* of a timer, in ms; -1: it pauses */
    gint64 due;   /* when a timer is called next; monotonic µs */
    virEventTimeoutCallback on_timeout;
    void *data;
    virFreeCallback free_data; /* (nullable) */
} Watch;

static int epoll;
static GSource *source;

/* libvirt calls this file from any thread, and some of its locks are held then. So no callback is called with the mutex
 * held. */
static GMutex mutex;
static GHashTable *watches; /* id → Watch, owned */
static GPtrArray *removed;  /* of Watch, owned, to be freed */
static int last_id;

static int
control(int operation, const Watch *watch, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.u32 = (uint32_t)watch->id };
    return epoll_ctl(epoll, operation, watch->fd, &event);
}

/* epoll reports errors and hang-ups whether it is asked or not; of a watch that pauses, once, so that the loop does not
 * spin. */
static uint32_t
to_epoll(int events)
{
    uint32_t readable = events & VIR_EVENT_HANDLE_READABLE ? EPOLLIN : 0;
    uint32_t writable = events & VIR_EVENT_HANDLE_WRITABLE ? EPOLLOUT : 0;
    return events ? readable | writable : EPOLLONESHOT;
}

static int
from_epoll(uint32_t events)
{
    return (events & EPOLLIN ? VIR_EVENT_HANDLE_READABLE : 0) | (events & EPOLLOUT ? VIR_EVENT_HANDLE_WRITABLE : 0) |
           (events & EPOLLERR ? VIR_EVENT_HANDLE_ERROR : 0) | (events & EPOLLHUP ? VIR_EVENT_HANDLE_HANGUP : 0);
}

static void
watch_free(gpointer data)
{
    Watch *watch = data;
    if (watch->free_data)
        watch->free_data(watch->data);
    g_free(watch);
}

/* With the mutex held. The main thread's next turn never becomes later, which would wake it: rather, a turn may find
 * nothing to do. */
static void
take_turn_at(gint64 time)
{
    gint64 planned = g_source_get_ready_time(source);
    if (planned < 0 || time < planned)
        g_source_set_ready_time(source, time);
}

/* libvirt's clients watch no descriptor twice, which epoll would refuse.
 * Returns: -1: it cannot be watched, and its data stays libvirt's, which then goes on without events and keepalive: so
 * the host is polled */
static int
add_handle(int fd, int events, virEventHandleCallback on_events, void *data, virFreeCallback free_data)
{
    g_autofree Watch *watch = g_new0(Watch, 1);
    *watch = (Watch){
        .fd = fd, .events = events, .on_events = on_events, .due = NEVER, .data = data, .free_data = free_data
    };
    g_mutex_lock(&mutex);
    int id = watch->id = ++last_id;
    if (control(EPOLL_CTL_ADD, watch, to_epoll(events)) == 0)
        g_hash_table_insert(watches, GINT_TO_POINTER(id), g_steal_pointer(&watch));
    else
        id = -1;
    g_mutex_unlock(&mutex);
    return id;
}

static void
update_handle(int id, int events)
{
    g_mutex_lock(&mutex);
    Watch *watch = g_hash_table_lookup(watches, GINT_TO_POINTER(id));
    if (watch) {
        watch->events = events;
        control(EPOLL_CTL_MOD, watch, to_epoll(events));
    }
    g_mutex_unlock(&mutex);
}

static void
set_timer(Watch *timer, int ms)
{
    timer->interval = ms;
    timer->due = ms < 0 ? NEVER : g_get_monotonic_time() + (gint64)ms * 1000;
    if (ms >= 0)
        take_turn_at(timer->due);
}

/* @ms: from now, and between two callbacks; 0: as often as the loop turns; -1: never */
static int
add_timeout(int ms, virEventTimeoutCallback on_timeout, void *data, virFreeCallback free_data)
{
    Watch *timer = g_new0(Watch, 1);
    *timer = (Watch){ .fd = -1, .on_timeout = on_timeout, .data = data, .free_data = free_data };
    g_mutex_lock(&mutex);
    int id = timer->id = ++last_id;
    g_hash_table_insert(watches, GINT_TO_POINTER(id), timer);
    set_timer(timer, ms);
    g_mutex_unlock(&mutex);
    return id;
}

static void
update_timeout(int id, int ms)
{
    g_mutex_lock(&mutex);
    Watch *timer = g_hash_table_lookup(watches, GINT_TO_POINTER(id));
    if (timer)
        set_timer(timer, ms);
    g_mutex_unlock(&mutex);
}

static int
remove_watch(int id)
{
    gpointer watch = NULL;
    g_mutex_lock(&mutex);
    if (g_hash_table_steal_extended(watches, GINT_TO_POINTER(id), NULL, &watch)) {
        if (((Watch *)watch)->fd >= 0)
            control(EPOLL_CTL_DEL, watch, 0);
        g_ptr_array_add(removed, watch);
        take_turn_at(0);
    }
    g_mutex_unlock(&mutex);
    return watch ? 0 : -1;
}

static gpointer
keep(XpvWorker *worker, gpointer own)
{
    return own;
}

/* No callback uses these watches any more, as callbacks run on this thread. Another thread frees them: with the last
 * reference to its socket, libvirt ends ssh, and waits for that. */
static void
free_removed(void)
{
    static const XpvWorkerPurpose purpose = { .name = "libvirt-free",
                                              .create = keep,
                                              .free = (GDestroyNotify)g_ptr_array_unref };
    g_mutex_lock(&mutex);
    GPtrArray *gone = removed->len > 0 ? g_steal_pointer(&removed) : NULL;
    if (gone)
        removed = g_ptr_array_new_with_free_func(watch_free);
    g_mutex_unlock(&mutex);
    if (gone)
        xpv_worker_abandon(xpv_worker_new(&purpose, 0, gone));
}

/* As the mutex is held throughout, what another thread has changed before is not reported. The same is true of timers.
 * Returns: (nullable) a watch whose callback is due. It is not freed before that returns. */
static const Watch *
take_ready(int *ret_events)
{
    struct epoll_event event;
    const Watch *watch = NULL;
    g_mutex_lock(&mutex);
    if (epoll_wait(epoll, &event, 1, 0) == 1) {
        watch = g_hash_table_lookup(watches, GINT_TO_POINTER((gint)event.data.u32));
        *ret_events = from_epoll(event.events);
    }
    if (watch && watch->events == 0)
        watch = NULL;
    g_mutex_unlock(&mutex);
    return watch;
}

/* With the mutex held. Returns: (nullable) the timer that is due first */
static Watch *
find_first_timer(void)
{
    GHashTableIter iter;
    gpointer value;
    Watch *first = NULL;
    g_hash_table_iter_init(&iter, watches);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Watch *watch = value;
        if (watch->due < (first ? first->due : NEVER))
            first = watch;
    }
    return first;
}

/* Returns: (nullable) a timer whose callback is due. It is not freed before that returns. */
static const Watch *
take_due(void)
{
    gint64 now = g_get_monotonic_time();
    g_mutex_lock(&mutex);
    Watch *timer = find_first_timer();
    if (timer && timer->due <= now)
        timer->due = now + (gint64)timer->interval * 1000;
    else
        timer = NULL;
    g_mutex_unlock(&mutex);
    return timer;
}

static void
plan_turn(void)
{
    g_mutex_lock(&mutex);
    const Watch *timer = find_first_timer();
    gint64 time = timer ? timer->due : -1;
    g_source_set_ready_time(source, removed->len > 0 ? 0 : time);
    g_mutex_unlock(&mutex);
}

/* One of each kind has its turn, so that none keeps the other, or the bus, from theirs. */
static gboolean
dispatch(GSource *unused, GSourceFunc callback, gpointer data)
{
    int events = 0;
    free_removed();
    const Watch *watch = take_ready(&events);
    if (watch)
        watch->on_events(watch->id, watch->fd, events, watch->data);
    const Watch *timer = take_due();
    if (timer)
        timer->on_timeout(timer->id, timer->data);
    plan_turn();
    return G_SOURCE_CONTINUE;
}

gboolean
xpv_libvirt_loop_attach(GError **error)
{
    static GSourceFuncs functions = { .dispatch = dispatch };
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        int code = errno;
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "Cannot make libvirt's event loop: %s",
                    g_strerror(code));
        return FALSE;
    }
    watches = g_hash_table_new(NULL, NULL);
    removed = g_ptr_array_new_with_free_func(watch_free);
    source = g_source_new(&functions, sizeof *source);
    g_source_set_name(source, "libvirt");
    g_source_add_unix_fd(source, epoll, G_IO_IN);
    g_source_attach(source, NULL);
    virEventRegisterImpl(add_handle, update_handle, remove_watch, add_timeout, update_timeout, remove_watch);
    return TRUE;
}
