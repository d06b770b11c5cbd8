/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager.h"

#include "common/ssh-source.h"
#include "daemon/alerts.h"
#include "daemon/bus/publisher.h"
#include "daemon/libvirt/watcher.h"

/* The bus name is acquired after this time, even if the first refresh is not over. */
#define NAME_SECONDS 10

struct _XpvManager {
    XpvConfig *config;
    const XpvManagerListener *listener;
    gpointer data;
    XpvHostState *host;
    XpvReports *reports;
    XpvRegistry *registry;
    XpvPublisher *publisher;
    XpvAlerts *alerts;
    XpvWatcher *watcher;
    guint name_timer;
    guint counts_idle;
    gboolean is_whole; /* the last list was whole */
    guint64 refreshed; /* a refresh that is over, except for the guests' first reports; 0: none */
    char *last_error;  /* the last that was logged while not connected */
};

static void
on_host_changed(const XpvHostProperties *before, const XpvHostProperties *after, gpointer data)
{
    XpvManager *manager = data;
    xpv_publisher_host_changed(manager->publisher, before, after);
    manager->listener->changed(after, manager->data);
}

static gboolean
count(gpointer data)
{
    XpvManager *manager = data;
    g_clear_handle_id(&manager->counts_idle, g_source_remove);
    xpv_host_state_set_counts(manager->host, xpv_registry_get_counts(manager->registry));
    return G_SOURCE_REMOVE;
}

/* Judges all domains by the host's facts, which may have changed. */
static void
judge_anew(XpvManager *manager)
{
    XpvHost facts;
    xpv_host_properties_get_facts(xpv_host_state_get(manager->host), &facts);
    xpv_registry_set_host(manager->registry, &facts);
}

static void
on_domain_changed(const XpvDomain *before, const XpvDomain *after, gpointer data)
{
    XpvManager *manager = data;
    if (after)
        g_debug("Domain %s: %s, id %d, kernel “%s”, %s", after->name, after->state, after->id, after->kernel,
                after->verdict);
    else
        g_debug("Domain %s is gone", before->name);
    if (before)
        xpv_alerts_domain_changing(manager->alerts, before);
    xpv_publisher_domain_changed(manager->publisher, before, after);
    xpv_alerts_domain_changed(manager->alerts, before, after);
    /* Called once for all domains that change in one turn of the main loop. */
    if (manager->counts_idle == 0)
        manager->counts_idle = g_idle_add_full(G_PRIORITY_DEFAULT, count, manager, NULL);
}

static void
on_report_changed(const char *uuid, gpointer data)
{
    XpvManager *manager = data;
    xpv_registry_judge(manager->registry, uuid);
}

static void
on_disks_read(gboolean disks_read, gpointer data)
{
    XpvManager *manager = data;
    xpv_host_state_set_disks_read(manager->host, disks_read);
}

static void
set_connected(XpvManager *manager, gboolean connected)
{
    const XpvHostProperties *host = xpv_host_state_get(manager->host);
    if (host->connected == connected)
        return;
    xpv_host_state_set_connected(manager->host, connected);
    if (!connected)
        return;
    g_message("Connected to libvirt at %s: %s, %s host kernel", host->uri, host->hypervisor,
              *host->host_architecture ? host->host_architecture : "unknown");
    g_clear_pointer(&manager->last_error, g_free);
}

static void
on_connected(const XpvLibvirtHost *libvirt, gpointer data)
{
    XpvManager *manager = data;
    xpv_host_state_set_libvirt(manager->host, libvirt);
    judge_anew(manager);
}

static void
on_disconnected(const GError *error, gpointer data)
{
    XpvManager *manager = data;
    manager->refreshed = 0;
    set_connected(manager, FALSE);
    xpv_publisher_refresh_failed(manager->publisher, error);
    xpv_publisher_acquire_name(manager->publisher);
    if (g_strcmp0(manager->last_error, error->message) == 0)
        return;
    g_free(manager->last_error);
    manager->last_error = g_strdup(error->message);
    g_warning("%s; trying again", error->message);
}

static void
on_listed(GPtrArray *domains, gboolean is_whole, gpointer data)
{
    XpvManager *manager = data;
    g_debug("libvirt lists %u domains%s", domains->len, is_whole ? "" : ", which may not be all");
    g_autoptr(GHashTable) uuids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < domains->len; i++) {
        const XpvListedDomain *domain = domains->pdata[i];
        g_hash_table_add(uuids, (gpointer)domain->uuid);
        xpv_registry_add_pending(manager->registry, domain->uuid, domain->name, domain->id);
    }
    manager->is_whole = is_whole;
    if (is_whole)
        xpv_registry_prune(manager->registry, uuids);
    set_connected(manager, TRUE);
}

static void
on_read(const char *uuid, XpvReading *reading, gpointer data)
{
    XpvManager *manager = data;
    if (reading->xml)
        xpv_registry_update(manager->registry, g_steal_pointer(&reading->xml), reading->state);
    else
        xpv_registry_update_state(manager->registry, uuid, reading->state);
}

static void
on_gone(const char *uuid, gpointer data)
{
    XpvManager *manager = data;
    xpv_registry_remove(manager->registry, uuid);
}

static void
on_run_began(const char *uuid, const XpvRunBegin *begin, gpointer data)
{
    XpvManager *manager = data;
    xpv_reports_run_began(manager->reports, uuid, begin->id, begin->is_booted);
}

