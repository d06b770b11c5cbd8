/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metrics for Prometheus. The output is valid in its text format, which node_exporter reads, and in OpenMetrics: all
 * are gauges, as the text format has no "info"; the "# EOF" at the end is a comment in it.
 *
 * If the daemon does not answer, there is only xenpv_compat_up 0. This verb does not start the daemon: an admin may
 * have stopped it, and watching must not change that. */
#include <string.h>

#include "common/report-sources.h"
#include "common/text.h"
#include "common/words.h"
#include "ctl/bus.h"
#include "ctl/verbs.h"

#define PREFIX "xenpv_compat_"

static void
append_family(GString *text, const char *name, const char *help)
{
    g_string_append_printf(text, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s gauge\n", name, help, name);
}

/* A figure that is 1 or 0. */
static void
append_flag(GString *text, const char *name, const char *help, gboolean value)
{
    append_family(text, name, help);
    g_string_append_printf(text, PREFIX "%s %d\n", name, value);
}

/* @value: (transfer full) safe for a terminal, so without a newline; guests can write parts of it */
static void
append_label(GString *text, char separator, const char *name, char *value)
{
    g_autofree char *taken = value;
    g_string_append_printf(text, "%c%s=\"", separator, name);
    for (const char *p = taken; *p != '\0'; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *p);
    }
    g_string_append_c(text, '"');
}

static void
append_host(GString *text, const XpvCtlObject *host)
{
    append_family(text, "build_info", "The version of xenpv-compatd.");
    g_string_append(text, PREFIX "build_info");
    append_label(text, '{', "version", xpv_ctl_object_text(host, XPV_CTL_HOST_VERSION));
    g_string_append(text, "} 1\n");

    append_flag(text, "connected", "Whether libvirt answers; while it does not, all is as of the last update.",
                xpv_ctl_object_boolean(host, XPV_CTL_HOST_CONNECTED));
    append_flag(text, "disks_read", "Whether the disks of fully virtualized guests are read.",
                xpv_ctl_object_boolean(host, XPV_CTL_HOST_DISKS_READ));

    guint64 last_update = g_variant_get_uint64(host->values[XPV_CTL_HOST_LAST_UPDATE]);
    append_family(text, "last_update_timestamp_seconds",
                  "When the last refresh of all domains ended; 0 before the first. Events update domains after it.");
    g_string_append_printf(text, PREFIX "last_update_timestamp_seconds %" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT "\n",
                           last_update / G_USEC_PER_SEC, last_update % G_USEC_PER_SEC);
}

static void
append_counts(GString *text, const XpvCtlObject *host)
{
    append_family(text, "domains", "Domains by verdict, running or not.");
    GVariantIter iter;
    const char *verdict;
    guint32 count;
    g_variant_iter_init(&iter, host->values[XPV_CTL_HOST_COUNTS]);
    while (g_variant_iter_next(&iter, "{&su}", &verdict, &count)) {
        g_string_append(text, PREFIX "domains");
        append_label(text, '{', "verdict", xpv_text_clean(verdict, -1, 0));
        g_string_append_printf(text, "} %u\n", count);
    }
}

/* By who reports it. */
static void
append_sources(GString *text, const GPtrArray *domains)
{
    g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
#define ZERO(constant, object, word) g_hash_table_insert(counts, g_strdup(word), GUINT_TO_POINTER(0));
    XPV_REPORT_SOURCES(ZERO)
#undef ZERO
    for (guint i = 0; i < domains->len; i++) {
        char *source = xpv_ctl_object_text(domains->pdata[i], XPV_CTL_DOMAIN_KERNEL_SOURCE);
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, source));
        g_hash_table_insert(counts, source, GUINT_TO_POINTER(count + 1));
    }
    g_hash_table_remove(counts, ""); /* no report */

    append_family(text, "reports", "Domains with a report of their kernel, by its source.");
    g_autoptr(GList) sources = g_list_sort(g_hash_table_get_keys(counts), (GCompareFunc)strcmp);
    for (const GList *link = sources; link; link = link->next) {
        g_string_append(text, PREFIX "reports");
        append_label(text, '{', "source", g_strdup(link->data));
        g_string_append_printf(text, "} %u\n", GPOINTER_TO_UINT(g_hash_table_lookup(counts, link->data)));
    }
}

