/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log: to the journal, with all fields, if standard error leads there, else to standard error as text.
 *
 * Levels and targets are in the words of org.freedesktop.LogControl1: emerg, alert, crit, err, warning, notice, info
 * and debug; journal and console, which is standard error. */
#pragma once

#include <glib.h>

#define XPV_LOG_IDENTIFIER "xenpv-compatd"

/* xpv_log_init: takes over GLib's log; once, before anything is logged. The level is that of the environment's
 * SYSTEMD_LOG_LEVEL, else info. Messages of libraries at info and debug are always dropped, except for libraries that
 * GLib's own G_MESSAGES_DEBUG names. */
void xpv_log_init(void);

const char *xpv_log_get_level(void);

/* xpv_log_set_level: from now on, drops messages that are less urgent.
 * Returns: FALSE if the word is not a level; nothing changes then. */
gboolean xpv_log_set_level(const char *word);

const char *xpv_log_get_target(void);

/* xpv_log_set_target: Returns: FALSE if the word is not a target; nothing changes then. */
gboolean xpv_log_set_target(const char *word);
