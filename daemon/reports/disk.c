/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report source “disk”: what the inspector read on the domain's disks.
 *
 * A disk says which kernel will start, not which one runs. So for a domain that does not run, the default entry of its
 * boot loader is the report. For one that runs, an inspection speaks only if it was made after the run began and the
 * boot loader's files were last changed before: then that is what this run booted, and stays so for the run. Else every
 * kernel that the boot loader offers may be running. But as long as the inspector is about to read the disks of a new
 * run, an older inspection says nothing: the guest may have been updated before it rebooted. */
#include "common/inspection-report.h"
#include "common/inspection-request.h"
#include "common/intern.h"
#include "common/text.h"
#include "daemon/inspector.h"
#include "daemon/reports/booted.h"
#include "daemon/reports/reports.h"

/* All disks are read this often, even if nothing is known to have changed. */
#define PERIOD_SECONDS 900

/* The disks of a running domain are read again after this time. By then, what its boot changes is written. This is done
 * once a run if the last seconds may be missing, which is so for every mounted ext3. If the guest has not mounted its
 * file systems yet, it is done three times more, each after twice as long. */
#define AGAIN_SECONDS 40
#define AGAIN_MAX 4U

/* The longest path, in bytes. */
#define SOURCE_MAX 4096

typedef struct {
    XpvReportContext context;
    char *prefix; /* of the sources of disks */
    XpvInspector *inspector;
    XpvBooted *booted;
    GHashTable *guests;  /* UUID, the guest's → Guest, owned */
    GHashTable *started; /* UUID, owned → XpvRun, owned: as libvirt told it, until a reading shows that run */
    guint period_timer;
} Disk;

/* A fully virtualized domain with disks. */
typedef struct {
    Disk *disk;
    XpvInterned *uuid;
    gint id;                    /* -1: it does not run */
    gboolean is_of_earlier_run; /* the inspection is */
    XpvInspection *inspection;  /* NULL: none of these disks */
    GPtrArray *disks;           /* of XpvDomainDisk, as they were asked for */
    gint64 awaited;             /* the serial of the first request in this run; 0: it was answered, or will not be */
    char *trouble;              /* of the last reading; NULL: none */
    gboolean is_trouble_told;   /* the log has it */
    /* In this run: how often it was read once more, and whether it is about to be. */
    guint again;
    guint again_timer;
    gboolean is_read_again;
} Guest;

static void
guest_free(gpointer data)
{
    Guest *guest = data;
    g_clear_handle_id(&guest->again_timer, g_source_remove);
    g_clear_pointer(&guest->inspection, xpv_inspection_free);
    g_ptr_array_unref(guest->disks);
    xpv_interned_release(guest->uuid);
    g_free(guest->trouble);
    g_free(guest);
}

static gboolean
can_be_asked_for(const Disk *disk, const XpvDomainDisk *own)
{
    return *own->source != '\0' && strlen(disk->prefix) + strlen(own->source) <= SOURCE_MAX;
}

/* Whether the inspector can be asked for the domain's disks as they are in the XML. */
static gboolean
can_share_disks(const Disk *disk, const GPtrArray *disks)
{
    gboolean can_share = *disk->prefix == '\0' && disks->len <= XPV_INSPECTION_REQUEST_DISKS_MAX;
    for (guint i = 0; can_share && i < disks->len; i++)
        can_share = can_be_asked_for(disk, disks->pdata[i]);
    return can_share;
}

