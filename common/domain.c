/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/domain.h"

#include <string.h>

#include "common/names.h"
#include "common/text.h"

static guint64
changed_at(const char *verdict, const XpvDomain *previous, guint64 now)
{
    return previous && g_str_equal(previous->verdict, verdict) ? previous->changed_at : now;
}

/* Of domains whose disks were not read. */
static char *no_packages[] = { NULL };

static void
packages_free(char **packages)
{
    if (packages != no_packages)
        g_strfreev(packages);
}

/* The bootable ones. Free with packages_free(). */
static char **
installed_kernels(const XpvInspection *inspection)
{
    if (!inspection)
        return no_packages;
    g_autoptr(GStrvBuilder) packages = g_strv_builder_new();
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        if (*kernel->package != '\0')
            g_strv_builder_add(packages, kernel->package);
    }
    return g_strv_builder_end(packages);
}

/* Free with packages_free(). */
static char **
driver_packages(const XpvInspection *inspection)
{
    if (!inspection)
        return no_packages;
    g_autoptr(GStrvBuilder) packages = g_strv_builder_new();
    for (guint i = 0; i < inspection->driver_packages->len; i++)
        g_strv_builder_add(packages, inspection->driver_packages->pdata[i]);
    return g_strv_builder_end(packages);
}

XpvDomain *
xpv_domain_new(const XpvDomainStatus *status, const XpvGuest *guest, const XpvJudgement *judgement,
               const XpvDomain *previous)
{
    XpvDomain *domain = g_new0(XpvDomain, 1);
    domain->uuid = xpv_intern(guest->uuid ? guest->uuid : "");
    domain->name = xpv_text_clean(status->name, -1, 0);
    domain->id = guest->id;
    domain->state = status->state;
    domain->virtualization = xpv_virtualization_to_word(guest->virtualization);
    domain->kernel = xpv_intern(guest->report ? xpv_report_text(guest->report) : "");
    domain->kernel_source = status->kernel_source;
    domain->release = g_intern_string(judgement->release);
    domain->variant = judgement->variant;
    domain->processor = xpv_processor_to_word(judgement->processor);
    domain->required_host_architectures = xpv_archs_to_words(judgement->required_archs);
    domain->verdict = xpv_verdict_to_word(judgement->verdict);
    domain->reasons = xpv_reasons_to_words(judgement->reasons);
    domain->warnings = xpv_warnings_to_words(judgement->warnings);
    domain->explanation = xpv_intern(judgement->explanation);
    domain->remedy = xpv_intern(judgement->remedy);
    domain->driver_source = xpv_driver_source_to_word(judgement->driver_source);
    domain->drivers = xpv_drivers_to_word(xpv_guest_drivers(guest));
    domain->disk_drivers = xpv_drivers_to_word(guest->disk_drivers);
    domain->network_drivers = xpv_drivers_to_word(guest->network_drivers);
    domain->installed_kernels = installed_kernels(status->inspection);
    domain->driver_packages = driver_packages(status->inspection);
    domain->inspected_at = status->inspection ? (guint64)status->inspection->inspected_at * G_USEC_PER_SEC : 0;
    domain->acknowledged = status->acknowledged;
    domain->stale = status->stale;
    domain->changed_at = changed_at(domain->verdict, previous, status->now);
    domain->consequence = judgement->consequence;
    return domain;
}

void
xpv_domain_free(XpvDomain *domain)
{
    if (!domain)
        return;
    xpv_interned_release(domain->uuid);
    g_free(domain->name);
    xpv_interned_release(domain->kernel);
    packages_free(domain->installed_kernels);
    packages_free(domain->driver_packages);
    xpv_interned_release(domain->explanation);
    xpv_interned_release(domain->remedy);
    g_free(domain);
}

char *
xpv_domain_path(const char *uuid)
{
    char *path = g_strconcat(XPV_DOMAIN_PREFIX "/_", uuid, NULL);
    return g_strdelimit(path, "-", '_');
}

char *
xpv_domain_uuid_from_path(const char *path)
{
    if (!g_str_has_prefix(path, XPV_DOMAIN_PREFIX "/_"))
        return NULL;
    return g_strdelimit(g_strdup(path + strlen(XPV_DOMAIN_PREFIX "/_")), "_", '-');
}
