/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's hook for its libxl driver: "gate DOMAIN OPERATION SUB-OPERATION EXTRA", with the domain's XML on standard
 * input (docs/hooks.html of libvirt).
 *
 * libvirt waits for the gate. So it calls neither libvirt nor the daemon, and ends within a few seconds. libvirt takes
 * any exit status but 0 for a refusal. So a domain that cannot be judged starts, and xpv_ctl_run() makes sure that the
 * status is 0 or 1. */
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "common/build.h"
#include "common/inspection-report.h"
#include "common/judge.h"
#include "common/kernels-conf.h"
#include "common/key-file.h"
#include "common/names.h"
#include "common/report-sources.h"
#include "ctl/facts.h"
#include "ctl/inspector.h"
#include "ctl/verbs.h"

/* As long as libvirt takes a string from a client (VIR_NET_MESSAGE_STRING_MAX); a real domain's XML has kilobytes. */
#define XML_MAX (4 * 1024 * 1024)

/* libvirt holds the domain meanwhile. */
#define DEADLINE_SECONDS 5

/* The first operation of a start; of the others, a failure of "reconnect" kills a domain that runs. */
static gboolean
is_start(char **arguments)
{
    return g_strv_length(arguments) >= 4 && g_str_equal(arguments[1], "prepare") && g_str_equal(arguments[2], "begin");
}

static void
on_deadline(int number)
{
    _exit(XPV_CTL_EXIT_COMPATIBLE);
}

static void
set_deadline(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    signal(SIGALRM, on_deadline);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    alarm(DEADLINE_SECONDS);
}

static char *
read_xml(GError **error)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    char buffer[16384];
    gssize n;
    while ((n = read(STDIN_FILENO, buffer, sizeof buffer)) > 0) {
        g_string_append_len(xml, buffer, n);
        if (xml->len > XML_MAX) {
            g_set_error_literal(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "its XML is longer than any real domain's");
            return NULL;
        }
    }
    if (n < 0) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "cannot read standard input: %s", g_strerror(errno));
        return NULL;
    }
    return g_string_free(g_steal_pointer(&xml), FALSE);
}

/* Returns: (nullable) an empty one if the file is missing */
static GKeyFile *
load(const char *path, GKeyFileFlags flags, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) cause = NULL;
    if (!xpv_key_file_load(file, path, flags, NULL, &cause) &&
        !g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "cannot read %s: %s", path, cause->message);
        return NULL;
    }
    return g_steal_pointer(&file);
}

/* What the daemon's configuration states of this host. */
static gboolean
take_configuration(XpvCtlFacts *facts, GError **error)
{
    static const XpvFact of_host[] = { XPV_FACT_HOST_KERNEL, XPV_FACT_HOST_ARCHITECTURE, XPV_FACT_HOST_PROCESSOR };
    g_autoptr(GKeyFile) file = load(XPV_CONFIG_PATH, G_KEY_FILE_KEEP_TRANSLATIONS, error);
    if (!file)
        return FALSE;
    g_autofree char *uri = g_key_file_get_string(file, XPV_CONFIG_GROUP, "uri", NULL);
    if (uri && !xpv_uri_is_local(uri))
        return TRUE; /* that configuration is for another host, which the daemon watches from here */

    for (guint i = 0; i < G_N_ELEMENTS(of_host); i++) {
        const char *key = xpv_fact_key(of_host[i]);
        if (!g_key_file_has_key(file, XPV_CONFIG_GROUP, key, NULL))
            continue;
        g_autoptr(GError) wrong = NULL;
        g_autofree char *value = g_key_file_get_string(file, XPV_CONFIG_GROUP, key, &wrong);
        if (wrong || !xpv_ctl_facts_set(facts, of_host[i], value, &wrong)) {
            g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "%s: %s", XPV_CONFIG_PATH, wrong->message);
            return FALSE;
        }
    }
    return TRUE;
}

/* What is known of a domain that is to start. */
typedef struct {
    const XpvDomainXml *xml;
    char *written;             /* (nullable) in kernels.conf */
    XpvInspection *inspection; /* (nullable) of its disks */
} Domain;

