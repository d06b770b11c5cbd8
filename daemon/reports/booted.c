/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/reports/booted.h"

#include "common/intern.h"
#include "common/key-file.h"

/* Changes within this time are written together: many domains may start at once, and each write has all runs. */
#define GATHER_SECONDS 1

struct _XpvBooted {
    char *path;
    GHashTable *runs; /* UUID, interned → XpvRun, owned */
    guint save_timer;
    gboolean cannot_write;
};

static void
run_free(gpointer data)
{
    XpvRun *run = data;
    g_free(run->kernel);
    g_free(run);
}

/* The file: a group for each run, named by the domain's UUID. */

static XpvRun *
read_run(GKeyFile *file, const char *uuid, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    XpvRun run = { .id = g_key_file_get_integer(file, uuid, "id", &wrong) };
    if (!wrong)
        run.began = g_key_file_get_int64(file, uuid, "began", &wrong);
    if (!wrong)
        run.is_seen = g_key_file_get_boolean(file, uuid, "seen", &wrong);
    if (!wrong)
        run.is_resumed = g_key_file_get_boolean(file, uuid, "resumed", &wrong);
    if (wrong) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return NULL;
    }
    run.kernel = g_key_file_get_value(file, uuid, "kernel", NULL);
    return g_memdup2(&run, sizeof run);
}

static gboolean
load(XpvBooted *booted, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (!xpv_key_file_load(file, booted->path, G_KEY_FILE_NONE, NULL, error))
        return FALSE;
    g_auto(GStrv) uuids = g_key_file_get_groups(file, NULL);
    for (guint i = 0; uuids[i]; i++) {
        XpvRun *run = read_run(file, uuids[i], error);
        if (!run)
            return FALSE;
        g_hash_table_replace(booted->runs, xpv_intern(uuids[i]), run);
    }
    return TRUE;
}

/* Written by hand, as a GKeyFile takes ten times the memory of its text, which stays with the process. No member needs
 * escapes: reports are of one line, without control characters. */
static void
append_run(GString *text, const char *uuid, const XpvRun *run)
{
    g_string_append_printf(text, "[%s]\nid=%d\nbegan=%" G_GINT64_FORMAT "\nseen=%s\nresumed=%s\n", uuid, run->id,
                           run->began, run->is_seen ? "true" : "false", run->is_resumed ? "true" : "false");
    if (run->kernel)
        g_string_append_printf(text, "kernel=%s\n", run->kernel);
}

static gboolean
save(gpointer data)
{
    XpvBooted *booted = data;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    GHashTableIter iter;
    gpointer uuid, run;
    g_clear_handle_id(&booted->save_timer, g_source_remove);
    g_hash_table_iter_init(&iter, booted->runs);
    while (g_hash_table_iter_next(&iter, &uuid, &run))
        append_run(text, uuid, run);
    gboolean is_written = g_file_set_contents_full(booted->path, text->str, (gssize)text->len,
                                                   G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
    if (!is_written && !booted->cannot_write)
        g_warning("Cannot save which kernels the guests booted, so a restart forgets it: %s", error->message);
    booted->cannot_write = !is_written;
    return G_SOURCE_REMOVE;
}

void
xpv_booted_save_soon(XpvBooted *booted)
{
    if (booted->save_timer == 0)
        booted->save_timer = g_timeout_add_seconds(GATHER_SECONDS, save, booted);
}

gboolean
xpv_booted_has(XpvBooted *booted, const char *uuid, gint id)
{
    const XpvRun *run = g_hash_table_lookup(booted->runs, uuid);
    return run && run->id == id;
}

XpvRun *
xpv_booted_run(XpvBooted *booted, const char *uuid, gint id)
{
    if (xpv_booted_has(booted, uuid, id))
        return g_hash_table_lookup(booted->runs, uuid);
    XpvRun *run = g_new0(XpvRun, 1);
    run->id = id;
    g_hash_table_replace(booted->runs, xpv_intern(uuid), run);
    xpv_booted_save_soon(booted);
    return run;
}

void
xpv_booted_end(XpvBooted *booted, const char *uuid)
{
    if (g_hash_table_remove(booted->runs, uuid))
        xpv_booted_save_soon(booted);
}

/* A file that cannot be understood is ignored. Guests' disks then tell less, but nothing wrong. */
XpvBooted *
xpv_booted_new(const char *runtime_directory)
{
    XpvBooted *booted = g_new0(XpvBooted, 1);
    g_autoptr(GError) error = NULL;
    booted->path = g_build_filename(runtime_directory, "booted", NULL);
    booted->runs = g_hash_table_new_full(g_str_hash, g_str_equal, (GDestroyNotify)xpv_interned_release, run_free);
    if (!load(booted, &error) && !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_warning("Cannot read from %s which kernels the guests booted: %s", booted->path, error->message);
        g_hash_table_remove_all(booted->runs);
    }
    return booted;
}

void
xpv_booted_free(XpvBooted *booted)
{
    if (booted->save_timer != 0)
        save(booted);
    g_hash_table_unref(booted->runs);
    g_free(booted->path);
    g_free(booted);
}
