/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/alerts.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "common/key-file.h"

/* The longest wait for a bus that is slow to take the alerts. */
#define UNTOLD_MS 20

/* A run for which an alert was raised, or will be at once. */
typedef struct {
    char *name;
    gint id;
    gboolean cleared;
} Run;

struct _XpvAlerts {
    char *path;
    XpvPublisher *publisher;
    XpvRegistry *registry;
    const XpvHostState *host;
    gboolean has_begun;
    gboolean is_refreshed;
    gboolean cannot_write;
    GHashTable *runs; /* UUID, owned → Run, owned */
    GHashTable *due;  /* UUIDs, owned: those of `runs` whose alert is not sent yet */
    guint send_idle;
    guint commit_timer;
    gboolean is_written; /* the new file is written, but not renamed yet */
};

static void
run_free(gpointer data)
{
    Run *run = data;
    g_free(run->name);
    g_free(run);
}

static void
remember(XpvAlerts *alerts, const char *uuid, const char *name, gint id, gboolean cleared)
{
    Run *run = g_new0(Run, 1);
    run->name = g_strdup(name);
    run->id = id;
    run->cleared = cleared;
    g_hash_table_replace(alerts->runs, g_strdup(uuid), run);
}

/* The file: a group for each run, named by the domain's UUID. */

static gboolean
load(XpvAlerts *alerts, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = NULL;
    if (!xpv_key_file_load(file, alerts->path, G_KEY_FILE_NONE, &text, error))
        return FALSE;
    if (!g_utf8_validate(text, -1, NULL)) {
        g_set_error_literal(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_UNKNOWN_ENCODING, "it is not valid UTF-8");
        return FALSE;
    }
    g_auto(GStrv) uuids = g_key_file_get_groups(file, NULL);
    for (guint i = 0; uuids[i]; i++) {
        g_autoptr(GError) cause = NULL;
        g_autofree char *name = g_key_file_get_string(file, uuids[i], "name", &cause);
        gint id = cause ? -1 : g_key_file_get_integer(file, uuids[i], "id", &cause);
        gboolean cleared = cause ? FALSE : g_key_file_get_boolean(file, uuids[i], "cleared", &cause);
        if (cause) {
            g_propagate_error(error, g_steal_pointer(&cause));
            return FALSE;
        }
        remember(alerts, uuids[i], name, id, cleared);
    }
    return TRUE;
}

/* A broken file is not used at all: that only repeats alerts, while a wrong entry in it could suppress one. */
static void
set_aside(XpvAlerts *alerts, const GError *error)
{
    g_autofree char *aside = g_strconcat(alerts->path, ".corrupt", NULL);
    g_hash_table_remove_all(alerts->runs);
    (void)g_rename(alerts->path, aside);
    g_warning("Cannot read the saved alerts; renamed %s to %s, so alerts may repeat: %s", alerts->path, aside,
              error->message);
}

static char *
new_path(const XpvAlerts *alerts)
{
    return g_strconcat(alerts->path, ".new", NULL);
}

static void
warn_once(XpvAlerts *alerts, const char *why)
{
    if (!alerts->cannot_write)
        g_warning("Cannot save the alerts in %s, so a restart repeats them: %s", alerts->path, why);
    alerts->cannot_write = TRUE;
}

/* Writes the new file beside the present one. */
static void
write_new(XpvAlerts *alerts)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) error = NULL;
    GHashTableIter iter;
    gpointer uuid, value;

    g_hash_table_iter_init(&iter, alerts->runs);
    while (g_hash_table_iter_next(&iter, &uuid, &value)) {
        const Run *run = value;
        g_key_file_set_string(file, uuid, "name", run->name);
        g_key_file_set_integer(file, uuid, "id", run->id);
        g_key_file_set_boolean(file, uuid, "cleared", run->cleared);
    }
    gsize length;
    g_autofree char *text = g_key_file_to_data(file, &length, NULL);
    g_autofree char *path = new_path(alerts);
    (void)g_unlink(path); /* otherwise GLib overwrites it in place, and leaves the end of a longer file */
    alerts->is_written = g_file_set_contents_full(path, text, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600, &error);
    if (error)
        warn_once(alerts, error->message);
}

