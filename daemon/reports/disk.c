/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was read of the domain's disks.
 *
 * A disk says which kernel will start, not which one runs. So for a domain that does not run, the default entry of its
 * boot loader is the report. For one that runs, an inspection speaks only if it was made after the run began and the
 * boot loader's files were last changed before: then that is what this run booted, and stays so for the run. Else every
 * kernel that the boot loader offers may be running. But as long as the inspector is about to read the disks of a new
 * run, an older inspection says nothing: the guest may have been updated before it rebooted. */
#include "common/inspection-report.h"
#include "common/inspection-request.h"
#include "common/text.h"
#include "daemon/inspector.h"
#include "daemon/reports/booted.h"
#include "daemon/reports/reports.h"

/* How often all disks are read although nothing was heard of their domains. */
#define PERIOD_SECONDS 900

/* When the disks of a running domain are read again, whose file systems may have lacked the last seconds: what its boot
 * changed is written by then. Once a run, as every ext3 that is mounted lacks some. */
#define RECOVERY_SECONDS 40

typedef struct {
    XpvReportContext context;
    XpvInspector *inspector;
    XpvBooted *booted;
    GHashTable *guests;  /* UUID, the guest's → Guest, owned */
    GHashTable *started; /* UUID, owned → XpvRun, owned: as libvirt told it, until a reading shows that run */
    guint period_timer;
} Disk;

/* A fully virtualized domain with disks. */
typedef struct {
    Disk *disk;
    char *uuid;
    char *name;
    gint id;                    /* -1: it does not run */
    GPtrArray *disks;           /* of XpvDomainDisk, as they were asked for */
    XpvInspection *inspection;  /* NULL: none of these disks */
    gint64 awaited;             /* the serial of the first request in this run; 0: it was answered, or will not be */
    gboolean is_of_earlier_run; /* the inspection is */
    guint recovery_timer;
    gboolean has_recovered; /* in this run, or is about to */
    char *trouble;          /* the last that was said */
} Guest;

static void
guest_free(gpointer data)
{
    Guest *guest = data;
    g_clear_handle_id(&guest->recovery_timer, g_source_remove);
    g_clear_pointer(&guest->inspection, xpv_inspection_free);
    g_ptr_array_unref(guest->disks);
    g_free(guest->uuid);
    g_free(guest->name);
    g_free(guest->trouble);
    g_free(guest);
}

/* What of the domain's disks can be asked for. Returns: (transfer full) of XpvDomainDisk */
static GPtrArray *
copy_disks(const XpvDomainXml *xml)
{
    GPtrArray *disks = xpv_domain_disks_new();
    for (guint i = 0; xml->disks && i < xml->disks->len && disks->len < XPV_INSPECTION_REQUEST_DISKS_MAX; i++) {
        const XpvDomainDisk *disk = xml->disks->pdata[i];
        if (*disk->source != '\0')
            g_ptr_array_add(disks, xpv_domain_disk_new(disk->source, disk->format, disk->target, disk->bus));
    }
    return disks;
}

static gboolean
has_same_disks(const GPtrArray *a, const GPtrArray *b)
{
    gboolean is_same = a->len == b->len;
    for (guint i = 0; is_same && i < a->len; i++) {
        const XpvDomainDisk *one = a->pdata[i], *other = b->pdata[i];
        is_same = g_str_equal(one->source, other->source) && g_str_equal(one->format, other->format) &&
                  g_str_equal(one->target, other->target) && g_str_equal(one->bus, other->bus);
    }
    return is_same;
}

/* Whether it was made of these disks. */
static gboolean
is_of_disks(const XpvInspection *inspection, const GPtrArray *disks)
{
    gboolean is_same = inspection->disks->len == disks->len;
    for (guint i = 0; is_same && i < disks->len; i++) {
        const XpvInspectionDisk *inspected = inspection->disks->pdata[i];
        const XpvDomainDisk *disk = disks->pdata[i];
        g_autofree char *source = xpv_text_clean(disk->source, -1, 0);
        is_same = g_str_equal(inspected->source, source) && g_str_equal(inspected->format, disk->format);
    }
    return is_same;
}

