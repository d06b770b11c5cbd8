/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/registry.h"

#include "common/inspection-report.h"

typedef struct {
    XpvDomainXml *xml;
    const char *state;
    XpvDomain *domain; /* as published */
    gint64 run_since;  /* when this run was first read; monotonic µs */
    guint is_read : 1; /* 0: only a list has told of it */
    guint in_grace : 1;
    guint stale : 1;
} Entry;

struct _XpvRegistry {
    XpvHost host;
    XpvReports *reports;
    guint grace;
    XpvRegistryChanged changed;
    gpointer data;
    GHashTable *entries; /* UUID, the XML's → Entry, owned */
    GHashTable *pending; /* UUID, the XML's → XpvDomainXml, owned, of name and id alone */
    guint32 counts[XPV_VERDICT_MAX];
    guint grace_timer; /* while any domain is in grace */
};

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    xpv_domain_xml_free(entry->xml);
    xpv_domain_free(entry->domain);
    g_free(entry);
}

static void
set_host(XpvRegistry *registry, const XpvHost *host)
{
    registry->host = *host;
    registry->host.hypervisor = g_intern_string(host->hypervisor);
}

XpvRegistry *
xpv_registry_new(const XpvHost *host, XpvReports *reports, guint grace, XpvRegistryChanged changed, gpointer data)
{
    XpvRegistry *registry = g_new0(XpvRegistry, 1);
    set_host(registry, host);
    registry->reports = reports;
    registry->grace = grace;
    registry->changed = changed;
    registry->data = data;
    registry->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    registry->pending = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)xpv_domain_xml_free);
    return registry;
}

void
xpv_registry_free(XpvRegistry *registry)
{
    if (!registry)
        return;
    g_clear_handle_id(&registry->grace_timer, g_source_remove);
    g_hash_table_unref(registry->entries);
    g_hash_table_unref(registry->pending);
    g_free(registry);
}

const XpvDomain *
xpv_registry_lookup(XpvRegistry *registry, const char *uuid)
{
    Entry *entry = g_hash_table_lookup(registry->entries, uuid);
    return entry ? entry->domain : NULL;
}

const XpvDomain *
xpv_registry_find(XpvRegistry *registry, const char *name_or_uuid)
{
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, registry->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const XpvDomain *domain = ((Entry *)value)->domain;
        if (g_str_equal(domain->name, name_or_uuid))
            return domain;
    }
    g_autofree char *uuid = g_ascii_strdown(name_or_uuid, -1);
    return xpv_registry_lookup(registry, uuid);
}

GPtrArray *
xpv_registry_list(XpvRegistry *registry)
{
    GPtrArray *domains = g_ptr_array_sized_new(g_hash_table_size(registry->entries));
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, registry->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        g_ptr_array_add(domains, ((Entry *)value)->domain);
    return domains;
}

const guint32 *
xpv_registry_get_counts(const XpvRegistry *registry)
{
    return registry->counts;
}

static void
count(XpvRegistry *registry, const XpvDomain *domain, gint32 by)
{
    XpvVerdict verdict;
    if (domain && xpv_verdict_from_word(domain->verdict, &verdict))
        registry->counts[verdict] += (guint32)by;
}

static gint64
grace_ends(const XpvRegistry *registry, const Entry *entry)
{
    return entry->run_since + (gint64)registry->grace * G_USEC_PER_SEC;
}

static gboolean
is_in_grace(const XpvRegistry *registry, const Entry *entry)
{
    return entry->xml->id >= 0 && g_get_monotonic_time() < grace_ends(registry, entry);
}

static gboolean review_grace(gpointer data);

static void
schedule_end_of_grace(XpvRegistry *registry, gint64 at)
{
    gint64 wait = MAX(at - g_get_monotonic_time(), 0);
    registry->grace_timer = g_timeout_add((guint)(wait / 1000) + 1, review_grace, registry);
}

