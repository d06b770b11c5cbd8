/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits in the main loop for a condition. Nothing sleeps. */
#pragma once

#include <glib.h>

/* Far above any real time; only a failing test waits as long. */
#define WAIT_SECONDS 60

static inline gboolean
waited_in_vain(gpointer what)
{
    g_error("waited %d s in vain for %s", WAIT_SECONDS, (const char *)what);
    return G_SOURCE_REMOVE;
}

/* wait_until: runs the main loop until an expression is true. Another thread that makes it true must wake the loop. */
#define wait_until(expression)                                                                                         \
    G_STMT_START                                                                                                       \
    {                                                                                                                  \
        guint wait_timer = g_timeout_add_seconds(WAIT_SECONDS, waited_in_vain, (gpointer) #expression);                \
        while (!(expression))                                                                                          \
            g_main_context_iteration(NULL, TRUE);                                                                      \
        g_source_remove(wait_timer);                                                                                   \
    }                                                                                                                  \
    G_STMT_END

/* settle: runs the main loop until it has nothing to do at once. */
static inline void
settle(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        continue;
}

static inline gboolean
pass(gpointer data)
{
    gboolean *has_passed = data;
    *has_passed = TRUE;
    return G_SOURCE_REMOVE;
}

/* let_pass: runs the main loop for that time, to test what time alone causes. */
static inline void
let_pass(guint ms)
{
    gboolean has_passed = FALSE;
    g_timeout_add(ms, pass, &has_passed);
    wait_until(has_passed);
}
