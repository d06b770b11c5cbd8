/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "inspect/error.h"
#include "inspect/filter.h"

#define MIB (1024U * 1024)

/* poll() takes no more than may be open, and libnbd 1.22 gives it two. The filter refuses to open any. */
#define DESCRIPTORS_POLLED 2U

/* How long a killed child may take to end, in milliseconds. One that waits for a disk takes longer. */
#define LAST_WAIT 2000

const XpvSandboxLimits xpv_sandbox_limits = { .memory = 256 * MIB, .processor = 10, .wall = 15, .output = MIB };

struct _XpvSandbox {
    XpvSandboxLimits limits;
    gint64 deadline; /* of g_get_monotonic_time() */
    pid_t pid;
    int pidfd;
    int pipe;
    GByteArray *output;
};

/* The child's exit status for each preparation that can fail, and the name of that preparation. */
static const char *const preparations[] = {
    [1] = "close its descriptors", [2] = "limit its memory and time", [3] = "filter its system calls"
};

/* The calls that are allowed whatever their arguments are. */
static const guint32 calls[] = {
    __NR_pread64,
    __NR_write,
    __NR_exit_group,
    __NR_brk,
    __NR_munmap,
    __NR_mremap,
#ifdef __NR_fadvise64_64
    __NR_fadvise64_64,
#else
    __NR_fadvise64,
#endif
    __NR_read, /* the answers of another host */
    /* libnbd, with the socket that is connected to qemu-nbd. */
    __NR_close,
    __NR_recvfrom,
    __NR_sendto,
#ifdef __NR_poll
    __NR_poll,
#else
    __NR_ppoll,
#endif
    __NR_futex,         /* GLib wakes those who might wait for a type to be registered */
    __NR_clock_gettime, /* where the kernel does not map it, as on some Xen guests */
#ifdef __NR_clock_gettime64
    __NR_clock_gettime64,
#endif
/* With these, libext2fs 1.47 asks whether it may trust its environment. */
#ifdef __NR_getuid32
    __NR_getuid32,
    __NR_geteuid32,
    __NR_getgid32,
    __NR_getegid32,
#else
    __NR_getuid,
    __NR_geteuid,
    __NR_getgid,
    __NR_getegid,
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    __NR_getpid,
    __NR_gettid,
    __NR_madvise,
    __NR_mprotect,
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_sched_yield,
    __NR_sigaltstack,
#endif
};

static const guint32 flag_commands[] = { F_GETFL, F_SETFL, F_GETFD, F_SETFD };

#ifdef __NR_fcntl64
#    define FCNTL __NR_fcntl64
#else
#    define FCNTL __NR_fcntl
#endif

#ifdef __NR_mmap2
#    define MMAP __NR_mmap2
#else
#    define MMAP __NR_mmap
#endif

static gboolean
install_filter(void)
{
    struct sock_filter filter[G_N_ELEMENTS(calls) * 2 + 40];
    unsigned short n = xpv_filter_begin(filter, calls, G_N_ELEMENTS(calls));
    /* libnbd sets O_NONBLOCK and FD_CLOEXEC on its socket. */
    filter[n++] = UNLESS(FCNTL, 2 + 2 * G_N_ELEMENTS(flag_commands));
    filter[n++] = LOAD(LOWER(1));
    for (guint i = 0; i < G_N_ELEMENTS(flag_commands); i++) {
        filter[n++] = UNLESS(flag_commands[i], 1);
        filter[n++] = DECIDE(SECCOMP_RET_ALLOW);
    }
    filter[n++] = DECIDE(SECCOMP_RET_KILL_PROCESS);
    /* libext2fs's question ends with this call. It takes the error for a yes. */
    filter[n++] = UNLESS(__NR_prctl, 4);
    filter[n++] = LOAD(LOWER(0));
    filter[n++] = UNLESS(PR_GET_DUMPABLE, 1);
    filter[n++] = DECIDE(SECCOMP_RET_ERRNO | EPERM);
    filter[n++] = DECIDE(SECCOMP_RET_KILL_PROCESS);
    /* Memory that is neither a file's nor executable. */
    filter[n++] = UNLESS(MMAP, 6);
    filter[n++] = LOAD(LOWER(2));
    filter[n++] = HAS_ANY(PROT_EXEC, 1);
    filter[n++] = DECIDE(SECCOMP_RET_KILL_PROCESS);
    filter[n++] = LOAD(LOWER(3));
    filter[n++] = HAS_ANY(MAP_ANONYMOUS, 1);
    filter[n++] = DECIDE(SECCOMP_RET_ALLOW);
    filter[n++] = DECIDE(SECCOMP_RET_KILL_PROCESS);
    return xpv_filter_install(filter, n);
}

