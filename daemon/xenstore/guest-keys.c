/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/xenstore/guest-keys.h"

#include <string.h>

#include "common/report.h"
#include "common/text.h"

#define DOMAINS "/local/domain/"

/* Of each class, so many front ends are read at most. */
#define FRONT_ENDS_MAX 64

/* XenbusStateConnected */
#define STATE_CONNECTED "4"

/* In order of precedence. */
static const char *const report_keys[] = {
    "data/xenpv-compat/kernel",
    "data/os_uname",
    "data/os/unix/kernel-version",
};

#define KEY_DISTRIBUTION "data/os_distro"
#define KEY_MAJOR_VERSION "data/os_majorver"
static const char *const system_keys[] = { KEY_DISTRIBUTION, KEY_MAJOR_VERSION };

/* Both are cut to so many bytes; names have some 30. */
#define SYSTEM_MAX 256

/* /vm/UUID, which may have a number behind; and a time. */
#define VM_PATH_MAX 64
#define TIME_MAX 32

#define DISKS "device/vbd"
#define NETWORK_CARDS "device/vif"
static const char *const device_classes[] = { DISKS, NETWORK_CARDS };

static const char *const watched[] = { "data", DISKS, NETWORK_CARDS, NULL };
G_STATIC_ASSERT(G_N_ELEMENTS(watched) == XPV_GUEST_KEYS_WATCHES + 1);

/* Replaces NULs by another control character, so that the value is a string of the same length. Control characters are
 * dropped when the report is parsed, and the length tells whether the value is too long. */
static void
to_string(char *value, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (value[i] == '\0')
            value[i] = '\x01';
    }
}

static gboolean
is_blank(const char *text)
{
    g_autofree char *clean = xpv_text_clean(text, -1, 1);
    return *clean == '\0';
}

static gboolean
read_key(XpvXenstore *xenstore, gint id, const char *key, gsize max, char **ret_value)
{
    g_autofree char *path = g_strdup_printf(DOMAINS "%d/%s", id, key);
    gsize length = 0;
    if (!xpv_xenstore_read(xenstore, path, max, ret_value, &length))
        return FALSE;
    if (*ret_value)
        to_string(*ret_value, length);
    return TRUE;
}

static gboolean
read_report(XpvXenstore *xenstore, gint id, char **ret_report)
{
    for (guint i = 0; i < G_N_ELEMENTS(report_keys); i++) {
        g_autofree char *value = NULL;
        if (!read_key(xenstore, id, report_keys[i], XPV_REPORT_MAX + 1, &value))
            return FALSE;
        if (value && !is_blank(value)) {
            *ret_report = g_steal_pointer(&value);
            return TRUE;
        }
    }
    return TRUE;
}

static gboolean
read_system(XpvXenstore *xenstore, gint id, XpvSystem *ret_system)
{
    g_autofree char *name = NULL;
    g_autofree char *version = NULL;
    if (!read_key(xenstore, id, KEY_DISTRIBUTION, SYSTEM_MAX, &name))
        return FALSE;
    if (name && !read_key(xenstore, id, KEY_MAJOR_VERSION, SYSTEM_MAX, &version))
        return FALSE;
    *ret_system = xpv_system_from_name("The guest's agent", name, version);
    return TRUE;
}

/* The length of the number at the start of a path; 0: it does not start with a number. */
static gsize
number_length(const char *piece)
{
    gsize length = strspn(piece, "0123456789");
    return length <= 10 && (piece[length] == '\0' || piece[length] == '/') ? length : 0;
}

static gboolean
read_class(XpvXenstore *xenstore, gint id, const char *class, XpvDrivers *ret_drivers)
{
    g_autofree char *folder = g_strdup_printf(DOMAINS "%d/%s", id, class);
    g_auto(GStrv) names = NULL;
    if (!xpv_xenstore_list(xenstore, folder, FRONT_ENDS_MAX, &names))
        return FALSE;

    for (guint i = 0; names[i] && *ret_drivers != XPV_DRIVERS_ACTIVE; i++) {
        if (number_length(names[i]) == 0)
            continue;
        g_autofree char *path = g_strdup_printf("%s/%s/state", folder, names[i]);
        g_autofree char *state = NULL;
        gsize length = 0;
        if (!xpv_xenstore_read(xenstore, path, sizeof STATE_CONNECTED, &state, &length))
            return FALSE;
        if (state)
            *ret_drivers = g_str_equal(state, STATE_CONNECTED) ? XPV_DRIVERS_ACTIVE : XPV_DRIVERS_INACTIVE;
    }
    return TRUE;
}