/* Returns: (nullable) the first thing that could not be read */
static const char *
find_trouble(const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->disks->len; i++) {
        const XpvInspectionDisk *disk = inspection->disks->pdata[i];
        if (*disk->error != '\0')
            return disk->error;
    }
    return inspection->errors->len > 0 ? inspection->errors->pdata[0] : NULL;
}

/* Whether a reading missed what an earlier one found in the same run, as the guest was writing. Once it has stopped, or
 * has started again, it may be another system that cannot be read. */
static gboolean
is_torn(const Guest *guest, const XpvInspection *inspection)
{
    return guest->id >= 0 && guest->inspection && !guest->is_of_earlier_run && find_trouble(inspection) &&
           xpv_inspection_says_less(inspection, guest->inspection);
}

static void
tell_trouble(Guest *guest, const XpvInspection *inspection)
{
    const char *trouble = find_trouble(inspection);
    if (trouble && g_strcmp0(trouble, guest->trouble) != 0) {
        g_autofree char *name = xpv_text_clean(guest->name, -1, 0);
        g_message("Not all of the disks of domain %s can be read: %s", name, trouble);
    }
    g_free(guest->trouble);
    guest->trouble = g_strdup(trouble);
}

/* Returns: its serial */
static gint64
request(Guest *guest, gboolean urgent)
{
    return xpv_inspector_request(guest->disk->inspector, guest->uuid, guest->disks, urgent);
}

static gboolean
on_recovery(gpointer data)
{
    Guest *guest = data;
    guest->recovery_timer = 0;
    request(guest, FALSE);
    return G_SOURCE_REMOVE;
}

static void
recover_later(Guest *guest)
{
    if (guest->id < 0 || guest->has_recovered)
        return;
    guest->has_recovered = TRUE;
    guest->recovery_timer = g_timeout_add_seconds(RECOVERY_SECONDS, on_recovery, guest);
}

/* @inspection: (transfer full) of the guest's disks */
static void
take_inspection(Guest *guest, XpvInspection *inspection)
{
    g_autoptr(XpvInspection) taken = inspection;
    tell_trouble(guest, inspection);
    if (is_torn(guest, inspection))
        return;
    g_clear_pointer(&guest->inspection, xpv_inspection_free);
    guest->inspection = g_steal_pointer(&taken);
}

static void
on_answered(const char *uuid, XpvInspection *answer, gpointer data)
{
    Disk *disk = data;
    g_autoptr(XpvInspection) inspection = answer;
    Guest *guest = g_hash_table_lookup(disk->guests, uuid);
    if (!guest || !is_of_disks(inspection, guest->disks))
        return;
    gboolean is_of_run = inspection->serial >= guest->awaited;
    if (is_of_run && inspection->needs_recovery)
        recover_later(guest);
    take_inspection(guest, g_steal_pointer(&inspection));
    if (is_of_run) {
        guest->awaited = 0;
        guest->is_of_earlier_run = FALSE;
    }
    disk->context.changed(guest->uuid, disk->context.data);
}

static void
on_is_served(gboolean is_served, gpointer data)
{
    Disk *disk = data;
    GHashTableIter iter;
    gpointer guest;
    disk->context.set_disks_read(is_served, disk->context.data);
    if (is_served)
        return;
    g_message("Guests' disks are not read: xenpv-compat-inspect does not answer");
    g_hash_table_iter_init(&iter, disk->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest))
        ((Guest *)guest)->awaited = 0;
    disk->context.changed(NULL, disk->context.data);
}

static const XpvInspectorListener listener = { on_answered, on_is_served };

static gboolean
on_period(gpointer data)
{
    Disk *disk = data;
    GHashTableIter iter;
    gpointer guest;
    g_hash_table_iter_init(&iter, disk->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest))
        request(guest, FALSE);
    return G_SOURCE_CONTINUE;
}

