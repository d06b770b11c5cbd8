/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs in a guest: flood SECONDS. For this time, it rewrites its report as fast as it can, and every ten seconds many
 * other keys in one transaction, so that their events come at once, however slow the guest is. Then it reports
 * FLOOD_COUNT-N, where N is how often it rewrote the report. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xenstore.h>

#define KEYS 200
#define BURST_SECONDS 10

static bool
put(struct xs_handle *store, xs_transaction_t transaction, const char *key, const char *format, unsigned long number)
{
    char value[64];
    int length = snprintf(value, sizeof value, format, number);

    return xs_write(store, transaction, key, value, (unsigned)length);
}

static bool
burst(struct xs_handle *store, unsigned long number)
{
    char key[64];
    xs_transaction_t transaction = xs_transaction_start(store);
    bool is_done = transaction != XBT_NULL;

    for (unsigned i = 0; is_done && i < KEYS; i++) {
        snprintf(key, sizeof key, "data/key-%u", i);
        is_done = put(store, transaction, key, "%lu", number);
    }
    return is_done && xs_transaction_end(store, transaction, false); /* it may conflict with another */
}

int
main(int argc, char **argv)
{
    struct xs_handle *store = xs_open(0);
    time_t now = time(NULL), next = now;
    time_t end = now + (argc == 2 ? atoi(argv[1]) : 0);
    unsigned long n = 0;

    if (!store)
        return 1;
    for (; now < end; now = time(NULL)) {
        if (now >= next && burst(store, n))
            next = now + BURST_SECONDS;
        n += put(store, XBT_NULL, "data/os_uname", "2.6.18-%lu.el5", n);
    }
    return put(store, XBT_NULL, "data/os_uname", "FLOOD_COUNT-%lu", n) ? 0 : 1;
}
