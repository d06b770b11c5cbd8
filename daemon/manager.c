/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager.h"

#include "daemon/alerts.h"
#include "daemon/bus/publisher.h"
#include "daemon/source.h"

/* When the bus name is acquired although the first look is not over. */
#define NAME_SECONDS 10

struct _XpvManager {
    XpvConfig *config;
    const XpvManagerListener *listener;
    gpointer data;
    XpvLibvirtHost *libvirt; /* of the last connection; NULL before the first */
    XpvReports *reports;
    XpvRegistry *registry;
    XpvPublisher *publisher;
    XpvAlerts *alerts;
    XpvSource *source;
    guint name_timer;
    guint counts_idle;
    guint64 looked;   /* the full look that is over but for what guests report; 0: none */
    char *last_error; /* the last that was logged while not connected */
};

/* @host: (transfer full) */
static void
set_host(XpvManager *manager, XpvHostState *host)
{
    xpv_publisher_set_host(manager->publisher, host);
    manager->listener->changed(xpv_publisher_get_host(manager->publisher), manager->data);
}

/* @last_update: when the last full look was over; µs since 1970, 0: none was */
static void
publish_counts(XpvManager *manager, guint64 last_update)
{
    g_clear_handle_id(&manager->counts_idle, g_source_remove);
    XpvHostState *host = xpv_host_state_copy(xpv_publisher_get_host(manager->publisher));
    xpv_registry_count(manager->registry, host->counts);
    host->last_update = last_update;
    set_host(manager, host);
}

/* Puts the host's facts together anew, publishes them and judges by them. */
static void
publish_facts(XpvManager *manager)
{
    XpvHost facts;
    const XpvHostState *now = xpv_publisher_get_host(manager->publisher);
    XpvHostState *host = xpv_host_state_new(manager->config, manager->libvirt);
    host->connected = now->connected;
    host->last_update = now->last_update;
    xpv_registry_count(manager->registry, host->counts);
    set_host(manager, host);

    now = xpv_publisher_get_host(manager->publisher);
    xpv_host_state_get_facts(now, &facts);
    xpv_registry_set_host(manager->registry, &facts);
}

static gboolean
on_counts_idle(gpointer data)
{
    XpvManager *manager = data;
    manager->counts_idle = 0;
    publish_counts(manager, xpv_publisher_get_host(manager->publisher)->last_update);
    return G_SOURCE_REMOVE;
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
    /* Once for all domains that change in one turn of the loop. */
    if (manager->counts_idle == 0)
        manager->counts_idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_counts_idle, manager, NULL);
}

static void
on_report_changed(const char *uuid, gpointer data)
{
    XpvManager *manager = data;
    xpv_registry_judge(manager->registry, uuid);
}

static void
set_connected(XpvManager *manager, gboolean connected)
{
    const XpvHostState *now = xpv_publisher_get_host(manager->publisher);
    if (now->connected == connected)
        return;
    XpvHostState *host = xpv_host_state_copy(now);
    host->connected = connected;
    set_host(manager, host);
    if (!connected)
        return;
    now = xpv_publisher_get_host(manager->publisher);
    g_message("Connected to libvirt at %s: %s, %s host kernel", now->uri, now->hypervisor,
              *now->host_architecture ? now->host_architecture : "unknown");
    g_clear_pointer(&manager->last_error, g_free);
}

static void
on_connected(const XpvLibvirtHost *libvirt, gpointer data)
{
    XpvManager *manager = data;
    xpv_libvirt_host_free(manager->libvirt);
    manager->libvirt = xpv_libvirt_host_copy(libvirt);
    publish_facts(manager);
}

static void
on_disconnected(const GError *error, gpointer data)
{
    XpvManager *manager = data;
    manager->looked = 0;
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
on_listed(GPtrArray *domains, gint64 began, gpointer data)
{
    XpvManager *manager = data;
    g_debug("libvirt lists %u domains", domains->len);
    g_autoptr(GHashTable) uuids = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < domains->len; i++) {
        XpvLibvirtDomain *domain = domains->pdata[i];
        g_hash_table_add(uuids, domain->uuid);
        if (xpv_registry_has_seen(manager->registry, domain->uuid, began))
            domain->state = NULL; /* it may be older than what was seen, over another connection */
        xpv_registry_expect(manager->registry, domain->uuid, domain->name, domain->id);
    }
    xpv_registry_keep(manager->registry, uuids, began);
    set_connected(manager, TRUE);
}