/* Renames the new file over the present one as soon as the bus has taken the alerts. */
static gboolean
commit(gpointer data)
{
    XpvAlerts *alerts = data;
    if (!xpv_publisher_is_told(alerts->publisher)) {
        if (alerts->commit_timer == 0)
            alerts->commit_timer = g_timeout_add(UNTOLD_MS, commit, alerts);
        return G_SOURCE_CONTINUE;
    }
    g_autofree char *path = new_path(alerts);
    if (alerts->is_written && g_rename(path, alerts->path) < 0)
        warn_once(alerts, g_strerror(errno));
    alerts->is_written = FALSE;
    g_clear_handle_id(&alerts->commit_timer, g_source_remove); /* it may be set when this is called directly */
    return G_SOURCE_REMOVE;
}

/* Messages. */

static void
log_alert(XpvAlerts *alerts, const XpvDomain *domain)
{
    g_autofree char *reasons = g_strjoinv(" ", (char **)domain->reasons);
    g_log_structured(
        G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID", XPV_MESSAGE_ID_INCOMPATIBLE, "XENPV_DOMAIN_NAME", domain->name,
        "XENPV_DOMAIN_UUID", domain->uuid, "XENPV_KERNEL", domain->kernel, "XENPV_KERNEL_SOURCE", domain->kernel_source,
        "XENPV_VERDICT", domain->verdict, "XENPV_REASONS", reasons, "XENPV_REMEDY", domain->remedy,
        "XENPV_HOST_ARCHITECTURE", xpv_host_state_get(alerts->host)->host_architecture, "MESSAGE",
        "Domain %s runs a kernel that is not supported with para-virtualized drivers on this host: %s %s%s%s",
        domain->name, domain->explanation, domain->consequence, *domain->consequence ? " " : "", domain->remedy);
}

/* @domain: (nullable) compatible now; NULL: the run has ended */
static void
clear(XpvAlerts *alerts, const char *uuid, Run *run, const XpvDomain *domain)
{
    g_autofree char *reasons = domain ? g_strjoinv(" ", (char **)domain->reasons) : g_strdup("");
    run->cleared = TRUE;
    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", XPV_MESSAGE_ID_CLEARED, "XENPV_DOMAIN_NAME",
                     run->name, "XENPV_DOMAIN_UUID", uuid, "XENPV_KERNEL", domain ? domain->kernel : "",
                     "XENPV_KERNEL_SOURCE", domain ? domain->kernel_source : "", "XENPV_VERDICT",
                     domain ? domain->verdict : "", "XENPV_REASONS", reasons, "XENPV_HOST_ARCHITECTURE",
                     xpv_host_state_get(alerts->host)->host_architecture, "MESSAGE",
                     "Domain %s no longer runs with an incompatible kernel: %s", run->name,
                     domain ? domain->explanation : "that run has ended.");
}

/* Sends all due alerts. The new file is written before, and put in place afterwards.
 * @before: (nullable) a domain as it was before the present change, when its alert became due */
static void
send_due(XpvAlerts *alerts, const XpvDomain *before)
{
    GHashTableIter iter;
    gpointer uuid;

    write_new(alerts);
    g_hash_table_iter_init(&iter, alerts->due);
    while (g_hash_table_iter_next(&iter, &uuid, NULL)) {
        const XpvDomain *domain =
            before && g_str_equal(before->uuid, uuid) ? before : xpv_registry_lookup(alerts->registry, uuid);
        xpv_publisher_alert(alerts->publisher, domain);
        log_alert(alerts, domain);
    }
    g_hash_table_remove_all(alerts->due);
    g_clear_handle_id(&alerts->send_idle, g_source_remove);
    commit(alerts);
}

static gboolean
on_idle(gpointer data)
{
    XpvAlerts *alerts = data;
    alerts->send_idle = 0;
    send_due(alerts, NULL);
    return G_SOURCE_REMOVE;
}

