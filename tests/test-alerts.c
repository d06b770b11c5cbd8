/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Alerts: what is sent, when and how often, and what the file remembers. */
#include "daemon/alerts.h"

#include <glib/gstdio.h>
#include <sys/stat.h>

#include "tests/expect.h"
#include "tests/logged.h"
#include "tests/loop.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define UUID_2 "5b1a3c10-0000-4000-8000-000000000002"
#define UUID_3 "5b1a3c10-0000-4000-8000-000000000003"

/* Any alert, and any end of one. */
static char *any_alert, *any_end;

typedef struct {
    char *folder, *path, *new_path;
    XpvAlerts *alerts;
    GHashTable *domains; /* UUID → XpvDomain: all that exist */
    GPtrArray *alerted;  /* of char *: "name id kernel" */
    gboolean is_bus_slow;
    guint n_told_asked;
    guint n_written; /* runs in the new file (not yet in place) at the last alert */
    gboolean was_in_place;
} Fixture;

/* A message begins with the subject that the journal's catalog has for it. Returns: (transfer full) */
static char *
message_of(const char *message_id, const char *name, const char *rest)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "systemd", "xenpv-compat.catalog.in", NULL);
    g_autofree char *head = g_strdup_printf("-- %s\nSubject: ", message_id);
    g_autofree char *catalog = NULL;
    g_assert_true(g_file_get_contents(path, &catalog, NULL, NULL));
    const char *entry = strstr(catalog, head);
    g_assert_nonnull(entry);
    g_auto(GStrv) lines = g_strsplit(entry + strlen(head), "\n", 2);
    g_auto(GStrv) parts = g_strsplit(lines[0], "@XENPV_DOMAIN_NAME@", -1);
    g_autofree char *subject = g_strjoinv(name, parts);
    return g_strconcat(subject, ": ", rest, NULL);
}

/* Makes a domain that has only the members that alerts use. */
static XpvDomain *
make(const char *uuid, gint id, const char *verdict)
{
    static const char *no_reasons[] = { NULL };
    static const char *two_reasons[] = { "guest-release-unsupported", "host-architecture-mismatch", NULL };
    gboolean is_incompatible = g_str_equal(verdict, "incompatible");
    XpvDomain *domain = g_new0(XpvDomain, 1);
    domain->uuid = (char *)uuid;
    domain->name = (char *)"guest";
    domain->id = id;
    domain->kernel = (char *)(is_incompatible ? "2.4.21-4.EL" : "2.6.18-398.el5");
    domain->verdict = g_intern_string(verdict);
    domain->reasons = is_incompatible ? two_reasons : no_reasons;
    domain->explanation = (char *)(is_incompatible ? "It is too old." : "All is well.");
    domain->remedy = (char *)"Update it.";
    domain->kernel_source = "metadata";
    domain->consequence = "";
    return domain;
}

static guint
count_groups(const char *path)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL))
        return 0;
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    return g_strv_length(groups);
}

/* The functions of the daemon that alerts call. They replace the real ones: the publisher and the registry are both the
 * fixture. */

void
xpv_publisher_alert(XpvPublisher *publisher, const XpvDomain *domain)
{
    Fixture *f = (Fixture *)publisher;
    g_assert_nonnull(domain);
    f->n_written = count_groups(f->new_path);
    f->was_in_place = g_file_test(f->path, G_FILE_TEST_EXISTS);
    g_ptr_array_add(f->alerted, g_strdup_printf("%s %d %s", domain->name, domain->id, domain->kernel));
}

gboolean
xpv_publisher_is_told(XpvPublisher *publisher)
{
    Fixture *f = (Fixture *)publisher;
    f->n_told_asked++;
    return !f->is_bus_slow;
}

const XpvDomain *
xpv_registry_lookup(XpvRegistry *registry, const char *uuid)
{
    return g_hash_table_lookup(((Fixture *)registry)->domains, uuid);
}

GPtrArray *
xpv_registry_list(XpvRegistry *registry)
{
    GPtrArray *domains = g_ptr_array_new();
    GHashTableIter iter;
    gpointer domain;
    g_hash_table_iter_init(&iter, ((Fixture *)registry)->domains);
    while (g_hash_table_iter_next(&iter, NULL, &domain))
        g_ptr_array_add(domains, domain);
    return domains;
}

