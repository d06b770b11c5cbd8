/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a running guest tells in xenstore, under /local/domain/<id>/:
 * - its kernel: data/xenpv-compat/kernel, from guest/xenpv-compat-report; else data/os_uname, from xe-guest-utilities
 * and xen-guest-agent (uname -r alone); else data/os/unix/kernel-version, from the latter's other schema;
 * - where it tells no kernel, its operating system: data/os_distro and data/os_majorver, from the same two agents and
 * from Windows' own;
 * - whether its para-virtualized drivers work: device/vbd/<n>/state and device/vif/<n>/state.
 * All of it is in the guest's hands. */
#pragma once

#include "common/system.h"
#include "common/words.h"
#include "daemon/xenstore/client.h"

typedef struct {
    char *report; /* NULL: none; owned. Any bytes but NUL, at most XPV_REPORT_MAX + 1 of them */
    XpvSystem system;
    XpvDrivers disk_drivers;
    XpvDrivers network_drivers;
} XpvGuestKeys;

/* xpv_guest_keys_read: blocks as xenstored does.
 * Returns: FALSE where xenstored gave no answer. */
gboolean xpv_guest_keys_read(XpvXenstore *xenstore, gint id, XpvGuestKeys *ret_keys) G_GNUC_WARN_UNUSED_RESULT;
void xpv_guest_keys_clear(XpvGuestKeys *keys);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(XpvGuestKeys, xpv_guest_keys_clear)

/* xpv_guest_keys_are_gone: whether nothing at all is left of the domain, as when it is torn down, which takes its time:
 * its run is over then, whenever libvirt says so. Blocks as xenstored does. */
gboolean xpv_guest_keys_are_gone(XpvXenstore *xenstore, gint id);

/* How many paths it takes to watch all of them. */
#define XPV_GUEST_KEYS_WATCHES 3

/* xpv_guest_keys_watch: watches them all, or no longer. Blocks as xenstored does. */
void xpv_guest_keys_watch(XpvXenstore *xenstore, gint id, const char *token);
void xpv_guest_keys_unwatch(XpvXenstore *xenstore, gint id, const char *token);

/* xpv_guest_keys_is_watched: whether it is one of the paths that are watched: each new watch begins with that, and what
 * is removed above it is told as it. */
gboolean xpv_guest_keys_is_watched(const char *path);

/* xpv_guest_keys_matter: whether what is told changes with that path. Neither allocates nor blocks. */
gboolean xpv_guest_keys_matter(const char *path);
