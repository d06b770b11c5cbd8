/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/qemu-nbd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "inspect/confine.h"
#include "inspect/error.h"

#define NAME "qemu-nbd"

/* The descriptors of qemu-nbd. By systemd's protocol, the first one beyond the standard ones is the socket that it
 * listens on. */
#define LISTENER 3
#define IMAGE 4
#define DESCRIPTORS 5
#define IMAGE_PATH "/proc/self/fd/" G_STRINGIFY(IMAGE)

/* The most bytes that are kept of what qemu-nbd says. */
#define MESSAGE_MAX 4096U

/* How long a killed qemu-nbd may take to end, in milliseconds. One that waits for a disk takes longer. */
#define LAST_WAIT 2000

struct _XpvQemuNbd {
    pid_t pid;
    int pidfd;
    int socket;
    int messages;  /* its standard error */
    char *options; /* as it repeats them in messages */
};

/* What the child process needs, made before the fork. */
typedef struct {
    const char *program;
    const char *options;
    int fds[DESCRIPTORS]; /* at their later numbers */
    pid_t parent;
} Start;

/* Puts the descriptors in their places, and closes all others. */
static gboolean
place_descriptors(const int *fds)
{
    int moved[DESCRIPTORS];
    for (int i = 0; i < DESCRIPTORS; i++) {
        moved[i] = fcntl(fds[i], F_DUPFD, DESCRIPTORS);
        if (moved[i] < 0)
            return FALSE;
    }
    for (int i = 0; i < DESCRIPTORS; i++) {
        if (dup2(moved[i], i) < 0)
            return FALSE;
    }
    return close_range(DESCRIPTORS, G_MAXUINT, 0) == 0;
}

static void G_GNUC_NORETURN
run_child(const Start *start)
{
    char pid[32];
    const char *const argv[] = { NAME, "--read-only", "--image-opts", start->options, NULL };
    const char *const env[] = { "LC_ALL=C", "LISTEN_FDS=1", "MALLOC_ARENA_MAX=1", pid, NULL };
    const char *failed = "end it with this process";
    snprintf(pid, sizeof pid, "LISTEN_PID=%d", getpid());
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == start->parent) {
        signal(SIGPIPE, SIG_DFL);
        failed = place_descriptors(start->fds) ? xpv_confine(start->program, IMAGE) : "close other descriptors";
    }
    if (!failed) {
        execve(start->program, (char *const *)argv, (char *const *)env);
        failed = "execute it";
    }
    dprintf(STDERR_FILENO, "its sandbox cannot %s: %s", failed, strerror(errno)); /* NOLINT(concurrency-mt-unsafe) */
    _exit(1);
}

/* A socket that listens, and one that is connected to it. The kernel chooses the name, so no folder is needed. Only one
 * connection can wait there. If another process connects first, ours fails; otherwise no other process reaches
 * qemu-nbd.
 * Returns: FALSE and errno; close the sockets then, too */
static gboolean
make_sockets(XpvFd *ret_listener, XpvFd *ret_socket)
{
    struct sockaddr_un name = { .sun_family = AF_UNIX };
    socklen_t length = sizeof name;
    *ret_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return *ret_listener >= 0 && *ret_socket >= 0 &&
           bind(*ret_listener, (struct sockaddr *)&name, sizeof name.sun_family) == 0 &&
           listen(*ret_listener, 0) == 0 && getsockname(*ret_listener, (struct sockaddr *)&name, &length) == 0 &&
           connect(*ret_socket, (struct sockaddr *)&name, length) == 0;
}

static gboolean
fail_start(GError **error)
{
    return xpv_inspect_fail(error, "cannot start " NAME ": %s", g_strerror(errno));
}

/* @start: has all but the descriptors 2 and 3 */
static gboolean
start_child(XpvQemuNbd *self, Start *start, GError **error)
{
    int ends[2];
    g_auto(XpvFd) listener = -1;
    if (!make_sockets(&listener, &self->socket) || pipe2(ends, O_CLOEXEC) < 0)
        return fail_start(error);
    g_auto(XpvFd) messages = ends[1];
    self->messages = ends[0];
    start->fds[STDERR_FILENO] = messages;
    start->fds[LISTENER] = listener;
    self->pid = fork();
    if (self->pid == 0)
        run_child(start);
    self->pidfd = self->pid < 0 ? -1 : pidfd_open(self->pid, 0);
    return self->pidfd >= 0 || fail_start(error);
}

