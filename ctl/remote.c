/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/remote.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ctl/exit.h"

#define BRIDGE "systemd-stdio-bridge"

/* Data of a connection: the name of the other host, and ssh as a GSubprocess. */
#define HOST_KEY "xenpv-compat-host"
#define SSH_KEY "xenpv-compat-ssh"

/* The time that ssh has to say why it ends. */
#define LISTEN_MS 1000

/* ssh's exit status: this one if ssh itself fails; else the command's, or the shell's if there is no such command. */
#define SSH_FAILED 255
#define NO_COMMAND 127

/* A colon within an IPv6 address without brackets does not begin a port.
 * Returns: (nullable) */
static const char *
find_port(const char *host)
{
    const char *colon = strrchr(host, ':');
    return colon && (colon == strchr(host, ':') || colon[-1] == ']') ? colon + 1 : NULL;
}

/* ssh takes an IPv6 address without brackets, and the port as an option.
 * Returns: (transfer full) */
static char *
find_destination(const char *host, const char *port)
{
    g_autofree char *name = port ? g_strndup(host, (gsize)(port - host) - 1) : g_strdup(host);
    g_auto(GStrv) parts = g_strsplit_set(name, "[]", -1);
    return g_strjoinv("", parts);
}

/* In the child. ssh ignores the terminal's interrupt: this process handles it, and ends ssh. */
static void
follow_parent(gpointer user_data)
{
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* ssh shares our standard error and our terminal. There it asks for a password, and says why it fails. */
static GSubprocess *
start_ssh(const char *host, GError **error)
{
    const char *port = find_port(host);
    g_autofree char *destination = find_destination(host, port);
    const char *const plain[] = { "ssh", "-xT", "--", destination, BRIDGE, NULL };
    const char *const with_port[] = { "ssh", "-xT", "-p", port, "--", destination, BRIDGE, NULL };

    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_subprocess_launcher_set_child_setup(launcher, follow_parent, NULL, NULL);
    return g_subprocess_launcher_spawnv(launcher, port ? with_port : plain, error);
}

/* @failure: the error of the bus's client, which says little if ssh has ended */
static void
explain(GError **error, const char *host, GSubprocess *ssh, const GError *failure)
{
    g_autoptr(GError) end = NULL;
    (void)g_subprocess_wait_check(ssh, NULL, &end);
    if (g_error_matches(end, G_SPAWN_EXIT_ERROR, SSH_FAILED))
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_UNREACHABLE,
                    "could not reach %s over ssh, whose own message is above; try ssh by itself", host);
    else if (g_error_matches(end, G_SPAWN_EXIT_ERROR, NO_COMMAND))
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_UNREACHABLE,
                    "reached %s over ssh, but there is no " BRIDGE "; install systemd there", host);
    else if (end)
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_UNREACHABLE,
                    "reached %s over ssh, but not its system bus (" BRIDGE ": %s); start D-Bus there", host,
                    end->message);
    else
        g_set_error(
            error, XPV_CTL_ERROR, XPV_CTL_EXIT_UNREACHABLE,
            "reached %s over ssh, but got no answer of a system bus (%s); the login shell there must print nothing",
            host, failure->message);
}

GDBusConnection *
xpv_ctl_remote_open(const char *host, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(GSubprocess) ssh = start_ssh(host, &failure);
    if (!ssh) {
        g_set_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_UNREACHABLE,
                    "could not run ssh to reach %s (%s); install an ssh client", host, failure->message);
        return NULL;
    }

    g_autoptr(GIOStream) stream =
        g_simple_io_stream_new(g_subprocess_get_stdout_pipe(ssh), g_subprocess_get_stdin_pipe(ssh));
    GDBusConnection *connection = g_dbus_connection_new_sync(
        stream, NULL, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
        NULL, NULL, &failure);
    if (!connection) {
        g_io_stream_close(stream, NULL, NULL); /* otherwise ssh might go on */
        explain(error, host, ssh, failure);
        return NULL;
    }
    g_object_set_data_full(G_OBJECT(connection), HOST_KEY, g_strdup(host), g_free);
    g_object_set_data_full(G_OBJECT(connection), SSH_KEY, g_steal_pointer(&ssh), g_object_unref);
    return connection;
}

const char *
xpv_ctl_remote_host(GDBusConnection *connection)
{
    return g_object_get_data(G_OBJECT(connection), HOST_KEY);
}

void
xpv_ctl_remote_listen(GDBusConnection *connection)
{
    const char *pid = g_subprocess_get_identifier(g_object_get_data(G_OBJECT(connection), SSH_KEY));
    GPollFD end = { .fd = pid ? pidfd_open((pid_t)strtol(pid, NULL, 10), 0) : -1, .events = G_IO_IN };
    if (end.fd < 0)
        return; /* it has ended */
    g_poll(&end, 1, LISTEN_MS);
    close(end.fd);
}
