/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sd-bus on GLib's main loop, over a socket pair: queued messages are written, and the end of a connection is
 * reported. */
#include "daemon/bus/loop.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/loop.h"

#define INTERFACE "org.example.Test"

#define ANSWER_BYTES (128 * 1024)
#define BURN_US (20 * 1000)

typedef struct {
    sd_bus *bus;
    GSource *source;   /* NULL: this end does not read */
    guint n_signals;   /* received, in the order of their numbers */
    guint n_calls;     /* received, in the order of their numbers */
    uint64_t n_queued; /* the most messages that waited to be written when a call came */
    guint n_replies;
    int error; /* the last reply's */
    guint n_disconnected;
} End;

typedef struct {
    End ours, theirs;
} Fixture;

static void
on_disconnected(gpointer data)
{
    End *end = data;
    end->n_disconnected++;
}

static void
look_at(End *end)
{
    end->source = xpv_bus_loop_attach(end->bus, on_disconnected, end);
}

static void
look_away(End *end)
{
    if (end->source)
        g_source_destroy(end->source);
    g_clear_pointer(&end->source, g_source_unref);
}

static int
on_message(sd_bus_message *message, void *data, sd_bus_error *error)
{
    End *end = data;
    guint number;
    if (sd_bus_message_is_signal(message, INTERFACE, "Numbered") > 0) {
        g_assert_cmpint(sd_bus_message_read(message, "u", &number), >=, 0);
        g_assert_cmpuint(number, ==, end->n_signals);
        end->n_signals++;
    }
    if (sd_bus_message_is_method_call(message, INTERFACE, "Fill") > 0) {
        g_autofree char *ballast = g_strnfill(ANSWER_BYTES, 'x');
        uint64_t queued = 0;
        g_assert_cmpint(sd_bus_message_read(message, "u", &number), >=, 0);
        g_assert_cmpuint(number, ==, end->n_calls);
        end->n_calls++;
        g_assert_cmpint(sd_bus_get_n_queued_write(end->bus, &queued), >=, 0);
        end->n_queued = MAX(end->n_queued, queued);
        return sd_bus_reply_method_return(message, "s", ballast);
    }
    if (sd_bus_message_is_method_call(message, INTERFACE, "Burn") > 0) {
        gint64 until = g_get_monotonic_time() + BURN_US;
        while (g_get_monotonic_time() < until)
            ;
        end->n_calls++;
        return 1;
    }
    return 0;
}

static int
on_reply(sd_bus_message *reply, void *data, sd_bus_error *error)
{
    End *end = data;
    end->n_replies++;
    end->error = sd_bus_message_get_errno(reply);
    return 0;
}

static void
start_end(End *end, int fd, gboolean is_server)
{
    g_assert_cmpint(sd_bus_new(&end->bus), >=, 0);
    g_assert_cmpint(sd_bus_set_fd(end->bus, fd, fd), >=, 0);
    const sd_id128_t id = SD_ID128_MAKE(8a, 1f, 04, 5c, 3e, 77, 4b, 0d, 9b, 52, c6, 60, 1d, a9, ee, 31);
    if (is_server)
        g_assert_cmpint(sd_bus_set_server(end->bus, 1, id), >=, 0);
    g_assert_cmpint(sd_bus_add_filter(end->bus, NULL, on_message, end), >=, 0);
    g_assert_cmpint(sd_bus_start(end->bus), >=, 0);
    look_at(end);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    int sockets[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets), ==, 0);
    start_end(&f->ours, sockets[0], TRUE);
    start_end(&f->theirs, sockets[1], FALSE);
    wait_until(sd_bus_is_ready(f->ours.bus) > 0 && sd_bus_is_ready(f->theirs.bus) > 0);
    /* sd-bus asks for a buffer of 8 MiB, and as root it gets one: every message would be sent at once. */
    const int size = 16 * 1024;
    g_assert_cmpint(setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), ==, 0);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    look_away(&f->ours);
    look_away(&f->theirs);
    sd_bus_close_unref(f->ours.bus);
    sd_bus_close_unref(f->theirs.bus);
}

/* More messages than the socket holds, for a peer that does not read: they wait without cost and arrive in order. */
static void
test_slow_reader(Fixture *f, gconstpointer data)
{
    const guint n = 5000;
    g_autofree char *ballast = g_strnfill(4096, 'x');
    uint64_t queued = 0;
    look_away(&f->theirs);
    for (guint i = 0; i < n; i++)
        g_assert_cmpint(sd_bus_emit_signal(f->ours.bus, "/", INTERFACE, "Numbered", "us", i, ballast), >=, 0);
    settle(); /* returns only if the waiting messages do not keep the loop busy */
    g_assert_cmpint(sd_bus_get_n_queued_write(f->ours.bus, &queued), >=, 0);
    g_assert_cmpuint(queued, >, 0);

    look_at(&f->theirs);
    wait_until(f->theirs.n_signals == n);
    settle();
    g_assert_cmpint(sd_bus_get_n_queued_write(f->ours.bus, &queued), >=, 0);
    g_assert_cmpuint(queued, ==, 0);
}