const XpvHostProperties *
xpv_host_state_get(const XpvHostState *state)
{
    static const XpvHostProperties host = { .host_architecture = (char *)"x86_64" };
    return &host;
}

static void
start(Fixture *f)
{
    f->alerts = xpv_alerts_new(f->folder, (XpvPublisher *)f, (XpvRegistry *)f, NULL);
}

static void
begin(Fixture *f)
{
    xpv_alerts_begin(f->alerts);
    settle();
}

/* Restarts the alerts, as a restart of the daemon does. */
static void
restart(Fixture *f)
{
    g_clear_pointer(&f->alerts, xpv_alerts_free);
    start(f);
    begin(f);
}

static void
set_up(Fixture *f, gconstpointer data)
{
    f->folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "alerts", NULL);
    f->new_path = g_build_filename(f->folder, "alerts.new", NULL);
    f->domains = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    f->alerted = g_ptr_array_new_with_free_func(g_free);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_autofree char *aside = g_strconcat(f->path, ".corrupt", NULL);
    xpv_alerts_free(f->alerts);
    g_assert_null(g_main_context_find_source_by_user_data(NULL, f->alerts)); /* no source outlives the alerts */
    guint told_asked = f->n_told_asked;
    f->is_bus_slow = FALSE;
    settle();
    g_assert_cmpuint(f->n_told_asked, ==, told_asked);
    expect_nothing_logged();
    g_assert_cmpuint(f->alerted->len, ==, 0);
    g_unlink(f->path);
    g_unlink(f->new_path);
    g_unlink(aside);
    g_rmdir(f->folder);
    g_free(f->folder);
    g_free(f->path);
    g_free(f->new_path);
    g_hash_table_unref(f->domains);
    g_ptr_array_unref(f->alerted);
}

/* Adds or changes a domain, in the way that the registry reports it. @after: (transfer full) */
static void
change(Fixture *f, XpvDomain *after)
{
    XpvDomain *before = NULL;
    g_hash_table_steal_extended(f->domains, after->uuid, NULL, (gpointer *)&before);
    g_hash_table_insert(f->domains, after->uuid, after);
    if (f->alerts && before)
        xpv_alerts_domain_changing(f->alerts, before);
    if (f->alerts)
        xpv_alerts_domain_changed(f->alerts, before, after);
    g_free(before);
}

static void
remove_domain(Fixture *f, const char *uuid)
{
    const XpvDomain *before = g_hash_table_lookup(f->domains, uuid);
    xpv_alerts_domain_changing(f->alerts, before);
    xpv_alerts_domain_changed(f->alerts, before, NULL);
    g_hash_table_remove(f->domains, uuid);
}

/* expect_alerts: since the last call, that many alerts came on the bus and in the log, and that many notices that one
 * is over. */
static void
expect_alerts(Fixture *f, guint alerts, guint cleared)
{
    settle();
    g_assert_cmpuint(f->alerted->len, ==, alerts);
    g_ptr_array_set_size(f->alerted, 0);
    for (guint i = 0; i < alerts; i++)
        expect_logged(G_LOG_LEVEL_WARNING, any_alert);
    for (guint i = 0; i < cleared; i++)
        expect_logged(G_LOG_LEVEL_MESSAGE, any_end);
    expect_nothing_logged();
}

/* Begins with a domain that is alerted, and the alert saved. */
static void
begin_alerted(Fixture *f)
{
    change(f, make(UUID, 1, "incompatible"));
    start(f);
    begin(f);
    expect_alerts(f, 1, 0);
    g_assert_cmpuint(count_groups(f->path), ==, 1);
}

static void
expect_fields(const LogEntry *entry, const char *const *expected)
{
    guint n_fields = 0;
    GHashTableIter iter;
    gpointer key;
    for (guint i = 0; expected[i]; i += 2) {
        expect(expected[i], log_field(entry, expected[i]), expected[i + 1]);
        n_fields += g_str_has_prefix(expected[i], "XENPV_");
    }
    g_hash_table_iter_init(&iter, entry->fields);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        n_fields -= g_str_has_prefix(key, "XENPV_");
    g_assert_cmpuint(n_fields, ==, 0);
}