/* Writes one file for all changes in one turn of the main loop. */
static void
schedule(XpvAlerts *alerts)
{
    if (alerts->send_idle == 0)
        alerts->send_idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, alerts, NULL);
}

static void
end_run(XpvAlerts *alerts, const char *uuid)
{
    Run *run = g_hash_table_lookup(alerts->runs, uuid);
    if (!run->cleared)
        clear(alerts, uuid, run, NULL);
    g_hash_table_remove(alerts->runs, uuid);
    schedule(alerts);
}

static void
consider(XpvAlerts *alerts, const XpvDomain *domain)
{
    Run *run = g_hash_table_lookup(alerts->runs, domain->uuid);
    if (run && run->id != domain->id) {
        end_run(alerts, domain->uuid);
        run = NULL;
    }

    gboolean is_incompatible = g_str_equal(domain->verdict, xpv_verdict_to_word(XPV_VERDICT_INCOMPATIBLE));
    gboolean is_compatible = g_str_equal(domain->verdict, xpv_verdict_to_word(XPV_VERDICT_COMPATIBLE));
    if (!run && domain->id >= 0 && is_incompatible && !domain->acknowledged) {
        remember(alerts, domain->uuid, domain->name, domain->id, FALSE);
        g_hash_table_add(alerts->due, g_strdup(domain->uuid));
        schedule(alerts);
    } else if (run && !run->cleared && is_compatible) {
        clear(alerts, domain->uuid, run, domain);
        schedule(alerts);
    }
}

void
xpv_alerts_domain_changing(XpvAlerts *alerts, const XpvDomain *before)
{
    if (g_hash_table_contains(alerts->due, before->uuid))
        send_due(alerts, before);
}

void
xpv_alerts_domain_changed(XpvAlerts *alerts, const XpvDomain *before, const XpvDomain *after)
{
    if (!alerts->has_begun)
        return;
    if (after)
        consider(alerts, after);
    else if (g_hash_table_contains(alerts->runs, before->uuid))
        end_run(alerts, before->uuid);
}

void
xpv_alerts_begin(XpvAlerts *alerts)
{
    g_autoptr(GPtrArray) domains = xpv_registry_list(alerts->registry);
    alerts->has_begun = TRUE;
    for (guint i = 0; i < domains->len; i++)
        consider(alerts, domains->pdata[i]);
    if (alerts->is_refreshed)
        xpv_alerts_refreshed(alerts);
}

void
xpv_alerts_refreshed(XpvAlerts *alerts)
{
    alerts->is_refreshed = TRUE;
    if (!alerts->has_begun) /* if another process owns the bus name, the file is that process's, too */
        return;

    g_autoptr(GList) uuids = g_hash_table_get_keys(alerts->runs);
    for (GList *link = uuids; link; link = link->next) {
        if (!xpv_registry_lookup(alerts->registry, link->data))
            end_run(alerts, link->data);
    }
    if (alerts->send_idle != 0)
        send_due(alerts, NULL);
}

XpvAlerts *
xpv_alerts_new(const char *directory, XpvPublisher *publisher, XpvRegistry *registry, const XpvHostState *host)
{
    XpvAlerts *alerts = g_new0(XpvAlerts, 1);
    g_autoptr(GError) error = NULL;
    alerts->path = g_build_filename(directory, "alerts", NULL);
    alerts->publisher = publisher;
    alerts->registry = registry;
    alerts->host = host;
    alerts->runs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, run_free);
    alerts->due = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!load(alerts, &error) && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        set_aside(alerts, error);
    return alerts;
}

void
xpv_alerts_free(XpvAlerts *alerts)
{
    if (!alerts)
        return;
    if (alerts->send_idle != 0)
        send_due(alerts, NULL);
    g_clear_handle_id(&alerts->commit_timer, g_source_remove);
    g_hash_table_unref(alerts->runs);
    g_hash_table_unref(alerts->due);
    g_free(alerts->path);
    g_free(alerts);
}