static gboolean
limit(int resource, guint64 value)
{
    const struct rlimit bounds = { value, value };
    return setrlimit(resource, &bounds) == 0;
}

/* The address sanitizer takes terabytes of address space. */
static gboolean
limit_memory(guint64 bytes)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return TRUE;
#else
    return limit(RLIMIT_AS, bytes);
#endif
}

static int
compare(gconstpointer a, gconstpointer b)
{
    return *(const int *)a - *(const int *)b;
}

/* @keep: sorted here */
static gboolean
close_others(int *keep, guint n_keep)
{
    guint next = 0;
    qsort(keep, n_keep, sizeof *keep, compare);
    for (guint i = 0; i < n_keep; i++) {
        if ((guint)keep[i] > next && close_range(next, (guint)keep[i] - 1, 0) < 0)
            return FALSE;
        next = (guint)keep[i] + 1;
    }
    return close_range(next, G_MAXUINT, 0) == 0;
}

/* Returns: 0, or the preparation that failed */
static guint
confine(const XpvSandboxLimits *limits, int *keep, guint n_keep)
{
    if (!close_others(keep, n_keep))
        return 1;
    if (!limit_memory(limits->memory) || !limit(RLIMIT_CPU, limits->processor) || !limit(RLIMIT_FSIZE, 0) ||
        !limit(RLIMIT_NOFILE, DESCRIPTORS_POLLED) || !limit(RLIMIT_CORE, 0))
        return 2;
    return install_filter() ? 0 : 3;
}

static void G_GNUC_NORETURN
run_child(pid_t parent, const XpvSandboxLimits *limits, int *keep, guint n_keep, int out, XpvSandboxWork work,
          gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* who waits for it? */
    if (getppid() != parent)          /* it ended before */
        _exit(64);
    guint failed = confine(limits, keep, n_keep);
    if (failed != 0)
        _exit((int)failed);
    _exit(xpv_fd_write(out, work(data)) ? 0 : 64); /* the parent may take no more */
}

XpvSandbox *
xpv_sandbox_start(const XpvSandboxLimits *limits, const int *fds, guint n_fds, XpvSandboxWork work, gpointer data,
                  GError **error)
{
    int ends[2];
    g_autofree int *keep = g_new(int, n_fds + 1);
    if (pipe2(ends, O_CLOEXEC) < 0) {
        xpv_inspect_fail_by_errno(error, "cannot make a pipe");
        return NULL;
    }
    g_auto(XpvFd) ours = ends[0], theirs = ends[1];
    for (guint i = 0; i < n_fds; i++)
        keep[i] = fds[i];
    keep[n_fds] = theirs;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        run_child(parent, limits, keep, n_fds + 1, theirs, work, data);
    if (pid < 0) {
        xpv_inspect_fail_by_errno(error, "cannot start a process");
        return NULL;
    }
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        xpv_inspect_fail_by_errno(error, "cannot watch the reading process");
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return NULL;
    }
    XpvSandbox *sandbox = g_new(XpvSandbox, 1);
    *sandbox = (XpvSandbox){
        .limits = *limits,
        .deadline = g_get_monotonic_time() + (gint64)limits->wall * G_USEC_PER_SEC,
        .pid = pid,
        .pidfd = pidfd,
        .pipe = g_steal_fd(&ours),
        .output = g_byte_array_new(),
    };
    return sandbox;
}