static void
test_fields(Fixture *f, gconstpointer data)
{
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    settle();
    g_assert_cmpuint(f->alerted->len, ==, 1);
    g_assert_cmpstr(f->alerted->pdata[0], ==, "guest 1 2.4.21-4.EL");
    g_ptr_array_set_size(f->alerted, 0);
    g_autoptr(LogEntry) alerted = log_take(G_LOG_LEVEL_WARNING, "*");
    g_assert_nonnull(alerted);
    g_autofree char *message = message_of(XPV_MESSAGE_ID_INCOMPATIBLE, "guest", "It is too old. Update it.");
    const char *const alert_fields[] = { "MESSAGE",
                                         message,
                                         "MESSAGE_ID",
                                         "8f0c6c5a2d5b4a0e9d5f1f4a7b3e6c21",
                                         "PRIORITY",
                                         "4",
                                         "XENPV_DOMAIN_NAME",
                                         "guest",
                                         "XENPV_DOMAIN_UUID",
                                         UUID,
                                         "XENPV_KERNEL",
                                         "2.4.21-4.EL",
                                         "XENPV_KERNEL_SOURCE",
                                         "metadata",
                                         "XENPV_VERDICT",
                                         "incompatible",
                                         "XENPV_REASONS",
                                         "guest-release-unsupported host-architecture-mismatch",
                                         "XENPV_REMEDY",
                                         "Update it.",
                                         "XENPV_HOST_ARCHITECTURE",
                                         "x86_64",
                                         NULL };
    expect_fields(alerted, alert_fields);

    change(f, make(UUID, 1, "compatible"));
    g_autoptr(LogEntry) ended = log_take(G_LOG_LEVEL_MESSAGE, "*");
    g_assert_nonnull(ended);
    g_autofree char *end_message = message_of(XPV_MESSAGE_ID_CLEARED, "guest", "All is well.");
    const char *const cleared_fields[] = { "MESSAGE",
                                           end_message,
                                           "MESSAGE_ID",
                                           "3a7e2b9c41d84f6fb0c5d28e96a1f073",
                                           "PRIORITY",
                                           "5",
                                           "XENPV_DOMAIN_NAME",
                                           "guest",
                                           "XENPV_DOMAIN_UUID",
                                           UUID,
                                           "XENPV_KERNEL",
                                           "2.6.18-398.el5",
                                           "XENPV_KERNEL_SOURCE",
                                           "metadata",
                                           "XENPV_VERDICT",
                                           "compatible",
                                           "XENPV_REASONS",
                                           "",
                                           "XENPV_HOST_ARCHITECTURE",
                                           "x86_64",
                                           NULL };
    expect_fields(ended, cleared_fields);
}

static void
test_consequence(Fixture *f, gconstpointer data)
{
    XpvDomain *domain = make(UUID, 1, "incompatible");
    start(f);
    begin(f);
    domain->consequence = "It will not load.";
    change(f, domain);
    settle();
    g_autoptr(LogEntry) alerted = log_take(G_LOG_LEVEL_WARNING, "*");
    g_assert_nonnull(alerted);
    g_autofree char *message =
        message_of(XPV_MESSAGE_ID_INCOMPATIBLE, "guest", "It is too old. It will not load. Update it.");
    g_assert_cmpstr(log_field(alerted, "MESSAGE"), ==, message);
    g_ptr_array_set_size(f->alerted, 0);
}

/* The log entry of a run that has ended has no kernel and verdict. */
static void
expect_run_ended(void)
{
    g_autoptr(LogEntry) ended = log_take(G_LOG_LEVEL_MESSAGE, "*");
    g_assert_nonnull(ended);
    g_autofree char *message = message_of(XPV_MESSAGE_ID_CLEARED, "guest", "that run has ended.");
    const char *const cleared_fields[] = { "MESSAGE",
                                           message,
                                           "MESSAGE_ID",
                                           "3a7e2b9c41d84f6fb0c5d28e96a1f073",
                                           "XENPV_DOMAIN_NAME",
                                           "guest",
                                           "XENPV_DOMAIN_UUID",
                                           UUID,
                                           "XENPV_KERNEL",
                                           "",
                                           "XENPV_KERNEL_SOURCE",
                                           "",
                                           "XENPV_VERDICT",
                                           "",
                                           "XENPV_REASONS",
                                           "",
                                           "XENPV_HOST_ARCHITECTURE",
                                           "x86_64",
                                           NULL };
    expect_fields(ended, cleared_fields);
}

