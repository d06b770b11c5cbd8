/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's event loop, called by libvirt's own functions for it, on this thread and on another one. */
#include "daemon/libvirt/loop.h"

#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/worker.h"
#include "tests/loop.h"

#define READABLE VIR_EVENT_HANDLE_READABLE
#define WRITABLE VIR_EVENT_HANDLE_WRITABLE
#define HANGUP VIR_EVENT_HANDLE_HANGUP

#define FDS_MAX 16

static GThread *main_thread;

/* A watch and what was called for it. */
typedef struct Watched {
    int id;
    int fd; /* of a socket */
    guint n_calls;
    int events;             /* of the last call */
    struct Watched *victim; /* (nullable) removed by the callback */
    gint n_freed;           /* atomic */
    gint n_freed_in_call;
} Watched;

typedef struct {
    Watched one, other; /* both ends of a pair of sockets */
    Watched timer;
} Fixture;

static void
remove_handle(Watched *watched)
{
    g_assert_cmpint(virEventRemoveHandle(watched->id), ==, 0);
}

static gint
freed(const Watched *watched)
{
    return g_atomic_int_get(&watched->n_freed);
}

static void
on_events(int id, int fd, int events, void *data)
{
    Watched *watched = data;
    g_assert_cmpint(id, ==, watched->id);
    g_assert_cmpint(fd, ==, watched->fd);
    watched->n_calls++;
    watched->events = events;
    if (watched->victim) {
        remove_handle(watched->victim);
        watched->n_freed_in_call = freed(watched->victim);
    }
}

static void
on_timeout(int id, void *data)
{
    Watched *timer = data;
    g_assert_cmpint(id, ==, timer->id);
    timer->n_calls++;
    if (timer->victim) {
        g_assert_cmpint(virEventRemoveTimeout(timer->victim->id), ==, 0);
        timer->n_freed_in_call = freed(timer->victim);
    }
}

/* It may block, as libvirt's own does for ssh. */
static void
on_free(void *data)
{
    Watched *watched = data;
    g_assert_true(g_thread_self() != main_thread);
    g_atomic_int_inc(&watched->n_freed);
    g_main_context_wakeup(NULL);
}

static void
watch(Watched *watched, int events)
{
    watched->id = virEventAddHandle(watched->fd, events, on_events, watched, on_free);
    g_assert_cmpint(watched->id, >=, 0);
}

static void
set_timer(Fixture *f, int ms)
{
    f->timer.id = virEventAddTimeout(ms, on_timeout, &f->timer, on_free);
    g_assert_cmpint(f->timer.id, >=, 0);
}

static void
send_byte(const Watched *watched)
{
    g_assert_cmpint(write(watched->fd, "", 1), ==, 1);
}

static void
set_up(Fixture *f, gconstpointer unused)
{
    int sockets[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), ==, 0);
    f->one.fd = sockets[0];
    f->other.fd = sockets[1];
}

static void
tear_down(Fixture *f, gconstpointer unused)
{
    g_assert_true(xpv_workers_wait_for_abandoned(WAIT_SECONDS * 1000));
    close(f->one.fd);
    if (f->other.fd >= 0)
        close(f->other.fd);
}

static void
hang_up(Fixture *f)
{
    close(f->other.fd);
    f->other.fd = -1;
}

/* A watch is called as long as its descriptor is ready for what was asked. */
static void
test_handle(Fixture *f, gconstpointer unused)
{
    watch(&f->one, READABLE);
    settle();
    g_assert_cmpuint(f->one.n_calls, ==, 0);
    send_byte(&f->other);
    wait_until(f->one.n_calls == 2);
    g_assert_cmpint(f->one.events, ==, READABLE);

    virEventUpdateHandle(f->one.id, READABLE | WRITABLE);
    wait_until(f->one.n_calls == 3);
    g_assert_cmpint(f->one.events, ==, READABLE | WRITABLE);
    hang_up(f);
    wait_until(f->one.n_calls == 4);
    g_assert_cmpint(f->one.events, ==, READABLE | WRITABLE | HANGUP);

    remove_handle(&f->one);
    wait_until(freed(&f->one) == 1);
    settle();
    g_assert_cmpuint(f->one.n_calls, ==, 4);
}