static void
on_unreadable(const char *uuid, const GError *error, gpointer data)
{
    XpvManager *manager = data;
    const XpvDomain *domain = xpv_registry_lookup(manager->registry, uuid);
    gboolean was_stale = domain && domain->stale;
    xpv_registry_set_stale(manager->registry, uuid);
    domain = xpv_registry_lookup(manager->registry, uuid);
    if (!domain)
        xpv_watcher_refresh(manager->watcher); /* the domain was not in the last list */
    else if (!was_stale)
        g_warning("Cannot read domain %s, %s: %s", domain->name, uuid, error->message);
}

static void
finish_refresh(gpointer data)
{
    XpvManager *manager = data;
    guint64 serial = manager->refreshed;
    if (serial == 0 || !xpv_reports_are_settled(manager->reports))
        return;
    manager->refreshed = 0;
    g_debug("Refresh %" G_GUINT64_FORMAT " is over", serial);
    count(manager);
    xpv_host_state_set_last_update(manager->host, (guint64)g_get_real_time());
    if (manager->is_whole)
        xpv_alerts_refreshed(manager->alerts);
    xpv_publisher_refreshed(manager->publisher, serial);
    xpv_publisher_acquire_name(manager->publisher);
}

static void
on_refreshed(guint64 serial, gpointer data)
{
    XpvManager *manager = data;
    manager->refreshed = serial;
    finish_refresh(manager);
}

static const XpvWatcherListener watcher_listener = {
    .connected = on_connected,
    .disconnected = on_disconnected,
    .listed = on_listed,
    .read = on_read,
    .gone = on_gone,
    .run_began = on_run_began,
    .unreadable = on_unreadable,
    .refreshed = on_refreshed,
};

static guint64
on_refresh(gpointer data)
{
    XpvManager *manager = data;
    return xpv_watcher_refresh(manager->watcher);
}

static void
on_named(gpointer data)
{
    XpvManager *manager = data;
    g_clear_handle_id(&manager->name_timer, g_source_remove);
    xpv_alerts_begin(manager->alerts);
    manager->listener->ready(manager->data);
}

static void
on_failed(const GError *error, gpointer data)
{
    XpvManager *manager = data;
    manager->listener->failed(error, manager->data);
}

static const XpvPublisherListener publisher_listener = { .refresh = on_refresh,
                                                         .named = on_named,
                                                         .failed = on_failed };

static gboolean
on_name_timer(gpointer data)
{
    XpvManager *manager = data;
    manager->name_timer = 0;
    xpv_publisher_acquire_name(manager->publisher);
    return G_SOURCE_REMOVE;
}

XpvManager *
xpv_manager_new(XpvConfig *config, const char *runtime_directory, const XpvManagerListener *listener, gpointer data,
                GError **error)
{
    g_autoptr(XpvManager) manager = g_new0(XpvManager, 1);
    XpvHost facts;
    manager->config = config;
    manager->listener = listener;
    manager->data = data;

    manager->host = xpv_host_state_new(config, on_host_changed, manager);
    const XpvHostProperties *host = xpv_host_state_get(manager->host);
    xpv_host_properties_get_facts(host, &facts);
    g_autoptr(GError) unread = NULL;
    g_autofree char *disk_prefix = xpv_ssh_source_prefix(config->uri, &unread);
    if (unread)
        g_message("Guests' disks cannot be read: %s", unread->message);
    const XpvReportContext context = {
        .config_path = config->path,
        .runtime_directory = runtime_directory,
        .is_local = xpv_uri_is_local(config->uri),
        .disk_prefix = disk_prefix,
        .changed = on_report_changed,
        .data = manager,
        .call_timeout = config->call_timeout,
        .settled = finish_refresh,
        .set_disks_read = on_disks_read,
    };
    manager->reports = xpv_reports_new(&context);
    manager->registry = xpv_registry_new(&facts, manager->reports, config->grace, on_domain_changed, manager);
    manager->publisher = xpv_publisher_new(manager->registry, host, &publisher_listener, manager, error);
    if (!manager->publisher)
        return NULL;
    manager->listener->changed(host, manager->data);
    manager->alerts = xpv_alerts_new(runtime_directory, manager->publisher, manager->registry, manager->host);
    manager->watcher = xpv_watcher_new(config->uri, config->call_timeout, &watcher_listener, manager);
    manager->name_timer = g_timeout_add_seconds(NAME_SECONDS, on_name_timer, manager);
    return g_steal_pointer(&manager);
}

void
xpv_manager_free(XpvManager *manager)
{
    if (!manager)
        return;
    g_clear_handle_id(&manager->name_timer, g_source_remove);
    g_clear_handle_id(&manager->counts_idle, g_source_remove);
    xpv_watcher_free(manager->watcher);
    xpv_alerts_free(manager->alerts);
    xpv_publisher_free(manager->publisher);
    xpv_registry_free(manager->registry);
    xpv_reports_free(manager->reports);
    xpv_host_state_free(manager->host);
    xpv_config_free(manager->config);
    g_free(manager->last_error);
    g_free(manager);
}

void
xpv_manager_reload(XpvManager *manager, XpvConfig *config)
{
    XpvConfig *old = manager->config;
    if (!g_str_equal(old->uri, config->uri)) {
        g_warning("The libvirt connection stays %s; %s needs a restart", old->uri, config->uri);
        g_free(config->uri);
        config->uri = g_strdup(old->uri);
    }
    manager->config = config;
    xpv_host_state_set_config(manager->host, config);
    xpv_config_free(old);
    xpv_watcher_set_timeout(manager->watcher, config->call_timeout);
    xpv_reports_reload(manager->reports);
    xpv_registry_set_grace(manager->registry, config->grace);
    judge_anew(manager);
    g_message("Configuration reloaded");
}