static void
test_fields_of_gone_domain(Fixture *f, gconstpointer data)
{
    begin_alerted(f);
    remove_domain(f, UUID);
    expect_run_ended();
}

/* The entry for the ended run does not have the next run's kernel and verdict. */
static void
test_fields_before_next_run(Fixture *f, gconstpointer data)
{
    begin_alerted(f);
    change(f, make(UUID, 2, "incompatible"));
    expect_run_ended();
    expect_alerts(f, 1, 0);
}

/* Alerts that are due before xpv_alerts_begin() are sent when it is called. */
static void
test_nothing_before_begin(Fixture *f, gconstpointer data)
{
    start(f);
    change(f, make(UUID, 1, "incompatible"));
    change(f, make(UUID_2, 2, "incompatible"));
    change(f, make(UUID_3, -1, "incompatible"));
    xpv_alerts_refreshed(f->alerts);
    expect_alerts(f, 0, 0);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
    remove_domain(f, UUID_2);
    begin(f);
    expect_alerts(f, 1, 0);
}

static void
test_once_per_run(Fixture *f, gconstpointer data)
{
    begin_alerted(f);
    change(f, make(UUID, 1, "incompatible"));
    xpv_alerts_refreshed(f->alerts);
    expect_alerts(f, 0, 0);

    /* An unknown verdict does not end the alert, nor does an acknowledgement. */
    change(f, make(UUID, 1, "unknown"));
    change(f, make(UUID, 1, "not-applicable"));
    XpvDomain *acknowledged = make(UUID, 1, "incompatible");
    acknowledged->acknowledged = TRUE;
    change(f, acknowledged);
    change(f, make(UUID, 1, "incompatible"));
    expect_alerts(f, 0, 0);

    /* A run has at most one alert and one clearing. */
    change(f, make(UUID, 1, "compatible"));
    expect_alerts(f, 0, 1);
    change(f, make(UUID, 1, "incompatible"));
    change(f, make(UUID, 1, "compatible"));
    change(f, make(UUID, -1, "incompatible"));
    expect_alerts(f, 0, 0);

    /* The next run has its own. A reboot may show only as another id. */
    change(f, make(UUID, 2, "incompatible"));
    expect_alerts(f, 1, 0);
    change(f, make(UUID, 3, "incompatible"));
    expect_alerts(f, 1, 1);
    change(f, make(UUID, 4, "compatible"));
    expect_alerts(f, 0, 1);
    change(f, make(UUID, -1, "unknown"));
    expect_alerts(f, 0, 0);
    g_assert_cmpuint(count_groups(f->path), ==, 0);
}

static void
test_acknowledged(Fixture *f, gconstpointer data)
{
    XpvDomain *acknowledged = make(UUID, 1, "incompatible");
    acknowledged->acknowledged = TRUE;
    change(f, acknowledged);
    start(f);
    begin(f);
    expect_alerts(f, 0, 0);
    change(f, make(UUID, 1, "incompatible"));
    expect_alerts(f, 1, 0);
}

static void
test_only_running(Fixture *f, gconstpointer data)
{
    change(f, make(UUID, -1, "incompatible"));
    start(f);
    begin(f);
    expect_alerts(f, 0, 0);
    change(f, make(UUID, 0, "incompatible"));
    expect_alerts(f, 1, 0);
}

