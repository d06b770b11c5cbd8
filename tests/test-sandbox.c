/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What work in a sandbox can do, and what ends it. */
#include "inspect/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "inspect/error.h"

/* Returns: (transfer full) what the work returned, or the error message */
static char *
run(const XpvSandboxLimits *limits, const int *fds, guint n_fds, XpvSandboxWork work, gpointer data)
{
    g_autoptr(GError) error = NULL;
    gsize length = 0;
    XpvSandbox *sandbox = xpv_sandbox_start(limits, fds, n_fds, work, data, &error);
    g_assert_no_error(error);
    char *text = xpv_sandbox_finish(sandbox, &length, &error);
    if (text) {
        g_assert_no_error(error);
        g_assert_cmpuint(strlen(text), ==, length);
        return text;
    }
    g_assert_error(error, XPV_INSPECT_ERROR, XPV_INSPECT_ERROR_UNREADABLE);
    return g_strdup(error->message);
}

static void
expect_end(const XpvSandboxLimits *limits, XpvSandboxWork work, gpointer data, const char *sentence)
{
    g_autofree char *text = run(limits, NULL, 0, work, data);
    g_assert_cmpstr(text, ==, sentence);
}

static char *
tell(gpointer data)
{
    return g_strdup(data);
}

static void
test_tells(void)
{
    g_autofree char *empty = run(&xpv_sandbox_limits, NULL, 0, tell, (gpointer) "");
    g_assert_cmpstr(empty, ==, "");
    g_autofree char *word = run(&xpv_sandbox_limits, NULL, 0, tell, (gpointer) "a word");
    g_assert_cmpstr(word, ==, "a word");

    /* More than a pipe takes at once, and as much as the limit allows. */
    g_autofree char *much = g_strnfill(xpv_sandbox_limits.output, 'x');
    g_autofree char *told = run(&xpv_sandbox_limits, NULL, 0, tell, much);
    g_assert_true(g_str_equal(much, told));
}

static char *
tell_descriptors(gpointer data)
{
    GString *text = g_string_new(NULL);
    char byte;
    for (int fd = 0; fd < 1024; fd++) {
        if (pread(fd, &byte, 1, 0) >= 0 || errno != EBADF)
            g_string_append_printf(text, "%d ", fd);
    }
    return g_string_free(text, FALSE);
}

/* Of the parent's descriptors, the process keeps only the given ones and its end of the pipe. */
static void
test_descriptors(void)
{
    int disk = open("/dev/zero", O_RDONLY | O_CLOEXEC), other = open("/dev/zero", O_RDONLY);
    int second = open("/dev/zero", O_RDONLY | O_CLOEXEC), last = fcntl(other, F_DUPFD, 1000);
    g_assert_cmpint(MIN(MIN(disk, other), MIN(second, last)), >=, 0);
    const int disks[] = { second, disk }; /* in any order */
    g_autofree char *text = run(&xpv_sandbox_limits, disks, 2, tell_descriptors, NULL);
    g_autofree char *own = g_strdup_printf("%d %d ", disk, second);
    g_auto(GStrv) words = g_strsplit(g_strchomp(text), " ", -1);
    g_assert_cmpuint(g_strv_length(words), ==, 3);
    g_assert_true(g_str_has_prefix(text, own));
    close(disk);
    close(other);
    close(second);
    close(last);
}

static char *
call_open(gpointer data)
{
    return g_strdup_printf("%d", open("/etc/passwd", O_RDONLY));
}

static char *
call_socket(gpointer data)
{
    return g_strdup_printf("%d", socket(AF_UNIX, SOCK_STREAM, 0));
}

static char *
call_fork(gpointer data)
{
    return g_strdup_printf("%ld", syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0));
}

static char *
call_execve(gpointer data)
{
    return g_strdup_printf("%d", execl("/bin/true", "true", NULL));
}

static char *
call_kill(gpointer data)
{
    return g_strdup_printf("%d", kill(GPOINTER_TO_INT(data), 0));
}