static char *
options_new(const char *driver, int fd)
{
    struct stat status;
    gboolean is_device = fstat(fd, &status) == 0 && S_ISBLK(status.st_mode);
    return g_strdup_printf("driver=%s,read-only=on,"
                           "file.driver=%s,file.filename=" IMAGE_PATH ",file.locking=off",
                           driver, is_device ? "host_device" : "file");
}

XpvQemuNbd *
xpv_qemu_nbd_start(const char *driver, int fd, GError **error)
{
    g_autofree char *program = g_find_program_in_path(NAME);
    if (!program) {
        xpv_inspect_fail(error, NAME ", which reads it, is not installed");
        return NULL;
    }
    g_auto(XpvFd) null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        fail_start(error);
        return NULL;
    }
    g_autoptr(XpvQemuNbd) self = g_new(XpvQemuNbd, 1);
    *self = (XpvQemuNbd){ .pid = -1, .pidfd = -1, .socket = -1, .messages = -1, .options = options_new(driver, fd) };
    Start start = { program, self->options, { null, null, -1, -1, fd }, getpid() };
    return start_child(self, &start, error) ? g_steal_pointer(&self) : NULL;
}

/* Returns: FALSE if it does not end, because it waits for a disk that does not answer */
static gboolean
await_end(XpvQemuNbd *self, int *ret_status)
{
    struct pollfd ended = { .fd = self->pidfd, .events = POLLIN };
    if (self->pidfd >= 0 && poll(&ended, 1, LAST_WAIT) <= 0)
        return FALSE;
    waitpid(self->pid, ret_status, 0);
    self->pid = -1;
    return TRUE;
}

/* Returns: (transfer full) what qemu-nbd says, without the options, which it repeats first; "" if it says nothing */
static char *
read_message(const XpvQemuNbd *self)
{
    char text[MESSAGE_MAX];
    ssize_t length = read(self->messages, text, sizeof text - 1);
    text[MAX(length, 0)] = '\0';
    const char *repeated = strstr(text, self->options);
    if (!repeated)
        return g_strdup(g_strstrip(text));
    repeated += strlen(self->options);
    return g_strdup(g_strstrip((char *)repeated + strspn(repeated, "': ")));
}

/* It has closed its socket, which it does at its end. */
static void
describe_end(XpvQemuNbd *self, GError **error)
{
    int status = 0;
    if (!await_end(self, &status)) {
        xpv_inspect_fail(error, NAME " does not answer");
        return;
    }
    g_autofree char *message = read_message(self);
    if (*message != '\0')
        xpv_inspect_fail(error, NAME " cannot open it: %s", message);
    else if (WIFSIGNALED(status))
        xpv_inspect_fail(error, NAME " cannot open it: it was ended by signal %d (%s)", WTERMSIG(status),
                         sigdescr_np(WTERMSIG(status)) ?: "unknown");
    else
        xpv_inspect_fail(error, NAME " cannot open it: it ended with status %d", WEXITSTATUS(status));
}

gboolean
xpv_qemu_nbd_await(XpvQemuNbd *self, gint64 deadline, GError **error)
{
    struct pollfd ready = { .fd = self->socket, .events = POLLIN };
    gint64 left = MAX(deadline - g_get_monotonic_time(), 0) / 1000;
    char byte;
    if (poll(&ready, 1, (int)left) <= 0)
        return xpv_inspect_fail(error, NAME " did not open it in time and was ended");
    if (recv(self->socket, &byte, 1, MSG_PEEK) == 1)
        return TRUE;
    describe_end(self, error);
    return FALSE;
}

int
xpv_qemu_nbd_socket(const XpvQemuNbd *self)
{
    return self->socket;
}

void
xpv_qemu_nbd_free(XpvQemuNbd *self)
{
    if (!self)
        return;
    if (self->pid >= 0) {
        kill(self->pid, SIGKILL);
        await_end(self, NULL);
    }
    xpv_fd_clear(&self->pidfd);
    xpv_fd_clear(&self->socket);
    xpv_fd_clear(&self->messages);
    g_free(self->options);
    g_free(self);
}
