/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus/loop.h"

#include <poll.h>

/* Messages are served for this time, in microseconds, before other sources of the main loop have their turn. */
#define TURN_US (10 * 1000)

typedef struct {
    GSource head;
    sd_bus *bus;
    gpointer tag;
    int events; /* that the loop polls for */
    sd_bus_slot *filter;
    GQueue held;              /* of sd_bus_message, owned: calls that came while output waited */
    sd_bus_message *released; /* (nullable) the held call that sd-bus got back, and owns */
    void (*disconnected)(gpointer data);
    gpointer data;
} BusSource;

/* Whether the bus has not taken all output yet. Calls are held meanwhile: otherwise a client that asks for much and
 * reads nothing fills our memory with answers. sd-bus itself reads on. Before it is ready, it must read to be allowed
 * to write. */
static gboolean
is_full(const BusSource *bus_source)
{
    uint64_t n_queued = 0;
    return sd_bus_is_ready(bus_source->bus) > 0 && sd_bus_get_n_queued_write(bus_source->bus, &n_queued) >= 0 &&
           n_queued > 0;
}

static void
unref_message(gpointer message)
{
    sd_bus_message_unref(message);
}

static int
hold(sd_bus_message *message, void *data, sd_bus_error *error)
{
    BusSource *bus_source = data;
    if (message == bus_source->released) {
        bus_source->released = NULL;
        return 0;
    }
    if (sd_bus_message_is_method_call(message, NULL, NULL) <= 0 || !is_full(bus_source))
        return 0;
    g_queue_push_tail(&bus_source->held, sd_bus_message_ref(message));
    return 1;
}

/* Whether a held call can go on. */
static gboolean
can_release(BusSource *bus_source)
{
    return !bus_source->released && !g_queue_is_empty(&bus_source->held) && !is_full(bus_source);
}

/* sd-bus passes this call on before it reads the next one, so calls stay in order. */
static void
release(BusSource *bus_source)
{
    sd_bus_message *message = g_queue_pop_head(&bus_source->held);
    if (sd_bus_enqueue_for_read(bus_source->bus, message) >= 0)
        bus_source->released = message;
    sd_bus_message_unref(message);
}

static gboolean
prepare(GSource *source, gint *timeout)
{
    BusSource *bus_source = (BusSource *)source;
    uint64_t until;
    int events = sd_bus_get_events(bus_source->bus);

    *timeout = -1;
    if (events < 0 || can_release(bus_source))
        return TRUE; /* the dispatch gets the error */
    if (is_full(bus_source))
        events &= ~POLLIN;
    /* Only if they have changed: modifying a descriptor wakes the loop, and a loop that wakes itself spins. */
    if (events != bus_source->events) {
        g_source_modify_unix_fd(source, bus_source->tag, (GIOCondition)events);
        bus_source->events = events;
    }
    if (sd_bus_get_timeout(bus_source->bus, &until) < 0 || until == UINT64_MAX)
        return FALSE;
    gint64 wait = (gint64)until - g_get_monotonic_time();
    *timeout = wait <= 0 ? 0 : (gint)MIN(wait / 1000 + 1, G_MAXINT);
    return wait <= 0;
}

static gboolean
check(GSource *source)
{
    BusSource *bus_source = (BusSource *)source;
    uint64_t until;
    return g_source_query_unix_fd(source, bus_source->tag) != 0 ||
           (sd_bus_get_timeout(bus_source->bus, &until) >= 0 && until != UINT64_MAX &&
            (gint64)until <= g_get_monotonic_time());
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    BusSource *bus_source = (BusSource *)source;
    gint64 until = g_get_monotonic_time() + TURN_US;
    int result;
    do {
        if (can_release(bus_source))
            release(bus_source);
        result = sd_bus_process(bus_source->bus, NULL);
    } while (result > 0 && !is_full(bus_source) && g_get_monotonic_time() < until);
    if (result >= 0 && sd_bus_is_open(bus_source->bus) > 0)
        return G_SOURCE_CONTINUE;
    bus_source->disconnected(bus_source->data);
    return G_SOURCE_REMOVE;
}

static void
finalize(GSource *source)
{
    BusSource *bus_source = (BusSource *)source;
    sd_bus_slot_unref(bus_source->filter);
    g_queue_clear_full(&bus_source->held, unref_message);
    sd_bus_unref(bus_source->bus);
}

static GSourceFuncs functions = { .prepare = prepare, .check = check, .dispatch = dispatch, .finalize = finalize };

GSource *
xpv_bus_loop_attach(sd_bus *bus, void (*disconnected)(gpointer data), gpointer data)
{
    GSource *source = g_source_new(&functions, sizeof(BusSource));
    BusSource *bus_source = (BusSource *)source;
    bus_source->bus = sd_bus_ref(bus);
    bus_source->disconnected = disconnected;
    bus_source->data = data;
    bus_source->events = POLLIN;
    sd_bus_add_filter(bus, &bus_source->filter, hold, bus_source); /* it fails only without memory */
    bus_source->tag = g_source_add_unix_fd(source, sd_bus_get_fd(bus), G_IO_IN);
    g_source_set_name(source, "sd-bus");
    g_source_attach(source, NULL);
    return source;
}
