/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-loop.h"

#include <poll.h>

/* How many messages are served before other sources of the loop have their turn. */
#define MESSAGES_PER_TURN 32

typedef struct {
    GSource head;
    sd_bus *bus;
    gpointer tag;
    int events; /* that are polled for */
    void (*disconnected)(gpointer data);
    gpointer data;
} BusSource;

static gboolean
prepare(GSource *source, gint *timeout)
{
    BusSource *bus_source = (BusSource *)source;
    uint64_t until;
    int events = sd_bus_get_events(bus_source->bus);

    *timeout = -1;
    if (events < 0)
        return TRUE; /* dispatch finds out what is wrong */
    /* Only when they change: modifying a descriptor wakes the loop, and a loop that wakes itself spins. */
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
    int result = 1;
    for (guint i = 0; result > 0 && i < MESSAGES_PER_TURN; i++)
        result = sd_bus_process(bus_source->bus, NULL);
    if (result >= 0 && sd_bus_is_open(bus_source->bus) > 0)
        return G_SOURCE_CONTINUE;
    bus_source->disconnected(bus_source->data);
    return G_SOURCE_REMOVE;
}

static void
finalize(GSource *source)
{
    sd_bus_unref(((BusSource *)source)->bus);
}

static GSourceFuncs functions = { prepare, check, dispatch, finalize, NULL, NULL };

GSource *
xpv_bus_loop_attach(sd_bus *bus, void (*disconnected)(gpointer data), gpointer data)
{
    GSource *source = g_source_new(&functions, sizeof(BusSource));
    BusSource *bus_source = (BusSource *)source;
    bus_source->bus = sd_bus_ref(bus);
    bus_source->disconnected = disconnected;
    bus_source->data = data;
    bus_source->events = POLLIN;
    bus_source->tag = g_source_add_unix_fd(source, sd_bus_get_fd(bus), G_IO_IN);
    g_source_set_name(source, "sd-bus");
    g_source_attach(source, NULL);
    return source;
}