/* libxl writes it with hundredths, xend as it comes. */
static gboolean
read_run_began(XpvXenstore *xenstore, gint id, gint64 *ret_began)
{
    g_autofree char *vm = NULL;
    g_autofree char *time = NULL;
    gsize length = 0;
    if (!read_key(xenstore, id, "vm", VM_PATH_MAX, &vm))
        return FALSE;
    if (!vm || !g_str_has_prefix(vm, "/vm/"))
        return TRUE;
    g_autofree char *path = g_strconcat(vm, "/start_time", NULL);
    if (!xpv_xenstore_read(xenstore, path, TIME_MAX, &time, &length))
        return FALSE;
    gint64 seconds = time ? g_ascii_strtoll(time, NULL, 10) : 0;
    *ret_began = MAX(seconds, 0);
    return TRUE;
}

gboolean
xpv_guest_keys_read(XpvXenstore *xenstore, gint id, XpvGuestKeys *ret_keys)
{
    g_auto(XpvGuestKeys) keys = { 0 };
    if (!read_report(xenstore, id, &keys.report))
        return FALSE;
    if (!keys.report && !read_system(xenstore, id, &keys.system))
        return FALSE;
    if (!read_class(xenstore, id, DISKS, &keys.disk_drivers) ||
        !read_class(xenstore, id, NETWORK_CARDS, &keys.network_drivers) ||
        !read_run_began(xenstore, id, &keys.run_began))
        return FALSE;
    *ret_keys = keys;
    keys.report = NULL;
    keys.system.name = NULL;
    return TRUE;
}

void
xpv_guest_keys_clear(XpvGuestKeys *keys)
{
    g_clear_pointer(&keys->report, g_free);
    xpv_system_clear(&keys->system);
}

gboolean
xpv_guest_keys_are_gone(XpvXenstore *xenstore, gint id)
{
    g_autofree char *path = g_strdup_printf(DOMAINS "%d", id);
    g_autofree char *value = NULL;
    gsize length = 0;
    return xpv_xenstore_read(xenstore, path, 0, &value, &length) && !value;
}

static void
for_each_watched(XpvXenstore *xenstore, gint id, const char *token,
                 void (*call)(XpvXenstore *xenstore, const char *path, const char *token))
{
    for (guint i = 0; watched[i]; i++) {
        g_autofree char *path = g_strdup_printf(DOMAINS "%d/%s", id, watched[i]);
        call(xenstore, path, token);
    }
}

void
xpv_guest_keys_watch(XpvXenstore *xenstore, gint id, const char *token)
{
    for_each_watched(xenstore, id, token, xpv_xenstore_watch);
}

void
xpv_guest_keys_unwatch(XpvXenstore *xenstore, gint id, const char *token)
{
    for_each_watched(xenstore, id, token, xpv_xenstore_unwatch);
}

/* The part after /local/domain/<id>/; NULL: it is another path. */
static const char *
within_domain(const char *path)
{
    if (!g_str_has_prefix(path, DOMAINS))
        return NULL;
    path += strlen(DOMAINS);
    gsize length = number_length(path);
    return length > 0 && path[length] == '/' ? path + length + 1 : NULL;
}

gboolean
xpv_guest_keys_is_watched(const char *path)
{
    const char *key = within_domain(path);
    return key && g_strv_contains(watched, key);
}

static gboolean
is_at_or_above(const char *path, const char *key)
{
    gsize length = strlen(path);
    return strncmp(path, key, length) == 0 && (key[length] == '\0' || key[length] == '/');
}

/* Whether the part after a class is a whole front end, or its state. */
static gboolean
is_front_end(const char *rest)
{
    if (*rest == '\0')
        return TRUE;
    if (*rest++ != '/')
        return FALSE;
    gsize length = number_length(rest);
    return length > 0 && (rest[length] == '\0' || g_str_equal(rest + length, "/state"));
}

gboolean
xpv_guest_keys_matter(const char *path)
{
    const char *key = within_domain(path);
    if (!key)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(report_keys); i++) {
        if (is_at_or_above(key, report_keys[i]))
            return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(system_keys); i++) {
        if (is_at_or_above(key, system_keys[i]))
            return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(device_classes); i++) {
        if (g_str_has_prefix(key, device_classes[i]) && is_front_end(key + strlen(device_classes[i])))
            return TRUE;
    }
    return FALSE;
}