/* Returns: (nullable) an array of XpvReport */
static GPtrArray *
parse_reports(const GPtrArray *texts)
{
    if (!texts)
        return NULL;
    GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_report_free);
    for (guint i = 0; i < texts->len; i++) {
        XpvReport *report = xpv_report_parse(texts->pdata[i], -1);
        if (report)
            g_ptr_array_add(reports, report);
    }
    return reports;
}

/* @boot_disk: (nullable) where its disks were read, the one that holds /boot */
static gboolean
is_boot_disk_paravirtualized(const XpvDomainXml *xml, const XpvDomainDisk *boot_disk)
{
    return boot_disk ? !xml->boot_kernel && g_str_equal(boot_disk->bus, "xen") : xml->boot_disk_paravirtualized;
}

/* Judges the entry's domain and publishes it. */
static void
publish(XpvRegistry *registry, Entry *entry)
{
    g_auto(XpvReported) reported = { .source = "" };
    if (entry->is_read) /* otherwise it is not known whether the domain needs drivers, or is acknowledged */
        xpv_reports_ask(registry->reports, entry->xml, &reported);
    g_autoptr(XpvReport) report = reported.report ? xpv_report_parse(reported.report, -1) : NULL;
    g_autoptr(GPtrArray) others = parse_reports(reported.others);

    const XpvDomainXml *xml = entry->xml;
    entry->in_grace = is_in_grace(registry, entry);
    if (entry->in_grace && registry->grace_timer == 0)
        schedule_end_of_grace(registry, grace_ends(registry, entry));

    XpvGuest guest = {
        .uuid = xml->uuid,
        .id = xml->id,
        .virtualization = xml->virtualization,
        .arch = xml->arch,
        .report = report,
        .report_is_live = reported.is_live,
        .others = others,
        .in_grace = entry->in_grace != 0,
        .boot_disk_paravirtualized = is_boot_disk_paravirtualized(xml, reported.boot_disk),
        .has_no_driver_package = reported.inspection && xpv_inspection_lacks_driver_package(reported.inspection),
        .declared_major = xml->declared_major,
        .system = reported.system.kind != XPV_SYSTEM_UNKNOWN ? reported.system : xml->declared,
        .disk_drivers = reported.disk_drivers,
        .network_drivers = reported.network_drivers,
    };
    XpvDomainStatus status = {
        .name = xml->name,
        .state = entry->state,
        .kernel_source = reported.source,
        .acknowledged = reported.acknowledged,
        .stale = entry->stale != 0,
        .now = (guint64)g_get_real_time(),
        .inspection = reported.inspection,
    };
    g_autoptr(XpvJudgement) judgement = xpv_judge(&registry->host, &guest);
    g_autoptr(XpvDomain) before = entry->domain;
    entry->domain = xpv_domain_new(&status, &guest, judgement, before);

    count(registry, before, -1);
    count(registry, entry->domain, 1);
    registry->changed(before, entry->domain, registry->data);
}

/* One timer serves all runs: their grace is equally long, so it ends in the order of their starts. If a reload makes it
 * longer, some runs are pending again. */
static gboolean
review_grace(gpointer data)
{
    XpvRegistry *registry = data;
    gint64 next = G_MAXINT64;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, registry->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Entry *entry = value;
        if (entry->in_grace != is_in_grace(registry, entry))
            publish(registry, entry);
        if (entry->in_grace)
            next = MIN(next, grace_ends(registry, entry));
    }
    g_clear_handle_id(&registry->grace_timer, g_source_remove);
    if (next != G_MAXINT64)
        schedule_end_of_grace(registry, next);
    return G_SOURCE_REMOVE;
}

void
xpv_registry_set_grace(XpvRegistry *registry, guint grace)
{
    registry->grace = grace;
    review_grace(registry);
}

