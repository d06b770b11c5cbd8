/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waits in the main loop for a condition, without sleeping. */
#pragma once

#include <glib.h>

/* Longer than anything takes; only a failing test waits that long. */
#define WAIT_SECONDS 60

static inline gboolean
waited_in_vain(gpointer what)
{
    g_error("waited %d s in vain for %s", WAIT_SECONDS, (const char *)what);
    return G_SOURCE_REMOVE;
}

/* wait_until: runs the main loop until an expression is true. If another thread makes it true, that thread must wake
 * the loop. */
#define wait_until(expression)                                                                                         \
    G_STMT_START                                                                                                       \
    {                                                                                                                  \
        guint wait_timer = g_timeout_add_seconds(WAIT_SECONDS, waited_in_vain, (gpointer) #expression);                \
        while (!(expression))                                                                                          \
            g_main_context_iteration(NULL, TRUE);                                                                      \
        g_source_remove(wait_timer);                                                                                   \
    }                                                                                                                  \
    G_STMT_END

/* settle: runs the main loop until nothing is left to do at once. */
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

/* let_pass: runs the main loop for that long, to test effects of time alone. */
static inline void
let_pass(guint ms)
{
    gboolean has_passed = FALSE;
    g_timeout_add(ms, pass, &has_passed);
    wait_until(has_passed);
}
