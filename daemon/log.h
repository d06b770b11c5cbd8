/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log: with all fields to the journal where standard error leads there, else as text to standard error.
 *
 * Levels and targets are in the words of org.freedesktop.LogControl1: emerg, alert, crit, err, warning, notice, info
 * and debug; journal and console, which is standard error. */
#pragma once

#include <glib.h>

#define XPV_LOG_IDENTIFIER "xenpv-compatd"

/* xpv_log_init: takes over GLib's log; once, before anything is logged. The level is that of the environment's
 * SYSTEMD_LOG_LEVEL, else info. What libraries log at info and debug is dropped, whatever the level, but for those that
 * GLib's own G_MESSAGES_DEBUG names. */
void xpv_log_init(void);

const char *xpv_log_get_level(void);

/* xpv_log_set_level: from now on drops what is less urgent.
 * Returns: FALSE, and nothing changes, for a word that is no level. */
gboolean xpv_log_set_level(const char *word);

const char *xpv_log_get_target(void);

/* xpv_log_set_target: Returns: FALSE, and nothing changes, for a word that is no target. */
gboolean xpv_log_set_target(const char *word);
