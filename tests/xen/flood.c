/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In a guest: flood SECONDS. Rewrites the report as fast as it can for so long; then reports FLOOD_COUNT-N, N being how
 * often it wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xenstore.h>

static bool
report(struct xs_handle *store, const char *format, unsigned long number)
{
    char value[64];
    int length = snprintf(value, sizeof value, format, number);

    return xs_write(store, XBT_NULL, "data/os_uname", value, (unsigned)length);
}

int
main(int argc, char **argv)
{
    struct xs_handle *store = xs_open(0);
    time_t end = time(NULL) + (argc == 2 ? atoi(argv[1]) : 0);
    unsigned long n = 0;

    if (!store)
        return 1;
    while (time(NULL) < end)
        if (!report(store, "2.6.18-%lu.el5", n++))
            return 1;
    return report(store, "FLOOD_COUNT-%lu", n) ? 0 : 1;
}