/* A watch that pauses is not called, and neither data nor the other side's end make the loop spin. */
static void
test_pause(Fixture *f, gconstpointer unused)
{
    watch(&f->one, READABLE);
    send_byte(&f->other);
    virEventUpdateHandle(f->one.id, 0);
    settle();
    hang_up(f);
    settle();
    g_assert_cmpuint(f->one.n_calls, ==, 0);

    virEventUpdateHandle(f->one.id, READABLE);
    wait_until(f->one.n_calls == 1);
    g_assert_cmpint(f->one.events, ==, READABLE | HANGUP);
    remove_handle(&f->one);
    wait_until(freed(&f->one) == 1);
}

/* The callback may remove its own watch, whose data is freed after it. */
static void
test_removes_itself(Fixture *f, gconstpointer unused)
{
    f->one.victim = &f->one;
    watch(&f->one, WRITABLE);
    wait_until(freed(&f->one) > 0);
    settle();
    g_assert_cmpuint(f->one.n_calls, ==, 1);
    g_assert_cmpint(freed(&f->one), ==, 1);
    g_assert_cmpint(f->one.n_freed_in_call, ==, 0);

    f->timer.victim = &f->timer;
    set_timer(f, 0);
    wait_until(freed(&f->timer) > 0);
    settle();
    g_assert_cmpuint(f->timer.n_calls, ==, 1);
    g_assert_cmpint(freed(&f->timer), ==, 1);
    g_assert_cmpint(f->timer.n_freed_in_call, ==, 0);
}

/* Both watches are ready. The one that is called first removes the other, which is not called. */
static void
test_removes_other(Fixture *f, gconstpointer unused)
{
    f->one.victim = &f->other;
    f->other.victim = &f->one;
    watch(&f->one, WRITABLE);
    watch(&f->other, WRITABLE);
    wait_until(f->one.n_calls + f->other.n_calls > 0);
    Watched *left = f->one.n_calls > 0 ? &f->one : &f->other;
    left->victim = NULL;
    wait_until(freed(&f->one) + freed(&f->other) == 1);
    g_assert_cmpuint(MIN(f->one.n_calls, f->other.n_calls), ==, 0);
    remove_handle(left);
    wait_until(freed(&f->one) == 1 && freed(&f->other) == 1);
}

/* Nothing is called for what a timer or a descriptor was ready for before it was changed. */
static gpointer
change(gpointer data)
{
    Fixture *f = data;
    remove_handle(&f->one);
    virEventUpdateHandle(f->other.id, 0);
    virEventUpdateTimeout(f->timer.id, -1);
    return NULL;
}

static void
test_changed_while_ready(Fixture *f, gconstpointer unused)
{
    watch(&f->one, WRITABLE);
    watch(&f->other, WRITABLE);
    set_timer(f, 0);
    g_assert_true(g_main_context_pending(NULL));
    g_thread_join(g_thread_new("changes", change, f));
    g_assert_cmpint(freed(&f->one), ==, 0);
    wait_until(freed(&f->one) == 1);
    settle();
    g_assert_cmpuint(f->one.n_calls + f->other.n_calls + f->timer.n_calls, ==, 0);
    remove_handle(&f->other);
    g_assert_cmpint(virEventRemoveTimeout(f->timer.id), ==, 0);
    wait_until(freed(&f->other) == 1 && freed(&f->timer) == 1);
}

/* What libvirt's client does during a call, on the thread of the call. */
static gpointer
make_call(gpointer data)
{
    Fixture *f = data;
    char byte;
    virEventUpdateHandle(f->one.id, 0);
    send_byte(&f->other);
    g_assert_cmpint(read(f->one.fd, &byte, 1), ==, 1);
    virEventUpdateTimeout(f->timer.id, 3600 * 1000);
    virEventUpdateHandle(f->one.id, READABLE);
    return NULL;
}

/* Another thread's call does not wake the main thread. */
static void
test_wakes_nobody(Fixture *f, gconstpointer unused)
{
    GMainContext *context = g_main_context_default();
    GPollFD fds[FDS_MAX];
    gint priority, timeout;
    watch(&f->one, READABLE);
    set_timer(f, 3600 * 1000);
    settle();

    g_assert_true(g_main_context_acquire(context));
    g_assert_false(g_main_context_prepare(context, &priority));
    gint n = g_main_context_query(context, G_MAXINT, &timeout, fds, FDS_MAX);
    g_assert_cmpint(n, <=, FDS_MAX);
    g_thread_join(g_thread_new("call", make_call, f));
    g_assert_cmpint(g_poll(fds, (guint)n, 0), ==, 0);
    g_assert_false(g_main_context_check(context, priority, fds, n));
    g_main_context_release(context);

    remove_handle(&f->one);
    g_assert_cmpint(virEventRemoveTimeout(f->timer.id), ==, 0);
    wait_until(freed(&f->one) == 1 && freed(&f->timer) == 1);
}