static gpointer
start(const XpvReportContext *context)
{
    if (!context->is_local)
        return NULL;
    Disk *disk = g_new0(Disk, 1);
    disk->context = *context;
    disk->inspector = xpv_inspector_new(context->runtime_directory, &listener, disk);
    disk->booted = xpv_booted_new(context->runtime_directory);
    disk->guests = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, guest_free);
    disk->started = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    disk->period_timer = g_timeout_add_seconds(PERIOD_SECONDS, on_period, disk);
    return disk;
}

static void
stop(gpointer self)
{
    Disk *disk = self;
    if (!disk)
        return;
    g_clear_handle_id(&disk->period_timer, g_source_remove);
    g_hash_table_unref(disk->guests);
    g_hash_table_unref(disk->started);
    xpv_booted_free(disk->booted);
    xpv_inspector_free(disk->inspector);
    g_free(disk);
}

static void
run_began(gpointer self, const char *uuid, gint id, gboolean is_booted)
{
    Disk *disk = self;
    const XpvRun run = { .id = id, .began = g_get_real_time() / G_USEC_PER_SEC, .is_resumed = !is_booted };
    if (disk)
        g_hash_table_replace(disk->started, g_strdup(uuid), g_memdup2(&run, sizeof run));
}

static Guest *
add_guest(Disk *disk, const XpvDomainXml *xml, GPtrArray *disks)
{
    Guest *guest = g_new0(Guest, 1);
    guest->disk = disk;
    guest->uuid = g_strdup(xml->uuid);
    guest->name = g_strdup(xml->name);
    guest->id = xml->id;
    guest->disks = g_ptr_array_ref(disks);
    g_hash_table_insert(disk->guests, guest->uuid, guest);
    g_autoptr(XpvInspection) last = xpv_inspector_read(disk->inspector, guest->uuid);
    if (last && is_of_disks(last, disks))
        take_inspection(guest, g_steal_pointer(&last));
    guest->awaited = request(guest, TRUE);
    return guest;
}

/* Follows the domain to another run or to its stop. */
static void
set_id(Guest *guest, gint id)
{
    guest->id = id;
    guest->has_recovered = FALSE;
    guest->is_of_earlier_run = TRUE;
    guest->awaited = request(guest, TRUE);
    g_clear_handle_id(&guest->recovery_timer, g_source_remove);
}

static void
set_disks(Guest *guest, GPtrArray *disks)
{
    g_ptr_array_unref(guest->disks);
    guest->disks = g_ptr_array_ref(disks);
    if (guest->inspection && !is_of_disks(guest->inspection, disks))
        g_clear_pointer(&guest->inspection, xpv_inspection_free);
    request(guest, TRUE);
}

/* Para-virtualized guests need no drivers, so that nothing depends on their kernels. */
static gboolean
is_wanted(const XpvDomainXml *xml)
{
    return xml->virtualization != XPV_VIRTUALIZATION_PV && xml->virtualization != XPV_VIRTUALIZATION_PVH;
}

static void
forget(gpointer self, const char *uuid)
{
    Disk *disk = self;
    if (!disk)
        return;
    g_hash_table_remove(disk->started, uuid);
    xpv_booted_end(disk->booted, uuid);
    if (g_hash_table_remove(disk->guests, uuid))
        xpv_inspector_forget(disk->inspector, uuid);
}

/* Returns: (nullable) NULL: it has no disks to read */
static Guest *
find_guest(Disk *disk, const XpvDomainXml *xml)
{
    g_autoptr(GPtrArray) disks = copy_disks(xml);
    Guest *guest = g_hash_table_lookup(disk->guests, xml->uuid);
    if (disks->len == 0 || !is_wanted(xml)) {
        forget(disk, xml->uuid);
        return NULL;
    }
    if (!guest)
        return add_guest(disk, xml, disks);
    if (!has_same_disks(guest->disks, disks))
        set_disks(guest, disks);
    if (guest->id != xml->id)
        set_id(guest, xml->id);
    return guest;
}

