/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/libvirt/loop.h"

#include <errno.h>
#include <glib-unix.h>
#include <libvirt/libvirt.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* A descriptor or a timer that libvirt watches. */
typedef struct {
    int id;
    int fd;     /* libvirt's; of a timer, our timerfd */
    int events; /* of virEventHandleType; 0: the watch pauses */
    virEventHandleCallback on_events;
    virEventTimeoutCallback on_timeout; /* NULL: it is no timer */
    void *data;
    virFreeCallback free_data; /* (nullable) */
} Watch;

static int epoll;

/* libvirt calls this file from any thread, and some of its locks are held then. So no callback is called with the mutex
 * held. */
static GMutex mutex;
static GHashTable *watches; /* id → Watch, owned */
static GQueue removed;      /* of Watch, owned, to be freed by the main thread */
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
watch_free(Watch *watch)
{
    if (watch->on_timeout)
        close(watch->fd);
    g_free(watch);
}

/* @watch: (transfer full). Returns: its id; -1: it cannot be watched, and its data stays libvirt's */
static int
add_watch(Watch *watch, uint32_t events)
{
    g_mutex_lock(&mutex);
    int id = watch->id = ++last_id;
    if (control(EPOLL_CTL_ADD, watch, events) == 0)
        g_hash_table_insert(watches, GINT_TO_POINTER(id), watch);
    else
        id = -1;
    g_mutex_unlock(&mutex);
    if (id < 0)
        watch_free(watch);
    return id;
}

/* Nothing uses the watch any more: callbacks, too, run on the main thread. */
static gboolean
on_removed(gpointer data)
{
    g_mutex_lock(&mutex);
    Watch *watch = g_queue_pop_head(&removed);
    g_mutex_unlock(&mutex);
    if (watch->free_data)
        watch->free_data(watch->data);
    watch_free(watch);
    return G_SOURCE_REMOVE;
}

static int
remove_watch(int id)
{
    gpointer watch = NULL;
    g_mutex_lock(&mutex);
    if (g_hash_table_steal_extended(watches, GINT_TO_POINTER(id), NULL, &watch)) {
        control(EPOLL_CTL_DEL, watch, 0);
        g_queue_push_tail(&removed, watch);
        g_idle_add_full(G_PRIORITY_DEFAULT, on_removed, NULL, NULL); /* however busy the loop is */
    }
    g_mutex_unlock(&mutex);
    return watch ? 0 : -1;
}

/* libvirt's clients watch no descriptor twice, which epoll would refuse. */
static int
add_handle(int fd, int events, virEventHandleCallback on_events, void *data, virFreeCallback free_data)
{
    Watch *watch = g_new0(Watch, 1);
    *watch = (Watch){ .fd = fd, .events = events, .on_events = on_events, .data = data, .free_data = free_data };
    return add_watch(watch, to_epoll(events));
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

/* @ms: from now, and between two callbacks; 0: as often as the loop turns; -1: never. A time of exactly 0 would stop
 * the timerfd. */
static void
set_timer(const Watch *timer, int ms)
{
    const struct timespec time = { ms / 1000, ms % 1000 * 1000000L + 1 };
    const struct itimerspec always = { time, time }, never = { 0 };
    timerfd_settime(timer->fd, 0, ms < 0 ? &never : &always, NULL);
}

static int
add_timeout(int ms, virEventTimeoutCallback on_timeout, void *data, virFreeCallback free_data)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0)
        return -1;
    Watch *timer = g_new0(Watch, 1);
    *timer = (Watch){ .fd = fd, .on_timeout = on_timeout, .data = data, .free_data = free_data };
    set_timer(timer, ms);
    return add_watch(timer, EPOLLIN);
}

static void
update_timeout(int id, int ms)
{
    g_mutex_lock(&mutex);
    const Watch *timer = g_hash_table_lookup(watches, GINT_TO_POINTER(id));
    if (timer)
        set_timer(timer, ms);
    g_mutex_unlock(&mutex);
}

/* Reading a timer's expirations ends its being ready. */
static gboolean
is_due(const Watch *watch)
{
    uint64_t expirations;
    return watch->on_timeout ? read(watch->fd, &expirations, sizeof expirations) > 0 : watch->events != 0;
}

/* As the mutex is held throughout, what another thread has changed before is not reported.
 * Returns: (nullable) a watch whose callback is due. It is not freed before that returns: this thread frees it. */
static const Watch *
take_due(int *ret_events)
{
    struct epoll_event event;
    g_mutex_lock(&mutex);
    const Watch *watch = NULL;
    if (epoll_wait(epoll, &event, 1, 0) == 1)
        watch = g_hash_table_lookup(watches, GINT_TO_POINTER((gint)event.data.u32));
    if (watch && !is_due(watch))
        watch = NULL;
    g_mutex_unlock(&mutex);
    if (watch)
        *ret_events = from_epoll(event.events);
    return watch;
}

static gboolean
on_ready(int fd, GIOCondition condition, gpointer data)
{
    int events = 0;
    const Watch *watch = take_due(&events);
    if (watch && watch->on_timeout)
        watch->on_timeout(watch->id, watch->data);
    else if (watch)
        watch->on_events(watch->id, watch->fd, events, watch->data);
    return G_SOURCE_CONTINUE;
}

void
xpv_libvirt_loop_attach(void)
{
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        g_error("Cannot make libvirt's event loop: %s", g_strerror(errno));
    watches = g_hash_table_new(NULL, NULL);
    virEventRegisterImpl(add_handle, update_handle, remove_watch, add_timeout, update_timeout, remove_watch);
    g_unix_fd_add(epoll, G_IO_IN, on_ready, NULL);
}