static char *
map_code(gpointer data)
{
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return g_strdup(code == MAP_FAILED ? "failed" : "mapped");
}

static char *
map_file(gpointer data)
{
    void *file = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, GPOINTER_TO_INT(data), 0);
    return g_strdup(file == MAP_FAILED ? "failed" : "mapped");
}

static char *
call_prctl(gpointer data)
{
    return g_strdup_printf("%d", prctl(PR_SET_NAME, "x"));
}

static char *
call_dup(gpointer data)
{
    return g_strdup_printf("%d", fcntl(GPOINTER_TO_INT(data), F_DUPFD, 0));
}

#if defined(__x86_64__)
/* Makes a system call as i386, where the number of futex() means getegid(). */
static char *
call_as_i386(gpointer data)
{
    long result = SYS_futex;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return g_strdup_printf("%ld", result);
}
#endif

/* Each of these calls ends the process, whatever the call would return. */
static void
test_forbidden_calls(void)
{
    static const char killed[] = "reading was ended, as it made a system call that reading does not need";
    static const XpvSandboxWork works[] = { call_open,  call_socket, call_fork, call_execve,
                                            call_prctl, call_dup,    map_code };
    for (guint i = 0; i < G_N_ELEMENTS(works); i++)
        expect_end(&xpv_sandbox_limits, works[i], NULL, killed);
    expect_end(&xpv_sandbox_limits, call_kill, GINT_TO_POINTER(getpid()), killed);
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    expect_end(&xpv_sandbox_limits, map_file, GINT_TO_POINTER(zero), killed);
    close(zero);
#if defined(__x86_64__) /* A kernel without support for i386 ends the process with another signal. */
    g_autofree char *ended = run(&xpv_sandbox_limits, NULL, 0, call_as_i386, NULL);
    g_assert_true(g_str_has_prefix(ended, "reading was ended"));
#endif
}

/* Makes all calls that reading, GLib and libext2fs may need on any machine. */
static char *
make_calls(gpointer data)
{
    struct timespec now;
    guint32 word = 0;
    char byte;
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    g_assert_true(memory != MAP_FAILED);
    memory = mremap(memory, 4096, 8192, MREMAP_MAYMOVE);
    g_assert_true(memory != MAP_FAILED && munmap(memory, 8192) == 0);
    g_assert_true(sbrk(4096) != (void *)-1); /* NOLINT(performance-no-int-to-ptr): as it is defined */
    g_assert_cmpint(pread(GPOINTER_TO_INT(data), &byte, 1, 0), ==, 1);
    g_assert_cmpint(posix_fadvise(GPOINTER_TO_INT(data), 0, 0, POSIX_FADV_DONTNEED), ==, 0);
    g_assert_cmpint(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0), ==, 0);
    g_assert_cmpint(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now), ==, 0);
    g_assert_cmpint(prctl(PR_GET_DUMPABLE), ==, -1);
    return g_strdup_printf("%d", getuid() == geteuid() && getgid() == getegid());
}