/* Takes what the child has written, up to the limit. Returns: FALSE at the end */
static gboolean
take_output(XpvSandbox *self)
{
    guint8 buffer[16384];
    ssize_t n = read(self->pipe, buffer, sizeof buffer);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    g_byte_array_append(self->output, buffer, (guint)n);
    return self->output->len <= self->limits.output;
}

/* Returns: FALSE if the time is over */
static gboolean
take_all(XpvSandbox *self)
{
    struct pollfd ready = { .fd = self->pipe, .events = POLLIN };
    for (;;) {
        gint64 left = (self->deadline - g_get_monotonic_time()) / 1000;
        if (left <= 0)
            return FALSE;
        if (poll(&ready, 1, (int)left) > 0 && !take_output(self))
            return TRUE;
    }
}

/* Returns: FALSE if it does not end, because it waits for a disk that does not answer. It is then left alone. */
static gboolean
await_end(const XpvSandbox *self, int timeout, int *ret_status, struct rusage *ret_usage)
{
    struct pollfd ended = { .fd = self->pidfd, .events = POLLIN };
    return poll(&ended, 1, timeout) > 0 && wait4(self->pid, ret_status, 0, ret_usage) == self->pid;
}

/* Whoever takes more than that is killed as by anybody else. */
static gboolean
took_too_much(const XpvSandbox *self, int status, const struct rusage *usage)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
           usage->ru_utime.tv_sec + usage->ru_stime.tv_sec + 1 >= (time_t)self->limits.processor;
}

static void
describe_end(const XpvSandbox *self, int status, const struct rusage *usage, GError **error)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        xpv_inspect_fail(error, "reading was ended, as it made a system call that reading does not need");
    else if (took_too_much(self, status, usage))
        xpv_inspect_fail(error, "reading took more than %u s of processor and was ended", self->limits.processor);
    else if (WIFSIGNALED(status))
        xpv_inspect_fail(error, "reading was ended by signal %d (%s)", WTERMSIG(status),
                         sigdescr_np(WTERMSIG(status)) ?: "unknown");
    else if ((gsize)code < G_N_ELEMENTS(preparations))
        xpv_inspect_fail(error, "the reading process cannot %s", preparations[code]);
    else
        xpv_inspect_fail(error, "reading was ended with status %d", code);
}

static void
sandbox_free(XpvSandbox *self)
{
    close(self->pidfd);
    close(self->pipe);
    g_byte_array_unref(self->output);
    g_free(self);
}

/* The child ends by itself, or is killed. */
static gboolean
finish(XpvSandbox *self, GError **error)
{
    int status = 0;
    struct rusage usage = { 0 };
    gboolean in_time = take_all(self);
    gboolean is_too_long = self->output->len > self->limits.output;
    gint64 left = MAX(self->deadline - g_get_monotonic_time(), 0) / 1000;
    gboolean has_ended = in_time && !is_too_long && await_end(self, (int)left, &status, &usage);
    if (has_ended && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TRUE;
    if (has_ended) {
        describe_end(self, status, &usage, error);
        return FALSE;
    }
    kill(self->pid, SIGKILL);
    await_end(self, LAST_WAIT, &status, &usage);
    if (is_too_long)
        return xpv_inspect_fail(error, "the reading process returned more than %" G_GSIZE_FORMAT " bytes",
                                self->limits.output);
    return xpv_inspect_fail(error, "reading took longer than %u s and was ended", self->limits.wall);
}

char *
xpv_sandbox_finish(XpvSandbox *sandbox, gsize *ret_length, GError **error)
{
    char *text = NULL;
    if (finish(sandbox, error)) {
        *ret_length = sandbox->output->len;
        g_byte_array_append(sandbox->output, (const guint8 *)"", 1);
        text = (char *)g_byte_array_steal(sandbox->output, NULL);
    }
    sandbox_free(sandbox);
    return text;
}
