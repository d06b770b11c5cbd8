/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times a service on the bus, as a client on sd-bus that does nothing else, so that only the service counts.
 *
 *   probe call COUNT NAME PATH INTERFACE METHOD [STRING…]  from each call until its answer has arrived
 *   probe walk COUNT                                       of libvirt-dbus: its list of domains, and GetAll of each
 *   probe events COUNT URI UUID MATCH                      from the start of a call of libvirt that pauses or resumes
 *                                                          the domain to the signal that matches
 * Prints microseconds, one line each. The bus is that of DBUS_SYSTEM_BUS_ADDRESS. */
#include <err.h>
#include <errno.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#define TIMEOUT_US (60 * UINT64_C(1000000))

/* Longer than the daemon rests from a domain that has just changed twice, as it has for a service that was stopped. */
#define REST_MS 900

/* The target of a call: name, path, interface and method. */
typedef const char *Target[4];

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void
check(int result, const char *what, const char *why)
{
    if (result >= 0)
        return;
    if (why)
        errx(EXIT_FAILURE, "%s: %s", what, why);
    errno = -result;
    err(EXIT_FAILURE, "%s", what);
}

static sd_bus_message *
new_call(sd_bus *bus, const Target target)
{
    sd_bus_message *call = NULL;
    check(sd_bus_message_new_method_call(bus, &call, target[0], target[1], target[2], target[3]), target[3], NULL);
    return call;
}

/* Takes over @call. Returns: (transfer full) the answer */
static sd_bus_message *
send_call(sd_bus *bus, sd_bus_message *call)
{
    sd_bus_message *reply = NULL;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int result = sd_bus_call(bus, call, TIMEOUT_US, &error, &reply);
    check(result, sd_bus_message_get_member(call), error.message);
    sd_bus_message_unref(call);
    return reply;
}

static void
call_with_strings(sd_bus *bus, const Target target, const char *const *strings)
{
    sd_bus_message *call = new_call(bus, target);
    for (; *strings; strings++)
        check(sd_bus_message_append(call, "s", *strings), target[3], NULL);
    sd_bus_message_unref(send_call(bus, call));
}

static void
walk(sd_bus *bus)
{
    static const Target list = { "org.libvirt", "/org/libvirt/Test", "org.libvirt.Connect", "ListDomains" };
    static const char *const interface[] = { "org.libvirt.Domain", NULL };
    sd_bus_message *call = new_call(bus, list);
    check(sd_bus_message_append(call, "u", 0), list[3], NULL);
    sd_bus_message *domains = send_call(bus, call);
    Target get = { "org.libvirt", NULL, "org.freedesktop.DBus.Properties", "GetAll" };
    check(sd_bus_message_enter_container(domains, 'a', "o"), list[3], NULL);
    while (sd_bus_message_read(domains, "o", &get[1]) > 0)
        call_with_strings(bus, get, interface);
    sd_bus_message_unref(domains);
}

static int
on_signal(sd_bus_message *signal, void *data, sd_bus_error *error)
{
    *(int *)data = 1;
    return 1;
}

static void
time_events(sd_bus *bus, unsigned long count, const char *const *arguments)
{
    int is_told = 0;
    virConnectPtr connection = virConnectOpen(arguments[0]);
    virDomainPtr domain = connection ? virDomainLookupByUUIDString(connection, arguments[1]) : NULL;
    check(domain ? 0 : -1, arguments[0], virGetLastErrorMessage());
    check(sd_bus_add_match(bus, NULL, arguments[2], on_signal, &is_told), arguments[2], NULL);
    for (unsigned long i = 0; i < count; i++) {
        nanosleep(&(struct timespec){ .tv_nsec = REST_MS * 1000000L }, NULL);
        is_told = 0;
        double began = now();
        check(i % 2 ? virDomainResume(domain) : virDomainSuspend(domain), arguments[1], virGetLastErrorMessage());
        while (!is_told) {
            int result = sd_bus_process(bus, NULL);
            check(result, arguments[2], NULL);
            if (result == 0)
                check(sd_bus_wait(bus, TIMEOUT_US), arguments[2], NULL);
        }
        printf("%.1f\n", now() - began);
    }
    virDomainFree(domain);
    virConnectClose(connection);
}

int
main(int argc, char **argv)
{
    sd_bus *bus = NULL;
    const char *verb = argc > 2 ? argv[1] : "";
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    const char *const *arguments = (const char *const *)argv + 3;

    check(sd_bus_open_system(&bus), "the bus", NULL);
    if (strcmp(verb, "events") == 0 && argc == 6)
        time_events(bus, count, arguments);
    for (unsigned long i = 0; i < count && strcmp(verb, "events") != 0; i++) {
        double began = now();
        if (strcmp(verb, "call") == 0 && argc >= 7)
            call_with_strings(bus, arguments, arguments + 4);
        else if (strcmp(verb, "walk") == 0)
            walk(bus);
        else
            check(-1, verb, "no such verb, or not so many arguments");
        printf("%.1f\n", now() - began);
    }
    sd_bus_close_unref(bus);
    return EXIT_SUCCESS;
}