/* The disks of the domain that the inspector can be asked for. Returns: (transfer full) of XpvDomainDisk */
static GPtrArray *
find_disks(const Disk *disk, const XpvDomainXml *xml)
{
    if (xml->disks && can_share_disks(disk, xml->disks))
        return g_ptr_array_ref(xml->disks);
    GPtrArray *disks = xpv_domain_disks_new();
    for (guint i = 0; xml->disks && i < xml->disks->len && disks->len < XPV_INSPECTION_REQUEST_DISKS_MAX; i++) {
        const XpvDomainDisk *own = xml->disks->pdata[i];
        g_autofree char *source = g_strconcat(disk->prefix, own->source, NULL);
        if (can_be_asked_for(disk, own))
            g_ptr_array_add(disks, xpv_domain_disk_new(source, own->format, own->target, own->bus));
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

/* Whether these disks were inspected. */
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

/* Returns: (transfer full) (nullable) the first thing that could not be read */
static char *
find_trouble(const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->disks->len; i++) {
        const XpvInspectionDisk *disk = inspection->disks->pdata[i];
        if (*disk->error == '\0')
            continue;
        g_autofree char *source = xpv_text_clean(disk->source, -1, 0);
        return g_strdup_printf("%s: %s", source, disk->error);
    }
    return inspection->errors->len > 0 ? g_strdup(inspection->errors->pdata[0]) : NULL;
}

static gboolean
has_trouble(const XpvInspection *inspection)
{
    return xpv_inspection_lacks_disk(inspection) || inspection->errors->len > 0;
}

/* Whether a reading missed what an earlier one found in the same run, as the guest was writing. Once it has stopped, or
 * has started again, it may be another system that cannot be read. */
static gboolean
is_torn(const Guest *guest, const XpvInspection *inspection)
{
    return guest->id >= 0 && guest->inspection && !guest->is_of_earlier_run && has_trouble(inspection) &&
           xpv_inspection_says_less(inspection, guest->inspection);
}

static void
take_trouble(Guest *guest, const XpvInspection *inspection)
{
    char *trouble = find_trouble(inspection);
    guest->is_trouble_told = guest->is_trouble_told && g_strcmp0(trouble, guest->trouble) == 0;
    g_free(guest->trouble);
    guest->trouble = trouble;
}

static void
tell_trouble(Guest *guest, const XpvDomainXml *xml)
{
    if (!guest->trouble || guest->is_trouble_told)
        return;
    g_autofree char *name = xpv_text_clean(xml->name, -1, 0);
    g_message("Not all of the disks of domain %s can be read: %s", name, guest->trouble);
    guest->is_trouble_told = TRUE;
}

/* Returns: its serial */
static gint64
request(Guest *guest, gboolean urgent)
{
    return xpv_inspector_request(guest->disk->inspector, guest->uuid, guest->disks, urgent);
}

static gboolean
on_again(gpointer data)
{
    Guest *guest = data;
    guest->again_timer = 0;
    guest->is_read_again = TRUE;
    request(guest, FALSE);
    return G_SOURCE_REMOVE;
}

/* @max: how often in a run. Returns: whether the disks will be read again */
static gboolean
read_again_later(Guest *guest, guint max)
{
    if (guest->id >= 0 && guest->again < max && guest->again_timer == 0 && !guest->is_read_again)
        guest->again_timer = g_timeout_add_seconds(AGAIN_SECONDS << guest->again++, on_again, guest);
    return guest->again_timer > 0;
}

/* @inspection: (transfer full) of the guest's disks */
static void
take_inspection(Guest *guest, XpvInspection *inspection)
{
    g_autoptr(XpvInspection) taken = inspection;
    take_trouble(guest, inspection);
    if (is_torn(guest, inspection))
        return;
    g_clear_pointer(&guest->inspection, xpv_inspection_free);
    guest->inspection = g_steal_pointer(&taken);
}

/* Whether the answer has only what an earlier one found, and why this reading failed. */
static gboolean
has_failed(const Guest *guest, const XpvInspection *answer)
{
    return has_trouble(answer) && (answer->inspected_at == 0 ||
                                   (guest->inspection && answer->inspected_at == guest->inspection->inspected_at));
}

/* The answer is the guest's, in its present run. A first reading that fails is tried once more before what was found in
 * an earlier run speaks again. */
static void
stop_awaiting(Guest *guest, gboolean failed)
{
    guest->is_read_again = FALSE;
    if (failed && guest->awaited > 0 && read_again_later(guest, 1))
        return;
    guest->awaited = 0;
    if (!failed)
        guest->is_of_earlier_run = FALSE;
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
    gboolean failed = has_failed(guest, inspection);
    gboolean needs_recovery = inspection->needs_recovery;
    take_inspection(guest, g_steal_pointer(&inspection));
    if (is_of_run)
        stop_awaiting(guest, failed);
    if (is_of_run && needs_recovery)
        read_again_later(guest, 1);
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
    g_hash_table_iter_init(&iter, disk->guests);
    while (g_hash_table_iter_next(&iter, NULL, &guest))
        ((Guest *)guest)->awaited = 0;
    disk->context.changed(NULL, disk->context.data);
}

static const XpvInspectorListener listener = { .answered = on_answered, .is_served = on_is_served };

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
    if (!context->disk_prefix)
        return NULL;
    Disk *disk = g_new0(Disk, 1);
    disk->context = *context;
    disk->prefix = g_strdup(context->disk_prefix);
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
    g_clear_handle_id(&disk->period_timer, g_source_remove);
    g_hash_table_unref(disk->guests);
    g_hash_table_unref(disk->started);
    xpv_booted_free(disk->booted);
    xpv_inspector_free(disk->inspector);
    g_free(disk->prefix);
    g_free(disk);
}