/* A timer of 0 is called all the time, one of -1 never, until it is updated. */
static void
test_timer(Fixture *f, gconstpointer unused)
{
    set_timer(f, -1);
    settle();
    g_assert_cmpuint(f->timer.n_calls, ==, 0);
    virEventUpdateTimeout(f->timer.id, 0);
    wait_until(f->timer.n_calls == 3);
    virEventUpdateTimeout(f->timer.id, 20);
    wait_until(f->timer.n_calls == 5);
    virEventUpdateTimeout(f->timer.id, 3600 * 1000);
    settle();
    g_assert_cmpuint(f->timer.n_calls, ==, 5);
    g_assert_cmpint(virEventRemoveTimeout(f->timer.id), ==, 0);
    wait_until(freed(&f->timer) == 1);
}

/* If a descriptor cannot be watched, its data stays the caller's. A watch that is gone cannot be removed again. */
static void
test_refused(Fixture *f, gconstpointer unused)
{
    int file = open(g_get_tmp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint(virEventAddHandle(file, READABLE, on_events, &f->other, on_free), ==, -1);
    close(file);
    watch(&f->one, READABLE);
    g_assert_cmpint(virEventAddHandle(f->one.fd, READABLE, on_events, &f->other, on_free), ==, -1);
    remove_handle(&f->one);
    virEventUpdateHandle(f->one.id, WRITABLE);
    g_assert_cmpint(virEventRemoveHandle(f->one.id), ==, -1);
    wait_until(freed(&f->one) == 1);
    settle();
    g_assert_cmpint(freed(&f->one), ==, 1);
    g_assert_cmpuint(f->one.n_calls, ==, 0);
    g_assert_cmpint(freed(&f->other), ==, 0);
}

static gpointer
set_timer_to_0(gpointer data)
{
    const Fixture *f = data;
    virEventUpdateTimeout(f->timer.id, 0);
    return NULL;
}

/* Another thread that sets a timer to a sooner time wakes the main thread. */
static void
test_sooner(Fixture *f, gconstpointer unused)
{
    set_timer(f, 3600 * 1000);
    settle();
    GThread *thread = g_thread_new("sooner", set_timer_to_0, f);
    wait_until(f->timer.n_calls > 0);
    g_thread_join(thread);
    g_assert_cmpint(virEventRemoveTimeout(f->timer.id), ==, 0);
    wait_until(freed(&f->timer) == 1);
}

/* Returns: the limit before */
static struct rlimit
limit_descriptors(rlim_t n)
{
    struct rlimit before;
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    const struct rlimit limit = { n, before.rlim_max };
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    return before;
}

/* Timers need no descriptors: libvirt would go on without the timer that it does not get. */
static void
test_timer_without_descriptors(Fixture *f, gconstpointer unused)
{
    struct rlimit before = limit_descriptors(0);
    set_timer(f, 0);
    limit_descriptors(before.rlim_cur);
    wait_until(f->timer.n_calls > 0);
    g_assert_cmpint(virEventRemoveTimeout(f->timer.id), ==, 0);
    wait_until(freed(&f->timer) == 1);
}

/* Before all other tests. */
static void
attach(void)
{
    g_autoptr(GError) error = NULL;
    struct rlimit before = limit_descriptors(0);
    g_assert_false(xpv_libvirt_loop_attach(&error));
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_MFILE);
    g_assert_true(g_str_has_prefix(error->message, "Cannot make libvirt's event loop: "));
    limit_descriptors(before.rlim_cur);
    g_clear_error(&error);
    g_assert_true(xpv_libvirt_loop_attach(&error));
    g_assert_no_error(error);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    main_thread = g_thread_self();
    attach();
#define ADD(name, function) g_test_add("/libvirt-loop/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("handle", test_handle);
    ADD("pause", test_pause);
    ADD("removes-itself", test_removes_itself);
    ADD("removes-other", test_removes_other);
    ADD("changed-while-ready", test_changed_while_ready);
    ADD("wakes-nobody", test_wakes_nobody);
    ADD("timer", test_timer);
    ADD("sooner", test_sooner);
    ADD("timer-without-descriptors", test_timer_without_descriptors);
    ADD("refused", test_refused);
    return g_test_run();
}