static void
call(const End *end, const char *method, guint number)
{
    sd_bus_message *message = NULL;
    g_assert_cmpint(sd_bus_message_new_method_call(end->bus, &message, NULL, "/", INTERFACE, method), >=, 0);
    g_assert_cmpint(sd_bus_message_append(message, "u", number), >=, 0);
    g_assert_cmpint(sd_bus_call_async(end->bus, NULL, message, on_reply, (void *)end, UINT64_MAX), >=, 0);
    sd_bus_message_unref(message);
}

/* A peer makes many calls and reads no reply. Each call is handled only once the last reply is sent. All replies
 * arrive, in order. */
static void
test_asks_and_does_not_read(Fixture *f, gconstpointer data)
{
    const guint n = 100;
    for (guint i = 0; i < n; i++)
        call(&f->theirs, "Fill", i);
    look_away(&f->theirs);
    settle();
    int n_bytes = 0;
    g_assert_cmpint(ioctl(sd_bus_get_fd(f->ours.bus), FIONREAD, &n_bytes), ==, 0);
    g_assert_cmpint(n_bytes, >, 0); /* of calls that have not been read yet */
    g_assert_cmpuint(f->ours.n_calls, <, n);

    look_at(&f->theirs);
    wait_until(f->theirs.n_replies == n);
    g_assert_cmpint(f->theirs.error, ==, 0);
    g_assert_cmpuint(f->ours.n_calls, ==, n);
    g_assert_cmpuint(f->ours.n_queued, ==, 0);
    settle();
}

static gboolean
count_turn(gpointer data)
{
    guint *n_turns = data;
    (*n_turns)++;
    return G_SOURCE_CONTINUE;
}

/* Between slow calls, the other sources of the loop get their turns. */
static void
test_slow_calls(Fixture *f, gconstpointer data)
{
    const guint n = 10;
    guint n_turns = 0;
    for (guint i = 0; i < n; i++)
        call(&f->theirs, "Burn", i);
    look_away(&f->theirs);
    guint counter = g_idle_add_full(G_PRIORITY_DEFAULT, count_turn, &n_turns, NULL);
    wait_until(f->ours.n_calls == n);
    g_assert_cmpuint(n_turns, >=, n - 1);
    g_source_remove(counter);
}

/* sd-bus has a timeout at which it must be processed; nothing else wakes the loop then. */
static void
test_no_reply(Fixture *f, gconstpointer data)
{
    sd_bus_message *call = NULL;
    look_away(&f->theirs);
    g_assert_cmpint(sd_bus_message_new_method_call(f->ours.bus, &call, NULL, "/", INTERFACE, "Silent"), >=, 0);
    g_assert_cmpint(sd_bus_call_async(f->ours.bus, NULL, call, on_reply, &f->ours, 50 * 1000), >=, 0);
    sd_bus_message_unref(call);
    wait_until(f->ours.n_replies == 1);
    g_assert_cmpint(f->ours.error, ==, ETIMEDOUT);
    g_assert_cmpuint(f->ours.n_disconnected, ==, 0);
}

/* The end of the connection is reported once, and its source is destroyed. */
static void
expect_disconnected(const End *end)
{
    wait_until(end->n_disconnected > 0);
    settle();
    g_assert_cmpuint(end->n_disconnected, ==, 1);
    g_assert_true(g_source_is_destroyed(end->source));
}

static void
test_other_end_closed(Fixture *f, gconstpointer data)
{
    look_away(&f->theirs);
    sd_bus_close(f->theirs.bus);
    expect_disconnected(&f->ours);
}

/* sd-bus itself closes its end like this when it refuses a message. */
static void
test_this_end_closed(Fixture *f, gconstpointer data)
{
    sd_bus_close(f->ours.bus);
    expect_disconnected(&f->ours);
}

static void
add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    add("/bus-loop/slow-reader", test_slow_reader);
    add("/bus-loop/asks-and-does-not-read", test_asks_and_does_not_read);
    add("/bus-loop/slow-calls", test_slow_calls);
    add("/bus-loop/no-reply", test_no_reply);
    add("/bus-loop/other-end-closed", test_other_end_closed);
    add("/bus-loop/this-end-closed", test_this_end_closed);
    return g_test_run();
}
