/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “file”: kernels.conf, read again whenever it changes. */
#include <gio/gio.h>

#include "common/kernels-conf.h"
#include "common/key-file.h"
#include "daemon/reports/reports.h"

#define KERNELS XPV_KERNELS_CONF_KERNELS
#define ACKNOWLEDGED XPV_KERNELS_CONF_ACKNOWLEDGED

/* If the file is written but not closed, or is away, it is read after this time without an event. GLib waits as long
 * for the next write. */
#define QUIET_MS 2000

typedef struct {
    GFile *folder;
    char *path;
    void (*changed)(const char *uuid, gpointer data);
    gpointer data;
    GKeyFile *keys;
    GFileMonitor *monitor; /* (nullable) of the folder, as the file may appear, go, and be replaced */
    guint read_timer;
} File;

/* Warns of entries that are wrong and would be ignored silently. */
static void
check(const File *file, GKeyFile *keys)
{
    g_auto(GStrv) groups = g_key_file_get_groups(keys, NULL);
    for (guint i = 0; groups[i]; i++) {
        if (!g_str_equal(groups[i], KERNELS) && !g_str_equal(groups[i], ACKNOWLEDGED))
            g_warning("%s: there is no group [%s]; the groups are [" KERNELS "] and [" ACKNOWLEDGED "]", file->path,
                      groups[i]);
    }
    g_auto(GStrv) domains = g_key_file_get_keys(keys, ACKNOWLEDGED, NULL, NULL);
    for (guint i = 0; domains && domains[i]; i++) {
        g_autoptr(GError) error = NULL;
        g_key_file_get_boolean(keys, ACKNOWLEDGED, domains[i], &error);
        if (error)
            g_warning("%s: group [" ACKNOWLEDGED "], %s is neither true nor false: %s", file->path, domains[i],
                      error->message);
    }
}

/* A broken file changes nothing. */
static void
load(File *file)
{
    g_autoptr(GKeyFile) keys = g_key_file_new();
    g_autoptr(GError) error = NULL;
    if (!xpv_key_file_load(keys, file->path, G_KEY_FILE_NONE, NULL, &error) &&
        !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_warning("Cannot read %s, keeping its previous contents: %s", file->path, error->message);
        return;
    }
    check(file, keys);
    g_key_file_unref(file->keys);
    file->keys = g_steal_pointer(&keys);
}

static gboolean
on_read_timer(gpointer data)
{
    File *file = data;
    file->read_timer = 0;
    load(file);
    file->changed(NULL, file->data);
    return G_SOURCE_REMOVE;
}

/* An event of the folder itself counts, too: it may have been replaced. */
static gboolean
is_ours(const File *file, GFile *changed)
{
    g_autofree char *name = changed ? g_file_get_basename(changed) : NULL;
    return name && (g_str_equal(name, XPV_KERNELS_CONF) || g_file_equal(changed, file->folder));
}

/* The file is not read while it is written: it may still be empty, or an editor may be replacing it, and a missing
 * acknowledgement raises an alert. */
static void
on_folder_changed(GFileMonitor *monitor, GFile *changed, GFile *other, GFileMonitorEvent event, gpointer data)
{
    File *file = data;
    if (!is_ours(file, changed) && !is_ours(file, other))
        return;
    g_clear_handle_id(&file->read_timer, g_source_remove);
    gboolean is_written = event == G_FILE_MONITOR_EVENT_CHANGES_DONE_HINT || event == G_FILE_MONITOR_EVENT_MOVED_IN ||
                          is_ours(file, other);
    file->read_timer = g_timeout_add(is_written ? 0 : QUIET_MS, on_read_timer, file);
}

/* If the folder is missing, there is nothing to watch, and GLib would poll. */
static void
watch(File *file)
{
    const char *path = g_file_peek_path(file->folder);
    g_autoptr(GError) error = NULL;
    if (file->monitor || !g_file_test(path, G_FILE_TEST_IS_DIR))
        return;
    file->monitor = g_file_monitor_directory(file->folder, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);
    if (!file->monitor) {
        g_warning("Cannot watch %s for changes: %s", path, error->message);
        return;
    }
    g_signal_connect(file->monitor, "changed", G_CALLBACK(on_folder_changed), file);
}

static void
reload(gpointer self)
{
    File *file = self;
    watch(file);
    load(file);
}

static gpointer
start(const XpvReportContext *context)
{
    File *file = g_new0(File, 1);
    g_autofree char *directory = g_path_get_dirname(context->config_path);
    file->folder = g_file_new_for_path(directory);
    file->path = xpv_kernels_conf_path(context->config_path);
    file->changed = context->changed;
    file->data = context->data;
    file->keys = g_key_file_new();
    reload(file);
    return file;
}

static void
stop(gpointer self)
{
    File *file = self;
    g_clear_handle_id(&file->read_timer, g_source_remove);
    if (file->monitor)
        g_signal_handlers_disconnect_by_data(file->monitor, file);
    g_clear_object(&file->monitor);
    g_key_file_unref(file->keys);
    g_object_unref(file->folder);
    g_free(file->path);
    g_free(file);
}

static void
ask(gpointer self, const XpvDomainXml *xml, XpvReported *reported)
{
    const File *file = self;
    g_autofree char *report = xpv_kernels_conf_report(file->keys, xml);
    xpv_reported_add(reported, report);
    reported->acknowledged = reported->acknowledged || xpv_kernels_conf_acknowledges(file->keys, xml);
}

const XpvReportSource xpv_report_file = {
    .start = start,
    .stop = stop,
    .reload = reload,
    .ask = ask,
};