static void
run_began(gpointer self, const char *uuid, gint id, gboolean is_booted)
{
    Disk *disk = self;
    const XpvRun run = { .id = id, .began = g_get_real_time() / G_USEC_PER_SEC, .is_resumed = !is_booted };
    g_hash_table_replace(disk->started, g_strdup(uuid), g_memdup2(&run, sizeof run));
}

static Guest *
add_guest(Disk *disk, const XpvDomainXml *xml, GPtrArray *disks)
{
    Guest *guest = g_new0(Guest, 1);
    guest->disk = disk;
    guest->uuid = xpv_intern(xml->uuid);
    guest->id = xml->id;
    guest->disks = g_ptr_array_ref(disks);
    guest->is_of_earlier_run = xml->id >= 0 && !xpv_booted_has(disk->booted, xml->uuid, xml->id);
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
    guest->again = 0;
    guest->is_read_again = FALSE;
    guest->is_of_earlier_run = TRUE;
    guest->awaited = request(guest, TRUE);
    g_clear_handle_id(&guest->again_timer, g_source_remove);
}

static void
set_disks(Guest *guest, GPtrArray *disks)
{
    gboolean is_same = has_same_disks(guest->disks, disks);
    g_ptr_array_unref(guest->disks);
    guest->disks = g_ptr_array_ref(disks);
    if (is_same)
        return;
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
    g_hash_table_remove(disk->started, uuid);
    xpv_booted_end(disk->booted, uuid);
    if (g_hash_table_remove(disk->guests, uuid))
        xpv_inspector_forget(disk->inspector, uuid);
}

/* Returns: (nullable) NULL: it has no disks to read */
static Guest *
find_guest(Disk *disk, const XpvDomainXml *xml)
{
    g_autoptr(GPtrArray) disks = find_disks(disk, xml);
    Guest *guest = g_hash_table_lookup(disk->guests, xml->uuid);
    if (disks->len == 0 || !is_wanted(xml)) {
        forget(disk, xml->uuid);
        return NULL;
    }
    if (!guest)
        return add_guest(disk, xml, disks);
    set_disks(guest, disks);
    if (guest->id != xml->id)
        set_id(guest, xml->id);
    return guest;
}

/* What was read before the run began tells nothing of it. */
static void
set_began(Guest *guest, XpvRun *run, gint64 began)
{
    if (run->began == began)
        return;
    run->began = began;
    xpv_booted_save_soon(guest->disk->booted);
    if (guest->awaited == 0 && guest->inspection && guest->inspection->inspected_at < began)
        request(guest, TRUE);
}

