/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

typedef enum { TARGET_CONSOLE, TARGET_JOURNAL } Target;

static const char *const level_words[] = {
    [LOG_EMERG] = "emerg",     [LOG_ALERT] = "alert",   [LOG_CRIT] = "crit", [LOG_ERR] = "err",
    [LOG_WARNING] = "warning", [LOG_NOTICE] = "notice", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};
static const char *const target_words[] = { [TARGET_CONSOLE] = "console", [TARGET_JOURNAL] = "journal" };

/* GLib has one log for the whole process. Any thread writes to it. */
static gint max_level = LOG_INFO;
static gint target = TARGET_CONSOLE;
static gboolean stderr_is_journal;

static gboolean
/* NOLINTNEXTLINE(readability-non-const-parameter): it is written to */
set_word(const char *const *words, guint n_words, const char *word, gint *value)
{
    for (guint i = 0; i < n_words; i++) {
        if (strcmp(words[i], word) == 0) {
            g_atomic_int_set(value, (gint)i);
            return TRUE;
        }
    }
    return FALSE;
}

const char *
xpv_log_get_level(void)
{
    return level_words[g_atomic_int_get(&max_level)];
}

gboolean
xpv_log_set_level(const char *word)
{
    return set_word(level_words, G_N_ELEMENTS(level_words), word, &max_level);
}

const char *
xpv_log_get_target(void)
{
    return target_words[g_atomic_int_get(&target)];
}

gboolean
xpv_log_set_target(const char *word)
{
    return set_word(target_words, G_N_ELEMENTS(target_words), word, &target);
}

/* GLib itself takes a critical message for as urgent as a warning. Ours end the daemon. */
static gint
to_syslog_level(GLogLevelFlags flags)
{
    static const gint levels[] = { LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG };
    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        if (flags & ((guint)G_LOG_LEVEL_ERROR << i))
            return levels[i];
    }
    return LOG_NOTICE;
}

static char *
get_field(const GLogField *fields, gsize n_fields, const char *key)
{
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].length < 0 ? g_strdup(fields[i].value)
                                        : g_strndup(fields[i].value, (gsize)fields[i].length);
    }
    return NULL;
}

static GLogWriterOutput
write_journal(GLogLevelFlags flags, gint level, const GLogField *fields, gsize n_fields)
{
    const char priority[] = { (char)('0' + level), '\0' };
    g_autofree GLogField *all = g_new(GLogField, n_fields + 2);
    gsize n = 0;
    for (gsize i = 0; i < n_fields; i++) {
        if (strcmp(fields[i].key, "PRIORITY") != 0)
            all[n++] = fields[i];
    }
    all[n++] = (GLogField){ "PRIORITY", priority, -1 };
    all[n++] = (GLogField){ "SYSLOG_IDENTIFIER", XPV_LOG_IDENTIFIER, -1 };
    return g_log_writer_journald(flags, all, n, NULL);
}

/* Our own messages are for admins. Messages of libraries are for developers, so they look as GLib prints them. */
static char *
format_origin(gint level, const char *domain)
{
    static const char *const origins[] = {
        [LOG_CRIT] = "fatal: ", [LOG_ERR] = "error: ", [LOG_WARNING] = "warning: ", [LOG_DEBUG] = "debug: "
    };
    static const char *const glib_levels[] = {
        [LOG_CRIT] = "ERROR",     [LOG_ERR] = "CRITICAL", [LOG_WARNING] = "WARNING",
        [LOG_NOTICE] = "MESSAGE", [LOG_INFO] = "INFO",    [LOG_DEBUG] = "DEBUG"
    };
    if (domain && strcmp(domain, G_LOG_DOMAIN) != 0)
        return g_strdup_printf("%s-%s: ", domain, glib_levels[level]);
    return g_strdup(origins[level] ? origins[level] : "");
}

static void
write_text(gint level, const GLogField *fields, gsize n_fields)
{
    g_autofree char *message = get_field(fields, n_fields, "MESSAGE");
    g_autofree char *domain = get_field(fields, n_fields, "GLIB_DOMAIN");
    g_autofree char *origin = format_origin(level, domain);
    /* The journal takes such a prefix of a line for its priority. */
    if (stderr_is_journal)
        fprintf(stderr, "<%d>%s\n", level, message ? message : "");
    else
        fprintf(stderr, "%s: %s%s\n", XPV_LOG_IDENTIFIER, origin, message ? message : "");
}

/* The level is for our own messages. Debug messages of libraries do not help an admin. */
static gboolean
is_wanted(GLogLevelFlags flags, gint level, const GLogField *fields, gsize n_fields)
{
    if (level > g_atomic_int_get(&max_level))
        return FALSE;
    if (level < LOG_INFO)
        return TRUE;
    g_autofree char *domain = get_field(fields, n_fields, "GLIB_DOMAIN");
    return g_strcmp0(domain, G_LOG_DOMAIN) == 0 || !g_log_writer_default_would_drop(flags, domain);
}

static GLogWriterOutput
write_log(GLogLevelFlags flags, const GLogField *fields, gsize n_fields, gpointer data)
{
    gint level = to_syslog_level(flags);
    if (!is_wanted(flags, level, fields, n_fields))
        return G_LOG_WRITER_HANDLED;
    if (g_atomic_int_get(&target) != TARGET_JOURNAL ||
        write_journal(flags, level, fields, n_fields) != G_LOG_WRITER_HANDLED)
        write_text(level, fields, n_fields);
    return G_LOG_WRITER_HANDLED;
}

void
xpv_log_init(void)
{
    const char *level = g_getenv("SYSTEMD_LOG_LEVEL");
    if (level)
        xpv_log_set_level(level);
    stderr_is_journal = g_log_writer_is_journald(STDERR_FILENO);
    target = stderr_is_journal ? TARGET_JOURNAL : TARGET_CONSOLE;
    g_log_set_writer_func(write_log, NULL, NULL);
}