/* What is known of the run. @began: by xenstore; 0: not known */
static XpvRun *
find_run(Disk *disk, const XpvDomainXml *xml, gint64 began)
{
    XpvRun *run = xpv_booted_run(disk->booted, xml->uuid, xml->id);
    const XpvRun *started = g_hash_table_lookup(disk->started, xml->uuid);
    if (started && started->id == xml->id) {
        run->began = started->began;
        run->is_seen = TRUE;
        run->is_resumed = started->is_resumed;
        g_hash_table_remove(disk->started, xml->uuid);
        xpv_booted_save_soon(disk->booted);
    }
    if (began > 0 && run->began != began) {
        run->began = began;
        xpv_booted_save_soon(disk->booted);
    }
    return run;
}

static gboolean
is_release_of_default(const XpvInspection *inspection, const char *release)
{
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        if (kernel->is_default)
            return g_str_equal(kernel->release, release);
    }
    return FALSE;
}

/* Whether the run booted from the disk. One that nobody saw begin may have been restored: then its file systems were
 * mounted before. */
static gboolean
has_booted(const XpvRun *run, const XpvInspection *inspection)
{
    return run->began > 0 && !run->is_resumed && (run->is_seen || inspection->mounted_at >= run->began);
}

/* What the run booted stays so; but a later reading may find the package of which an earlier one knew the release. */
static void
settle_run(Disk *disk, XpvRun *run, const XpvInspection *inspection)
{
    if (!has_booted(run, inspection) || inspection->inspected_at < run->began || inspection->boot_changed_at <= 0 ||
        inspection->boot_changed_at >= run->began || (run->kernel && !is_release_of_default(inspection, run->kernel)))
        return;
    g_autofree char *kernel = xpv_inspection_report(inspection);
    if (g_strcmp0(kernel, run->kernel) == 0)
        return;
    g_free(run->kernel);
    run->kernel = g_steal_pointer(&kernel);
    xpv_booted_save_soon(disk->booted);
}

/* Returns: (nullable) (transfer full) */
static char *
find_report(Disk *disk, const XpvDomainXml *xml, const Guest *guest, gint64 began)
{
    const XpvInspection *inspection = guest->inspection;
    if (xml->id < 0) {
        xpv_booted_end(disk->booted, xml->uuid);
        return inspection ? xpv_inspection_report(inspection) : NULL;
    }
    XpvRun *run = find_run(disk, xml, began);
    if (inspection && guest->awaited > 0 && (guest->is_of_earlier_run || inspection->inspected_at < run->began))
        inspection = NULL;
    if (inspection && xml->boots_from_disk)
        settle_run(disk, run, inspection);
    if (run->kernel)
        return g_strdup(run->kernel);
    return inspection ? xpv_inspection_report_of_any(inspection) : NULL;
}

/* Returns: (nullable) the disk with /boot */
static const XpvDomainDisk *
find_boot_disk(const Guest *guest)
{
    for (guint i = 0; i < guest->disks->len; i++) {
        const XpvInspectionDisk *disk = guest->inspection->disks->pdata[i];
        if (disk->boot)
            return guest->disks->pdata[i];
    }
    return NULL;
}

static void
ask(gpointer self, const XpvDomainXml *xml, XpvSaid *said)
{
    Disk *disk = self;
    const Guest *guest = disk ? find_guest(disk, xml) : NULL;
    if (!guest)
        return;
    const XpvInspection *inspection = said->inspection = guest->inspection;
    g_autofree char *report = find_report(disk, xml, guest, said->run_began);
    if (!xml->boots_from_disk)
        return;
    if (!said->report) {
        xpv_said_report(said, report);
    } else if (inspection) {
        g_autofree char *packages = xpv_inspection_packages(inspection);
        xpv_said_report(said, packages);
    }
    if (!inspection)
        return;
    said->boot_disk = find_boot_disk(guest);
    if (said->system.kind == XPV_SYSTEM_UNKNOWN)
        said->system = xpv_system_from_name("The guest's disk", inspection->distribution, inspection->release);
}

const XpvReportSource xpv_report_disk = {
    .start = start,
    .stop = stop,
    .ask = ask,
    .run_began = run_began,
    .forget = forget,
};
