/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of a running guest in xenstore, below /local/domain/<id>/:
 * - its kernel: data/xenpv-compat/kernel, from guest/xenpv-compat-report; else data/os_uname, from xe-guest-utilities
 * and xen-guest-agent (uname -r alone); else data/os/unix/kernel-version, from the latter's other schema;
 * - if there is no kernel, its operating system: data/os_distro and data/os_majorver, from the same two agents and
 * from Windows' own;
 * - whether its para-virtualized drivers work: device/vbd/<n>/state and device/vif/<n>/state.
 * The guest controls all of them. The host writes when the run began: start_time, below the path in the key “vm”. */
#pragma once

#include "common/system.h"
#include "common/words.h"
#include "daemon/xenstore/client.h"

typedef struct {
    char *report; /* NULL: none; owned. Any bytes but NUL, at most XPV_REPORT_MAX + 1 of them */
    XpvSystem system;
    XpvDrivers disk_drivers;
    XpvDrivers network_drivers;
    gint64 run_began; /* seconds since the epoch; 0: not known */
} XpvGuestKeys;

/* xpv_guest_keys_read: blocks while xenstored does not answer.
 * Returns: FALSE if xenstored gave no answer. */
gboolean xpv_guest_keys_read(XpvXenstore *xenstore, gint id, XpvGuestKeys *ret_keys) G_GNUC_WARN_UNUSED_RESULT;
void xpv_guest_keys_clear(XpvGuestKeys *keys);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XpvGuestKeys, xpv_guest_keys_clear)

/* xpv_guest_keys_are_gone: whether no key of the domain is left. Its run is over then, even if libvirt says so later.
 * Blocks as above. */
gboolean xpv_guest_keys_are_gone(XpvXenstore *xenstore, gint id);

/* The number of watched paths. */
#define XPV_GUEST_KEYS_WATCHES 3

/* xpv_guest_keys_watch: watches these paths, or no longer. Blocks as above. */
void xpv_guest_keys_watch(XpvXenstore *xenstore, gint id, const char *token);
void xpv_guest_keys_unwatch(XpvXenstore *xenstore, gint id, const char *token);

/* xpv_guest_keys_is_watched: whether the path of an event is a watched path itself. xenstored sends such an event when
 * the watch is new, and when a parent of the path is removed. */
gboolean xpv_guest_keys_is_watched(const char *path);

/* xpv_guest_keys_matter: whether the keys depend on that path. Neither allocates nor blocks. */
gboolean xpv_guest_keys_matter(const char *path);