static void
test_allowed_calls(void)
{
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    g_autofree char *text = run(&xpv_sandbox_limits, &file, 1, make_calls, GINT_TO_POINTER(file));
    g_assert_cmpstr(text, ==, "1");
    close(file);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* the sanitizers take all memory */
static char *
take_memory(gpointer data)
{
    gsize taken = 0;
    while (taken < GPOINTER_TO_SIZE(data) && g_try_malloc(1024 * 1024))
        taken += 1024 * 1024;
    return g_strdup(taken < GPOINTER_TO_SIZE(data) ? "no more" : "all");
}

static void
test_memory(void)
{
    g_autofree char *some = run(&xpv_sandbox_limits, NULL, 0, take_memory, GSIZE_TO_POINTER(64U * 1024 * 1024));
    g_assert_cmpstr(some, ==, "all");
    g_autofree char *much = run(&xpv_sandbox_limits, NULL, 0, take_memory, GSIZE_TO_POINTER(256U * 1024 * 1024));
    g_assert_cmpstr(much, ==, "no more");
}
#endif

static char *
turn(gpointer data)
{
    for (volatile guint i = 0; i < 2; i ^= 1)
        ;
    return NULL;
}

static void
test_processor(void)
{
    XpvSandboxLimits limits = xpv_sandbox_limits;
    limits.processor = 1;
    limits.wall = 600;
    expect_end(&limits, turn, NULL, "reading took more than 1 s of processor and was ended");
}

static char *
wait_for_ever(gpointer data)
{
    guint32 word = 0;
    while (word == 0)
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
    return NULL;
}

static void
test_wall(void)
{
    XpvSandboxLimits limits = xpv_sandbox_limits;
    limits.wall = 1;
    expect_end(&limits, wait_for_ever, NULL, "reading took longer than 1 s and was ended");
    g_assert_true(waitpid(-1, NULL, 0) > 0 || errno == ECHILD); /* it has gone, or is about to go */
}

/* Writes too much to the pipe and stays, as a process that an attacker controls may do. */
static char *
write_and_wait(gpointer data)
{
    XpvSandboxLimits *limits = data;
    g_autofree char *much = g_strnfill(limits->output + 1, 'x');
    for (int fd = 3; fd < 1024; fd++) {
        if (write(fd, much, limits->output + 1) > 0)
            break;
    }
    return wait_for_ever(NULL);
}

static void
test_output(void)
{
    XpvSandboxLimits limits = xpv_sandbox_limits;
    limits.output = 100;
    limits.wall = 600; /* the test does not wait that long */
    g_autofree char *much = g_strnfill(101, 'x');
    expect_end(&limits, tell, much, "the reading process returned more than 100 bytes");
    expect_end(&limits, write_and_wait, &limits, "the reading process returned more than 100 bytes");
}

static char *
fault(gpointer data)
{
    *(volatile char *)data = 1;
    return NULL;
}

static char *
leave(gpointer data)
{
    _exit(GPOINTER_TO_INT(data));
}

static void
test_ends(void)
{
    g_autofree char *faulted = run(&xpv_sandbox_limits, NULL, 0, fault, NULL);
    g_assert_true(g_str_has_prefix(faulted, "reading was ended"));
    expect_end(&xpv_sandbox_limits, leave, GINT_TO_POINTER(7), "reading was ended with status 7");
    expect_end(&xpv_sandbox_limits, leave, GINT_TO_POINTER(3), "the reading process cannot filter its system calls");
}

/* Two sandboxes run at once. */
static void
test_two(void)
{
    g_autoptr(GError) error = NULL;
    XpvSandbox *sandboxes[2];
    gsize length;
    for (guint i = 0; i < G_N_ELEMENTS(sandboxes); i++) {
        sandboxes[i] =
            xpv_sandbox_start(&xpv_sandbox_limits, NULL, 0, tell, (gpointer)(i == 0 ? "one" : "two"), &error);
        g_assert_no_error(error);
    }
    g_autofree char *two = xpv_sandbox_finish(sandboxes[1], &length, &error);
    g_autofree char *one = xpv_sandbox_finish(sandboxes[0], &length, &error);
    g_assert_cmpstr(one, ==, "one");
    g_assert_cmpstr(two, ==, "two");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/sandbox/tells", test_tells);
    g_test_add_func("/sandbox/descriptors", test_descriptors);
    g_test_add_func("/sandbox/forbidden-calls", test_forbidden_calls);
    g_test_add_func("/sandbox/allowed-calls", test_allowed_calls);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    g_test_add_func("/sandbox/memory", test_memory);
#endif
    g_test_add_func("/sandbox/processor", test_processor);
    g_test_add_func("/sandbox/wall", test_wall);
    g_test_add_func("/sandbox/output", test_output);
    g_test_add_func("/sandbox/ends", test_ends);
    g_test_add_func("/sandbox/two", test_two);
    return g_test_run();
}