static void
on_seen(XpvLibvirtLook *look, gint64 began, gpointer data)
{
    XpvManager *manager = data;
    xpv_registry_see(manager->registry, g_steal_pointer(&look->xml), look->state, began);
}

static void
on_gone(const char *uuid, gpointer data)
{
    XpvManager *manager = data;
    xpv_registry_remove(manager->registry, uuid);
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
        xpv_source_look(manager->source); /* it has come since the last list */
    else if (!was_stale)
        g_warning("Cannot read domain %s, %s: %s", domain->name, uuid, error->message);
}

static void
finish_look(gpointer data)
{
    XpvManager *manager = data;
    guint64 serial = manager->looked;
    if (serial == 0 || !xpv_reports_are_settled(manager->reports))
        return;
    manager->looked = 0;
    g_debug("Full look %" G_GUINT64_FORMAT " is over", serial);
    publish_counts(manager, (guint64)g_get_real_time());
    xpv_alerts_looked(manager->alerts);
    xpv_publisher_refreshed(manager->publisher, serial);
    xpv_publisher_acquire_name(manager->publisher);
}

static void
on_looked(guint64 serial, gpointer data)
{
    XpvManager *manager = data;
    manager->looked = serial;
    finish_look(manager);
}

static const XpvSourceListener source_listener = {
    on_connected, on_disconnected, on_listed, on_seen, on_gone, on_unreadable, on_looked,
};

static guint64
on_refresh(gpointer data)
{
    XpvManager *manager = data;
    return xpv_source_look(manager->source);
}

static void
on_named(gpointer data)
{
    XpvManager *manager = data;
    g_clear_handle_id(&manager->name_timer, g_source_remove);
    g_autoptr(GPtrArray) domains = xpv_registry_list(manager->registry);
    xpv_alerts_begin(manager->alerts, domains);
    manager->listener->ready(manager->data);
}

static void
on_failed(const GError *error, gpointer data)
{
    XpvManager *manager = data;
    manager->listener->failed(error, manager->data);
}

static const XpvPublisherListener publisher_listener = { on_refresh, on_named, on_failed };

static void
send_alert(const XpvDomain *domain, gpointer data)
{
    XpvManager *manager = data;
    xpv_publisher_alert(manager->publisher, domain);
}

static gboolean
is_told(gpointer data)
{
    XpvManager *manager = data;
    return xpv_publisher_is_told(manager->publisher);
}

static const XpvDomain *
lookup_domain(const char *uuid, gpointer data)
{
    XpvManager *manager = data;
    return xpv_registry_lookup(manager->registry, uuid);
}

static const char *
get_host_architecture(gpointer data)
{
    XpvManager *manager = data;
    return xpv_publisher_get_host(manager->publisher)->host_architecture;
}

static const XpvAlertsListener alerts_listener = { send_alert, is_told, lookup_domain, get_host_architecture };

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
    XpvHostState *host = xpv_host_state_new(config, NULL);
    XpvHost facts;
    manager->config = config;
    manager->listener = listener;
    manager->data = data;

    xpv_host_state_get_facts(host, &facts);
    XpvReportContext context = { config->path, xpv_uri_is_local(config->uri), on_report_changed,
                                 manager,      config->call_timeout,          finish_look };
    manager->reports = xpv_reports_new(&context);
    manager->registry = xpv_registry_new(&facts, manager->reports, config->grace, on_domain_changed, manager);
    manager->publisher = xpv_publisher_new(manager->registry, host, &publisher_listener, manager, error);
    if (!manager->publisher)
        return NULL;
    manager->listener->changed(xpv_publisher_get_host(manager->publisher), manager->data);
    manager->alerts = xpv_alerts_new(runtime_directory, &alerts_listener, manager);
    manager->source = xpv_source_new(config->uri, config->call_timeout, &source_listener, manager);
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
    xpv_source_free(manager->source);
    xpv_alerts_free(manager->alerts);
    xpv_publisher_free(manager->publisher);
    xpv_registry_free(manager->registry);
    xpv_reports_free(manager->reports);
    xpv_libvirt_host_free(manager->libvirt);
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
    xpv_config_free(old);
    xpv_source_set_timeout(manager->source, config->call_timeout);
    xpv_reports_reload(manager->reports);
    xpv_registry_set_grace(manager->registry, config->grace);
    publish_facts(manager);
    g_message("Configuration reloaded");
}

gboolean
xpv_manager_is_watched(const XpvManager *manager)
{
    return xpv_source_is_watched(manager->source);
}
