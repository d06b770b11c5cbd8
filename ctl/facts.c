/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/facts.h"

#include "common/domain.h"
#include "common/guide.h"
#include "common/text.h"
#include "common/this-host.h"
#include "ctl/phrases.h"

void
xpv_ctl_facts_of_this_host(XpvCtlFacts *ret_facts)
{
    *ret_facts = (XpvCtlFacts){
        .host = xpv_this_host(),
        .virtualization = XPV_VIRTUALIZATION_HVM,
        .kernel = xpv_this_kernel(),
    };
}

void
xpv_ctl_facts_of_no_host(XpvCtlFacts *ret_facts)
{
    g_autofree char *version = xpv_guide_version(xpv_guide_rhel(XPV_GUIDE_HOST_MAJOR), XPV_GUIDE_HOST_MINIMUM_UPDATE);
    *ret_facts = (XpvCtlFacts){
        .host = { .hypervisor = "Xen", .update = XPV_GUIDE_HOST_MINIMUM_UPDATE },
        .virtualization = XPV_VIRTUALIZATION_HVM,
        .kernel = g_strconcat(version, xpv_flavour_to_word(XPV_FLAVOUR_XEN), NULL),
    };
}

void
xpv_ctl_facts_clear(XpvCtlFacts *facts)
{
    g_clear_pointer(&facts->kernel, g_free);
}

gboolean
xpv_ctl_facts_set(XpvCtlFacts *facts, XpvFact fact, const char *value, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(value, -1);
    if (!xpv_facts_set(&facts->host, &facts->virtualization, xpv_fact_key(fact), valid, error))
        return FALSE;
    if (fact == XPV_FACT_HOST_KERNEL) {
        g_free(facts->kernel);
        facts->kernel = xpv_text_clean(valid, -1, XPV_TEXT_PUBLISHED_MAX);
    }
    return TRUE;
}

XpvCtlObject *
xpv_ctl_facts_judge(const XpvCtlFacts *facts, const XpvReport *report)
{
    const XpvGuest guest = { .id = -1, .virtualization = facts->virtualization, .report = report };
    const XpvDomainStatus status = { .name = "", .state = "", .kernel_source = "" };
    g_autoptr(XpvJudgement) judgement = xpv_judge(&facts->host, &guest);
    g_autoptr(XpvDomain) domain = xpv_domain_new(&status, &guest, judgement, NULL);
    return xpv_ctl_object_of_report(domain);
}

XpvCtlObject *
xpv_ctl_facts_host(const XpvCtlFacts *facts)
{
    g_autofree char *release = xpv_host_release(facts->host.update);
    GVariantDict host;
    g_variant_dict_init(&host, NULL);
    g_variant_dict_insert(&host, "HostKernel", "s", facts->kernel);
    g_variant_dict_insert(&host, "HostArchitecture", "s", xpv_arch_to_word(facts->host.architecture));
    g_variant_dict_insert(&host, "HostProcessor", "s", xpv_processor_to_word(facts->host.processor));
    g_variant_dict_insert(&host, "HostRelease", "s", release);
    return xpv_ctl_object_new(&xpv_ctl_host_interface, g_variant_dict_end(&host));
}

char *
xpv_ctl_facts_summary(const XpvCtlFacts *facts, const XpvCtlTally *tally, const char *noun)
{
    g_autoptr(XpvCtlObject) host = xpv_ctl_facts_host(facts);
    g_autofree char *text = xpv_ctl_host_text(host);
    g_autofree char *counts = xpv_ctl_tally_text(tally, noun);
    return g_strdup_printf("%s — as on a Xen host, %s", counts, text);
}