/* @began: by xenstore; 0: not known. Returns: (nullable) what is known of the run; NULL: it does not run */
static XpvRun *
find_run(Guest *guest, gint64 began)
{
    Disk *disk = guest->disk;
    if (guest->id < 0) {
        xpv_booted_end(disk->booted, guest->uuid);
        return NULL;
    }
    XpvRun *run = xpv_booted_run(disk->booted, guest->uuid, guest->id);
    const XpvRun *started = g_hash_table_lookup(disk->started, guest->uuid);
    if (started && started->id == guest->id) {
        run->is_seen = TRUE;
        run->is_resumed = started->is_resumed;
        set_began(guest, run, began > 0 ? began : started->began);
        g_hash_table_remove(disk->started, guest->uuid);
        xpv_booted_save_soon(disk->booted);
    } else if (began > 0) {
        set_began(guest, run, began);
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

/* Whether the run may have been restored while the daemon did not run, as the disks were mounted before it began; or
 * whether they are not mounted yet. */
static gboolean
was_mounted_before(const XpvRun *run, const XpvInspection *inspection)
{
    return !run->is_seen && inspection->mounted_at < run->began;
}

/* What the run booted never changes; but a later reading may find its package, if an earlier one found only its
 * release. */
static void
settle_run(Guest *guest, XpvRun *run, const XpvInspection *inspection)
{
    if (run->began <= 0 || run->is_resumed || inspection->inspected_at < run->began)
        return;
    if (was_mounted_before(run, inspection)) {
        read_again_later(guest, AGAIN_MAX);
        return;
    }
    if (inspection->boot_changed_at <= 0 || inspection->boot_changed_at >= run->began ||
        (run->kernel && !is_release_of_default(inspection, run->kernel)))
        return;
    g_autofree char *kernel = xpv_inspection_report(inspection);
    if (g_strcmp0(kernel, run->kernel) == 0)
        return;
    g_free(run->kernel);
    run->kernel = g_steal_pointer(&kernel);
    xpv_booted_save_soon(guest->disk->booted);
}

/* Returns: (nullable) the inspection, if it is valid for the domain as it is now */
static const XpvInspection *
find_speaking(const Guest *guest, const XpvRun *run)
{
    const XpvInspection *inspection = guest->inspection;
    gboolean may_be_old = run && inspection && (guest->is_of_earlier_run || inspection->inspected_at < run->began);
    return guest->awaited > 0 && may_be_old ? NULL : inspection;
}

/* @run, @inspection: (nullable). Returns: (nullable) (transfer full) */
static char *
find_report(const XpvRun *run, const XpvInspection *inspection)
{
    if (!run)
        return inspection ? xpv_inspection_report(inspection) : NULL;
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
ask(gpointer self, const XpvDomainXml *xml, XpvReported *reported)
{
    Guest *guest = find_guest(self, xml);
    if (!guest)
        return;
    tell_trouble(guest, xml);
    XpvRun *run = find_run(guest, reported->run_began);
    const XpvInspection *inspection = find_speaking(guest, run);
    reported->inspection = guest->inspection;
    if (!xml->boots_from_disk)
        return;
    if (run && inspection)
        settle_run(guest, run, inspection);
    if (!reported->report) {
        g_autofree char *report = find_report(run, inspection);
        xpv_reported_add(reported, report);
    } else if (inspection) {
        g_autofree char *packages = xpv_inspection_packages(inspection);
        xpv_reported_add(reported, packages);
    }
    if (!inspection)
        return;
    reported->boot_disk = find_boot_disk(guest);
    if (reported->system.kind == XPV_SYSTEM_UNKNOWN)
        reported->system = xpv_system_from_name("The guest's disk", inspection->distribution, inspection->release);
}

const XpvReportSource xpv_report_disk = {
    .start = start,
    .stop = stop,
    .ask = ask,
    .run_began = run_began,
    .forget = forget,
};
