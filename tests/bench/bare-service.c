/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service on sd-bus that does the least to answer GetManagedObjects. It asks xenpv-compatd once and takes the answer
 * apart; then it answers callers of org.xenpv.Bench by appending the same pieces in the same order, without lookups. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define MANAGED_OBJECTS "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"
#define TIMEOUT_US (60 * UINT64_C(1000000))

/* A step of writing the answer: it opens or closes a container, or appends a basic value. */
typedef struct {
    char type; /* 0: closes the container */
    char *contents;
    union {
        char *string;
        uint64_t number;
    } value;
} Step;

static Step *steps;
static size_t n_steps;

static void
check(int result, const char *what)
{
    errno = -result;
    if (result < 0)
        err(EXIT_FAILURE, "%s", what);
}

static Step *
add_step(char type, const char *contents)
{
    if (n_steps % 4096 == 0)
        steps = realloc(steps, (n_steps + 4096) * sizeof *steps);
    Step *step = &steps[n_steps++];
    *step = (Step){ .type = type, .contents = contents ? strdup(contents) : NULL };
    return step;
}

static int
is_container(char type)
{
    return strchr("aver", type) != NULL;
}

static int
is_string(char type)
{
    return strchr("sog", type) != NULL;
}

static void
take_apart(sd_bus_message *message) /* NOLINT(misc-no-recursion): only as deep as the message's type */
{
    char type;
    const char *contents;
    while (sd_bus_message_peek_type(message, &type, &contents) > 0) {
        Step *step = add_step(type, contents);
        if (is_container(type)) {
            check(sd_bus_message_enter_container(message, type, contents), "cannot read the answer");
            take_apart(message);
            check(sd_bus_message_exit_container(message), "cannot read the answer");
            add_step(0, NULL);
            continue;
        }
        check(sd_bus_message_read_basic(message, type, &step->value), "cannot read the answer");
        if (is_string(type))
            step->value.string = strdup(step->value.string);
    }
}

static int
answer(sd_bus_message *call, void *data, sd_bus_error *error)
{
    sd_bus_message *reply = NULL;
    if (!sd_bus_message_is_method_call(call, MANAGED_OBJECTS))
        return 0;
    check(sd_bus_message_new_method_return(call, &reply), "cannot answer");
    for (size_t i = 0; i < n_steps; i++) {
        const Step *step = &steps[i];
        if (step->type == 0)
            check(sd_bus_message_close_container(reply), "cannot answer");
        else if (is_container(step->type))
            check(sd_bus_message_open_container(reply, step->type, step->contents), "cannot answer");
        else
            check(sd_bus_message_append_basic(reply, step->type,
                                              is_string(step->type) ? (const void *)step->value.string
                                                                    : &step->value.number),
                  "cannot answer");
    }
    check(sd_bus_send(NULL, reply, NULL), "cannot answer");
    sd_bus_message_unref(reply);
    return 1;
}

int
main(void)
{
    sd_bus *bus = NULL;
    sd_bus_message *call = NULL, *reply = NULL;
    check(sd_bus_open_system(&bus), "the bus");
    check(sd_bus_message_new_method_call(bus, &call, "org.xenpv.Compat1", "/org/xenpv/Compat1", MANAGED_OBJECTS),
          "cannot ask xenpv-compatd");
    check(sd_bus_call(bus, call, TIMEOUT_US, NULL, &reply), "cannot ask xenpv-compatd");
    take_apart(reply);
    sd_bus_message_unref(reply);
    sd_bus_message_unref(call);
    check(sd_bus_add_object(bus, NULL, "/org/xenpv/Compat1", answer, NULL), "cannot answer");
    check(sd_bus_request_name(bus, "org.xenpv.Bench", 0), "cannot own org.xenpv.Bench");
    for (;;) {
        int result = sd_bus_process(bus, NULL);
        check(result, "the bus");
        if (result == 0)
            check(sd_bus_wait(bus, UINT64_MAX), "the bus");
    }
}