static void
domain_clear(Domain *domain)
{
    g_free(domain->written);
    g_clear_pointer(&domain->inspection, xpv_inspection_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Domain, domain_clear)

/* Returns: (nullable) (transfer full) */
static char *
report_from(XpvReportsFrom source, const Domain *domain)
{
    switch (source) {
    case XPV_REPORTS_FROM_METADATA:
        return g_strdup(domain->xml->metadata_kernel);
    case XPV_REPORTS_FROM_FILE:
        return g_strdup(domain->written);
    case XPV_REPORTS_FROM_DIRECT_BOOT:
        return g_strdup(domain->xml->boot_kernel);
    case XPV_REPORTS_FROM_DISK:
        return domain->inspection ? xpv_inspection_report(domain->inspection) : NULL;
    default: /* it reports running domains only */
        return NULL;
    }
}

/* @text: (nullable) (transfer full) */
static void
add_report(GPtrArray *reports, char *text)
{
    g_autofree char *taken = text;
    XpvReport *report = taken ? xpv_report_parse(taken, -1) : NULL;
    if (report)
        g_ptr_array_add(reports, report);
}

/* Returns: of XpvReport, in the order in which they are believed */
static GPtrArray *
find_reports(const Domain *domain)
{
    GPtrArray *reports = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_report_free);
    for (guint i = 0; i < XPV_N_REPORT_SOURCES; i++)
        add_report(reports, report_from((XpvReportsFrom)i, domain));
    return reports;
}

static XpvJudgement *
judge_domain(const XpvHost *host, const Domain *domain)
{
    g_autoptr(GPtrArray) others = find_reports(domain);
    g_autoptr(XpvReport) report = others->len > 0 ? g_ptr_array_steal_index(others, 0) : NULL;
    if (domain->inspection)
        add_report(others, xpv_inspection_packages(domain->inspection));
    const XpvGuest guest = {
        .uuid = domain->xml->uuid,
        .id = domain->xml->id,
        .virtualization = domain->xml->virtualization,
        .arch = domain->xml->arch,
        .report = report,
        .others = others,
    };
    return xpv_judge(host, &guest);
}

/* If disks cannot be read, the domain is judged without them. */
static void
read_disks(Domain *domain)
{
    g_autoptr(GError) error = NULL;
    const GPtrArray *disks = domain->xml->disks;
    if (!domain->xml->boots_from_disk || !disks || disks->len == 0)
        return;
    domain->inspection = xpv_ctl_inspect(disks, &error);
    if (!error)
        return;
    g_autofree char *sentence =
        g_strdup_printf("domain %s is judged without its disks: %s", domain->xml->name, error->message);
    xpv_ctl_complain(sentence);
}

/* Returns: (nullable) the sentence that refuses the start; NULL: the domain may start, also if @error is set */
static char *
refuse(const XpvDomainXml *xml, GError **error)
{
    g_auto(XpvCtlFacts) facts = { 0 };
    g_autofree char *path = xpv_kernels_conf_path(XPV_CONFIG_PATH);
    g_autoptr(GKeyFile) kernels = load(path, G_KEY_FILE_NONE, error);
    xpv_ctl_facts_of_this_host(&facts);
    if (!kernels || !take_configuration(&facts, error))
        return NULL;
    if (xml->acknowledged || xpv_kernels_conf_acknowledges(kernels, xml))
        return NULL;

    /* Reports from disks have the lowest rank and only narrow the other ones, so they cannot change a known verdict. */
    g_auto(Domain) domain = { xml, xpv_kernels_conf_report(kernels, xml), NULL };
    g_autoptr(XpvJudgement) judgement = judge_domain(&facts.host, &domain);
    if (judgement->verdict == XPV_VERDICT_UNKNOWN) {
        read_disks(&domain);
        xpv_judgement_free(judgement);
        judgement = judge_domain(&facts.host, &domain);
    }
    if (judgement->verdict != XPV_VERDICT_INCOMPATIBLE)
        return NULL;
    return g_strdup_printf(
        "domain %s may not start with a kernel that is not supported with para-virtualized drivers on "
        "this host: %s %s To start it all the same, write %s=true into the group [" XPV_KERNELS_CONF_ACKNOWLEDGED
        "] of %s.",
        xml->name, judgement->explanation, judgement->remedy, xml->uuid, path);
}

static char *
judge(GError **error)
{
    g_autofree char *text = read_xml(error);
    g_autoptr(XpvDomainXml) domain = text ? xpv_domain_xml_parse(text, error) : NULL;
    return domain ? refuse(domain, error) : NULL;
}

static gboolean
run(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    if (!is_start(ctl->arguments))
        return TRUE;

    g_autoptr(GError) cause = NULL;
    set_deadline();
    g_autofree char *refusal = judge(&cause);
    if (cause) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "domain %s is not judged and may start: %s",
                    ctl->arguments[0], cause->message);
        return FALSE;
    }
    if (refusal) {
        xpv_ctl_complain(refusal);
        *ret_status = XPV_CTL_EXIT_INCOMPATIBLE;
    }
    return TRUE;
}

const XpvCtlVerb xpv_ctl_verb_gate = {
    .name = XPV_CTL_GATE,
    .argument = "ARGUMENT…",
    .description = "As libvirt's hook: refuse to start an incompatible domain",
    .maximum = G_MAXUINT,
    .run = run,
};