static void
test_survives(Fixture *f, gconstpointer data)
{
    begin_alerted(f);
    change(f, make(UUID_2, 7, "incompatible"));
    expect_alerts(f, 1, 0);
    change(f, make(UUID_2, 7, "compatible"));
    expect_alerts(f, 0, 1);
    restart(f);
    xpv_alerts_refreshed(f->alerts);
    expect_alerts(f, 0, 0);
    change(f, make(UUID_2, 7, "incompatible")); /* the file also remembers that the alert was cleared */
    expect_alerts(f, 0, 0);
    restart(f);
    change(f, make(UUID_2, 7, "compatible"));
    expect_alerts(f, 0, 0);

    /* Only root may read the file, as it has guests' names. */
    struct stat status;
    g_assert_cmpint(stat(f->path, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 0777, ==, 0600);

    /* A run that ended while the daemon was away is reported afterwards. */
    g_clear_pointer(&f->alerts, xpv_alerts_free);
    change(f, make(UUID, 2, "incompatible"));
    g_hash_table_remove(f->domains, UUID_2);
    start(f);
    begin(f);
    xpv_alerts_refreshed(f->alerts);
    expect_alerts(f, 1, 1);
}

/* A run that ended while the daemon was away is reported, even if no other run is alerted. */
static void
test_ends_meanwhile(Fixture *f, gconstpointer data)
{
    begin_alerted(f);
    g_clear_pointer(&f->alerts, xpv_alerts_free);
    g_hash_table_remove_all(f->domains);
    start(f);
    xpv_alerts_refreshed(f->alerts);
    expect_alerts(f, 0, 0);
    g_assert_cmpuint(count_groups(f->path), ==, 1);
    begin(f);
    expect_alerts(f, 0, 1);
    restart(f);
    xpv_alerts_refreshed(f->alerts);
    expect_alerts(f, 0, 0);
}

static void
test_names_survive(Fixture *f, gconstpointer data)
{
    static const char *const names[] = { "", " ", "a=b", "[x]", "#", "tab\tand\\n", "\xf0\x9f\x90\xa7", "a;b" };
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        XpvDomain *domain = make(UUID, (gint)i, "incompatible");
        domain->name = (char *)names[i];
        change(f, domain);
        restart(f);
        expect_alerts(f, 1, 0);
        restart(f);
        change(f, make(UUID, (gint)i, "compatible"));
        g_autoptr(LogEntry) entry = log_take(G_LOG_LEVEL_MESSAGE, any_end);
        expect(names[i], log_field(entry, "XENPV_DOMAIN_NAME"), names[i]);
    }
}