void
xpv_registry_judge(XpvRegistry *registry, const char *uuid)
{
    GHashTableIter iter;
    gpointer value;
    if (uuid) {
        Entry *entry = g_hash_table_lookup(registry->entries, uuid);
        if (entry)
            publish(registry, entry);
        return;
    }
    g_hash_table_iter_init(&iter, registry->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        publish(registry, value);
}

void
xpv_registry_set_host(XpvRegistry *registry, const XpvHost *host)
{
    set_host(registry, host);
    xpv_registry_judge(registry, NULL);
}

static void
update(XpvRegistry *registry, XpvDomainXml *xml, const char *state, gboolean is_read)
{
    Entry *entry = g_hash_table_lookup(registry->entries, xml->uuid);
    gboolean is_new_run = !entry || entry->xml->id != xml->id;
    if (!entry)
        entry = g_new0(Entry, 1);
    else
        g_hash_table_steal(registry->entries, xml->uuid); /* the old XML owns the key */

    g_clear_pointer(&entry->xml, xpv_domain_xml_free);
    entry->xml = xml;
    entry->state = state;
    entry->is_read = is_read;
    entry->stale = !is_read;
    if (is_new_run)
        entry->run_since = g_get_monotonic_time();
    g_hash_table_insert(registry->entries, xml->uuid, entry);
    g_hash_table_remove(registry->pending, xml->uuid);
    publish(registry, entry);
}

void
xpv_registry_update(XpvRegistry *registry, XpvDomainXml *xml, const char *state)
{
    update(registry, xml, state, TRUE);
}

void
xpv_registry_update_state(XpvRegistry *registry, const char *uuid, const char *state)
{
    Entry *entry = g_hash_table_lookup(registry->entries, uuid);
    if (!entry || (entry->state == state && !entry->stale))
        return;
    entry->state = state;
    entry->stale = FALSE;
    publish(registry, entry);
}

void
xpv_registry_add_pending(XpvRegistry *registry, const char *uuid, const char *name, gint id)
{
    if (g_hash_table_contains(registry->entries, uuid))
        return;
    XpvDomainXml *xml = g_new0(XpvDomainXml, 1);
    xml->uuid = xpv_intern(uuid);
    xml->name = g_strdup(name);
    xml->id = id;
    g_hash_table_replace(registry->pending, xml->uuid, xml);
}

void
xpv_registry_set_stale(XpvRegistry *registry, const char *uuid)
{
    Entry *entry = g_hash_table_lookup(registry->entries, uuid);
    gpointer pending = NULL;
    if (entry && !entry->stale) {
        entry->stale = TRUE;
        publish(registry, entry);
    } else if (!entry && g_hash_table_steal_extended(registry->pending, uuid, NULL, &pending)) {
        update(registry, pending, "no-state", FALSE);
    }
}

static void
tell_removal(XpvRegistry *registry, Entry *entry)
{
    count(registry, entry->domain, -1);
    registry->changed(entry->domain, NULL, registry->data);
    xpv_reports_forget(registry->reports, entry->xml->uuid);
}

void
xpv_registry_remove(XpvRegistry *registry, const char *uuid)
{
    Entry *entry = g_hash_table_lookup(registry->entries, uuid);
    if (entry)
        tell_removal(registry, entry);
    else
        xpv_reports_forget(registry->reports, uuid); /* its run may have begun */
    g_hash_table_remove(registry->pending, uuid);
    g_hash_table_remove(registry->entries, uuid);
}

void
xpv_registry_prune(XpvRegistry *registry, GHashTable *uuids)
{
    GHashTableIter iter;
    gpointer key, value;
    g_hash_table_iter_init(&iter, registry->entries);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        Entry *entry = value;
        if (g_hash_table_contains(uuids, key))
            continue;
        tell_removal(registry, entry);
        g_hash_table_iter_remove(&iter);
    }
    g_hash_table_iter_init(&iter, registry->pending);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (!g_hash_table_contains(uuids, key))
            g_hash_table_iter_remove(&iter);
    }
}