/* Whether there is an alert about it. A domain with an id runs. */
static gboolean
is_incompatible_run(const XpvCtlObject *domain)
{
    return g_variant_get_int32(domain->values[XPV_CTL_DOMAIN_ID]) >= 0 &&
           g_str_equal(xpv_ctl_object_string(domain, XPV_CTL_DOMAIN_VERDICT),
                       xpv_verdict_to_word(XPV_VERDICT_INCOMPATIBLE));
}

/* The acknowledgement is the value, not a label, so that it does not begin another series. */
static void
append_domains(GString *text, const GPtrArray *domains)
{
    append_family(text, "incompatible_domain",
                  "A running domain that is incompatible: 1, or 0 where an admin has acknowledged it.");
    for (guint i = 0; i < domains->len; i++) {
        const XpvCtlObject *domain = domains->pdata[i];
        if (!is_incompatible_run(domain))
            continue;
        g_string_append(text, PREFIX "incompatible_domain");
        append_label(text, '{', "name", xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_NAME));
        append_label(text, ',', "uuid", xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_UUID));
        append_label(text, ',', "kernel", xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_KERNEL));
        append_label(text, ',', "reasons", xpv_ctl_object_text(domain, XPV_CTL_DOMAIN_REASONS));
        g_string_append_printf(text, "} %d\n", !xpv_ctl_object_boolean(domain, XPV_CTL_DOMAIN_ACKNOWLEDGED));
    }
}

/* Returns: (transfer full) never NULL. If the daemon does not answer, it also sets @error. */
static char *
read_metrics(const char *remote, GError **error)
{
    GString *text = g_string_new(NULL);
    g_autoptr(GDBusConnection) connection = xpv_ctl_bus_open(remote, error);
    gboolean is_up = connection && xpv_ctl_bus_ping(connection, error);
    g_autoptr(XpvCtlObject) host = is_up ? xpv_ctl_bus_host(connection, error) : NULL;
    g_autoptr(GPtrArray) domains = host ? xpv_ctl_bus_domains(connection, error) : NULL;

    append_flag(text, "up", "Whether xenpv-compatd answers.", domains != NULL);
    if (domains) {
        append_host(text, host);
        append_counts(text, host);
        append_sources(text, domains);
        append_domains(text, domains);
    }
    g_string_append(text, "# EOF\n");
    return g_string_free(text, FALSE);
}

/* Replaces the file in one step, as it may be read at any time. */
static gboolean
replace_file(const char *path, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        /* Otherwise root would replace even /dev/null. */
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "cannot replace %s: it is not a regular file", path);
        return FALSE;
    }
    if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &cause))
        return TRUE;
    g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_IO, "cannot replace the file: %s", cause->message);
    return FALSE;
}

static gboolean
run(XpvCtl *ctl, XpvCtlExit *ret_status, GError **error)
{
    g_autoptr(GError) unreachable = NULL;
    g_autofree char *text = read_metrics(ctl->host, &unreachable);
    if (!ctl->output_file)
        xpv_ctl_output_write(&ctl->output, text);
    else if (!replace_file(ctl->output_file, text, error))
        return FALSE;

    if (!unreachable)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&unreachable));
    return FALSE;
}

const XpvCtlVerb xpv_ctl_verb_metrics = {
    .name = "metrics",
    .description = "Metrics for Prometheus; does not start the daemon",
    .takes = XPV_CTL_TAKES_HOST | XPV_CTL_TAKES_OUTPUT,
    .run = run,
};