/* Alerts are written to a new file before they are sent. The file is put in place once the bus has them. */
static void
test_not_in_place_before_told(Fixture *f, gconstpointer data)
{
    f->is_bus_slow = TRUE;
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    change(f, make(UUID_2, 2, "incompatible"));
    wait_until(f->n_told_asked > 3); /* it asks again whether the bus has them */
    expect_alerts(f, 2, 0);
    g_assert_cmpuint(f->n_written, ==, 2);
    g_assert_false(f->was_in_place);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(count_groups(f->new_path), ==, 2);

    /* If the daemon is killed now, it alerts again. */
    restart(f);
    expect_alerts(f, 2, 0);
    f->is_bus_slow = FALSE;
    wait_until(g_file_test(f->path, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(count_groups(f->path), ==, 2);
    restart(f);
    expect_alerts(f, 0, 0);
}

/* The bus takes the next alert at once, while the alerts still wait to ask about the last one. */
static void
test_bus_was_slow(Fixture *f, gconstpointer data)
{
    f->is_bus_slow = TRUE;
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    expect_alerts(f, 1, 0);
    f->is_bus_slow = FALSE;
    change(f, make(UUID_2, 2, "incompatible"));
    expect_alerts(f, 1, 0);
    g_assert_cmpuint(count_groups(f->path), ==, 2);
    g_assert_null(g_main_context_find_source_by_user_data(NULL, f->alerts)); /* no timer is left that asks the bus */
}

/* A new file that waits, or was left behind, may be longer than the text that replaces it. */
static void
test_becomes_shorter(Fixture *f, gconstpointer data)
{
    f->is_bus_slow = TRUE;
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    change(f, make(UUID_2, 2, "incompatible"));
    expect_alerts(f, 2, 0);
    remove_domain(f, UUID_2);
    expect_alerts(f, 0, 1);
    g_assert_cmpuint(count_groups(f->new_path), ==, 1);
    f->is_bus_slow = FALSE;
    wait_until(g_file_test(f->path, G_FILE_TEST_EXISTS));
    restart(f);
    expect_alerts(f, 0, 0);
}

static void
test_slow_to_the_end(Fixture *f, gconstpointer data)
{
    f->is_bus_slow = TRUE;
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    expect_alerts(f, 1, 0);
}

static void
test_ends_in_same_turn(Fixture *f, gconstpointer data)
{
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    change(f, make(UUID_2, 2, "incompatible"));
    change(f, make(UUID_3, 3, "incompatible"));
    g_assert_cmpuint(f->alerted->len, ==, 0);
    change(f, make(UUID, -1, "incompatible"));
    remove_domain(f, UUID_2);
    change(f, make(UUID_3, 4, "incompatible")); /* two runs */
    expect_alerts(f, 4, 3);
    g_assert_cmpuint(count_groups(f->path), ==, 1);
}

/* The alert is sent all the same, and names the kernel that it was about. */
static void
test_turns_compatible_in_same_turn(Fixture *f, gconstpointer data)
{
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    change(f, make(UUID, 1, "compatible"));
    settle();
    g_assert_cmpuint(f->alerted->len, ==, 1);
    g_assert_cmpstr(f->alerted->pdata[0], ==, "guest 1 2.4.21-4.EL");
    expect_alerts(f, 1, 1);
}

static void
test_due_at_the_end(Fixture *f, gconstpointer data)
{
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    g_clear_pointer(&f->alerts, xpv_alerts_free);
    expect_alerts(f, 1, 0);
    restart(f);
    expect_alerts(f, 0, 0);
}

/* Once a full refresh is over, its alerts have been sent: the caller of Refresh() has nothing else to wait for. */
static void
test_looked_sends(Fixture *f, gconstpointer data)
{
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    xpv_alerts_refreshed(f->alerts);
    g_assert_cmpuint(f->alerted->len, ==, 1);
    g_assert_cmpuint(count_groups(f->path), ==, 1);
    expect_alerts(f, 1, 0);
}

/* UUID and id identify a run. Its end is reported under the name that the alert had. */
static void
test_rename(Fixture *f, gconstpointer data)
{
    begin_alerted(f);
    XpvDomain *renamed = make(UUID, 1, "incompatible");
    renamed->name = (char *)"renamed";
    change(f, renamed);
    expect_alerts(f, 0, 0);
    restart(f);
    expect_alerts(f, 0, 0);
    XpvDomain *off = make(UUID, -1, "incompatible");
    off->name = (char *)"renamed";
    change(f, off);
    g_autoptr(LogEntry) entry = log_take(G_LOG_LEVEL_MESSAGE, any_end);
    g_assert_cmpstr(log_field(entry, "XENPV_DOMAIN_NAME"), ==, "guest");
    XpvDomain *next = make(UUID, 2, "incompatible");
    next->name = (char *)"renamed";
    change(f, next);
    settle();
    g_assert_cmpstr(f->alerted->pdata[0], ==, "renamed 2 2.4.21-4.EL");
    expect_alerts(f, 1, 0);
}

static void
test_corrupt_file(Fixture *f, gconstpointer data)
{
    static const char *const contents[] = {
        "garbage",
        "\xff",
        "[\xff]\nname=guest\nid=1\ncleared=false\n",
        "[" UUID "]\nid=x\n",
        "[" UUID "]\nname=guest\nid=1\n",
        "[" UUID "]\nid=1\ncleared=false\n",
        "[" UUID "]\nname=guest\nid=99999999999\ncleared=false\n",
        "[" UUID "]\nname=guest\nid=1\ncleared=false\n[" UUID_2 "]\n",
    };
    g_autofree char *aside = g_strconcat(f->path, ".corrupt", NULL);
    change(f, make(UUID, 1, "incompatible"));
    for (guint i = 0; i < G_N_ELEMENTS(contents); i++) {
        g_autofree char *kept = NULL;
        g_clear_pointer(&f->alerts, xpv_alerts_free);
        g_assert_true(g_file_set_contents(f->path, contents[i], -1, NULL));
        start(f);
        expect_logged(G_LOG_LEVEL_WARNING, "Cannot read the saved alerts; renamed */alerts "
                                           "to */alerts.corrupt, so alerts may repeat: *");
        begin(f);
        expect_alerts(f, 1, 0);
        g_assert_true(g_file_get_contents(aside, &kept, NULL, NULL));
        expect(contents[i], kept, contents[i]);
        restart(f);
        expect_alerts(f, 0, 0);
    }
}

static void
test_empty_file(Fixture *f, gconstpointer data)
{
    change(f, make(UUID, 1, "incompatible"));
    g_assert_true(g_file_set_contents(f->path, "", -1, NULL));
    restart(f);
    expect_alerts(f, 1, 0);
}

/* Alerts are still sent, once for each run. The log has one warning. */
static void
test_directory_missing(Fixture *f, gconstpointer data)
{
    g_rmdir(f->folder);
    start(f);
    begin(f);
    change(f, make(UUID, 1, "incompatible"));
    settle();
    expect_logged(G_LOG_LEVEL_WARNING, "Cannot save the alerts in */alerts, so a restart repeats them: *");
    expect_alerts(f, 1, 0);
    change(f, make(UUID_2, 2, "incompatible"));
    change(f, make(UUID, 1, "incompatible"));
    expect_alerts(f, 1, 0);
    change(f, make(UUID, -1, "incompatible"));
    expect_alerts(f, 0, 1);
}

/* A folder stands in place of the file. */
static void
test_no_file(Fixture *f, gconstpointer data)
{
    g_autofree char *aside = g_strconcat(f->path, ".corrupt", NULL);
    g_assert_cmpint(g_mkdir(f->path, 0700), ==, 0);
    change(f, make(UUID, 1, "incompatible"));
    start(f);
    expect_logged(G_LOG_LEVEL_WARNING, "Cannot read the saved alerts; renamed * so alerts may repeat: *");
    begin(f);
    expect_alerts(f, 1, 0);
    g_assert_cmpint(g_rmdir(aside), ==, 0);
    restart(f);
    expect_alerts(f, 0, 0);

    g_unlink(f->path);
    g_assert_cmpint(g_mkdir(f->path, 0700), ==, 0);
    change(f, make(UUID, 2, "incompatible"));
    settle();
    expect_logged(G_LOG_LEVEL_WARNING, "Cannot save the alerts in */alerts, so a restart repeats them: *");
    expect_alerts(f, 1, 1);
    g_assert_cmpint(g_rmdir(f->path), ==, 0);
}

static void
test_free(Fixture *f, gconstpointer data)
{
    xpv_alerts_free(NULL);
}

static void
add(const char *path, void (*test)(Fixture *f, gconstpointer data))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    log_keep();
    any_alert = message_of(XPV_MESSAGE_ID_INCOMPATIBLE, "*", "*");
    any_end = message_of(XPV_MESSAGE_ID_CLEARED, "*", "*");
    add("/alerts/fields", test_fields);
    add("/alerts/consequence", test_consequence);
    add("/alerts/fields-of-gone-domain", test_fields_of_gone_domain);
    add("/alerts/fields-before-next-run", test_fields_before_next_run);
    add("/alerts/nothing-before-begin", test_nothing_before_begin);
    add("/alerts/once-per-run", test_once_per_run);
    add("/alerts/acknowledged", test_acknowledged);
    add("/alerts/only-running", test_only_running);
    add("/alerts/survives", test_survives);
    add("/alerts/ends-meanwhile", test_ends_meanwhile);
    add("/alerts/names-survive", test_names_survive);
    add("/alerts/not-in-place-before-told", test_not_in_place_before_told);
    add("/alerts/bus-was-slow", test_bus_was_slow);
    add("/alerts/becomes-shorter", test_becomes_shorter);
    add("/alerts/slow-to-the-end", test_slow_to_the_end);
    add("/alerts/ends-in-same-turn", test_ends_in_same_turn);
    add("/alerts/turns-compatible-in-same-turn", test_turns_compatible_in_same_turn);
    add("/alerts/due-at-the-end", test_due_at_the_end);
    add("/alerts/looked-sends", test_looked_sends);
    add("/alerts/rename", test_rename);
    add("/alerts/corrupt-file", test_corrupt_file);
    add("/alerts/empty-file", test_empty_file);
    add("/alerts/directory-missing", test_directory_missing);
    add("/alerts/no-file", test_no_file);
    add("/alerts/free", test_free);
    return g_test_run();
}
