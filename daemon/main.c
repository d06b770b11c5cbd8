/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenpv-compatd: options, main loop, signals, and exit status: 2 for wrong usage, 1 for failures. */
#include <glib-unix.h>
#include <locale.h>
#include <malloc.h>
#include <unistd.h>

#include "common/build.h"
#include "daemon/libvirt/connection.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/service.h"
#include "daemon/worker.h"

#define EXIT_USAGE 2

/* Memory of this size or more is a mapping of its own. With a fixed threshold, glibc does not keep the memory of
 * answers with many megabytes. */
#define MMAP_THRESHOLD (256 * 1024)

/* The number of heaps that all threads share, so that a new thread uses the memory that another one freed. */
#define ARENA_MAX 2

/* A hung call of libvirt may delay the end by this time at most. */
#define LEAVE_MS 1000

typedef struct {
    const XpvOptions *options;
    GMainLoop *loop;
    XpvService *service;
    XpvManager *manager;
    int status;
} Process;

static void
on_ready(gpointer data)
{
    xpv_service_ready(((Process *)data)->service);
}

static void
on_changed(const XpvHostProperties *host, gpointer data)
{
    xpv_service_show(((Process *)data)->service, host);
}

static void
on_failed(const GError *error, gpointer data)
{
    Process *process = data;
    g_critical("%s", error->message);
    process->status = EXIT_FAILURE;
    g_main_loop_quit(process->loop);
}

static gboolean
on_end(gpointer data)
{
    g_main_loop_quit(((Process *)data)->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_reload(gpointer data)
{
    Process *process = data;
    g_autoptr(GError) error = NULL;
    xpv_service_reloading(process->service);
    XpvConfig *config = xpv_config_load(process->options, &error);
    if (config)
        xpv_manager_reload(process->manager, config);
    else
        g_warning("Keeping the previous configuration: %s", error->message);
    xpv_service_reloaded(process->service);
    return G_SOURCE_CONTINUE;
}

static int
run(const XpvOptions *options, XpvConfig *config)
{
    static const XpvManagerListener listener = { .ready = on_ready, .changed = on_changed, .failed = on_failed };
    const char *runtime_directory = g_getenv("RUNTIME_DIRECTORY"); /* systemd's */
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Process process = { options, loop, NULL, NULL, EXIT_SUCCESS };
    g_autoptr(XpvService) service = process.service = xpv_service_new();

    g_unix_signal_add(SIGTERM, on_end, &process);
    g_unix_signal_add(SIGINT, on_end, &process);
    g_unix_signal_add(SIGHUP, on_reload, &process);
    if (xpv_libvirt_init(&error))
        process.manager = xpv_manager_new(config, runtime_directory ? runtime_directory : XPV_RUNTIME_DIRECTORY,
                                          &listener, &process, &error);
    if (!process.manager) {
        on_failed(error, &process);
        return process.status;
    }
    g_main_loop_run(loop);
    xpv_service_stopping(service);
    xpv_manager_free(process.manager);
    if (!xpv_workers_wait_for_abandoned(LEAVE_MS))
        _exit(process.status); /* a thread hangs in libvirt and still uses its data */
    return process.status;
}

static int
refuse(const GError *error)
{
    g_printerr("xenpv-compatd: %s\n", error->message);
    return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    /* There is no other thread yet. */
    setlocale(LC_ALL, "");                     /* NOLINT(concurrency-mt-unsafe) */
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD); /* NOLINT(concurrency-mt-unsafe) */
    mallopt(M_ARENA_MAX, ARENA_MAX);           /* NOLINT(concurrency-mt-unsafe) */
    xpv_log_init();

    g_autoptr(XpvOptions) options = xpv_options_parse(&argc, &argv, &error);
    if (!options)
        return refuse(error);
    if (options->version) {
        g_print("xenpv-compatd %s\n", XPV_VERSION);
        return EXIT_SUCCESS;
    }
    XpvConfig *config = xpv_config_load(options, &error);
    return config ? run(options, config) : refuse(error);
}
