/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "inspect/filter.h"

/* For the libraries that it loads as it starts, and for the image. */
#define DESCRIPTORS_MAX 64U

/* Files are read there and, as the dynamic linker is one of them, executed. */
static const char *const library_folders[] = { "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64" };

#define LIBRARIES_INDEX "/etc/ld.so.cache"

/* All that the kernel can refuse, by the version of its Landlock. Linux 6.2's LANDLOCK_ACCESS_FS_TRUNCATE is not in the
 * headers of Debian 12. */
static guint64
handled_access(long version)
{
    const guint64 first = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1, refer = LANDLOCK_ACCESS_FS_REFER, truncate = 1 << 14;
    return first | (version >= 2 ? refer : 0) | (version >= 3 ? truncate : 0);
}

static gboolean
allow(int rules, int fd, guint64 access)
{
    const struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };
    return syscall(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

/* A file that does not exist need not be allowed. */
static gboolean
allow_path(int rules, const char *path, guint64 access)
{
    g_auto(XpvFd) fd = open(path, O_PATH | O_CLOEXEC);
    return fd < 0 ? errno == ENOENT : allow(rules, fd, access);
}

static gboolean
limit_files(const char *program, int image)
{
    const guint64 reads = LANDLOCK_ACCESS_FS_READ_FILE, runs = reads | LANDLOCK_ACCESS_FS_EXECUTE;
    long version = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0)
        return FALSE;
    const struct landlock_ruleset_attr attributes = { .handled_access_fs = handled_access(version) };
    int rules = (int)syscall(__NR_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0)
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(library_folders); i++) {
        if (!allow_path(rules, library_folders[i], runs))
            return FALSE;
    }
    return allow_path(rules, LIBRARIES_INDEX, reads) && allow_path(rules, program, runs) &&
           allow(rules, image, reads) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(__NR_landlock_restrict_self, rules, 0) == 0 && close(rules) == 0;
}

static gboolean
limit(int resource, guint64 value)
{
    const struct rlimit bounds = { value, value };
    return setrlimit(resource, &bounds) == 0;
}

static gboolean
limit_resources(void)
{
    return limit(RLIMIT_AS, XPV_CONFINE_MEMORY) && limit(RLIMIT_CPU, XPV_CONFINE_PROCESSOR) && limit(RLIMIT_FSIZE, 0) &&
           limit(RLIMIT_NOFILE, DESCRIPTORS_MAX) && limit(RLIMIT_CORE, 0);
}

/* What it needs: first on each architecture, then on some. This process needs execve() once; Landlock refuses other
 * programs. */
static const guint32 calls[] = {
    __NR_accept4,
    __NR_brk,
    __NR_chdir,
    __NR_clock_gettime,
    __NR_clock_nanosleep,
    __NR_close,
    __NR_epoll_create1,
    __NR_epoll_ctl,
    __NR_epoll_pwait,
    __NR_eventfd2,
    __NR_execve,
    __NR_exit,
    __NR_exit_group,
    __NR_faccessat,
    __NR_fstat,
    __NR_futex,
    __NR_getpeername,
    __NR_getpid,
    __NR_getrandom,
    __NR_getsockname,
    __NR_getsockopt,
    __NR_gettid,
    __NR_gettimeofday,
    __NR_lseek,
    __NR_madvise,
    __NR_membarrier,
    __NR_mprotect,
    __NR_mremap,
    __NR_munmap,
    __NR_ppoll,
    __NR_pread64,
    __NR_preadv,
    __NR_read,
    __NR_readv,
    __NR_recvfrom,
    __NR_recvmsg,
    __NR_restart_syscall,
    __NR_rseq,
    __NR_rt_sigaction,
    __NR_rt_sigprocmask,
    __NR_rt_sigreturn,
    __NR_sched_getaffinity,
    __NR_sched_yield,
    __NR_sendmsg,
    __NR_sendto,
    __NR_set_robust_list,
    __NR_set_tid_address,
    __NR_setsockopt,
    __NR_shutdown,
    __NR_sigaltstack,
    __NR_signalfd4,
    __NR_statx,
    __NR_uname,
    __NR_write,
    __NR_writev,
#ifdef __NR_access
    __NR_access,
#endif
#ifdef __NR_arch_prctl
    __NR_arch_prctl,
#endif
#ifdef __NR_clock_gettime64
    __NR_clock_gettime64,
    __NR_clock_nanosleep_time64,
    __NR_futex_time64,
    __NR_ppoll_time64,
#endif
#ifdef __NR_epoll_wait
    __NR_epoll_wait,
#endif
#ifdef __NR_fcntl64
    __NR_fcntl64,
#endif
    __NR_fcntl,
#ifdef __NR_fstat64
    __NR_fstat64,
    __NR_fstatat64,
#endif
#ifdef __NR__llseek
    __NR__llseek,
#endif
#ifdef __NR_mmap2
    __NR_mmap2,
#else
    __NR_mmap,
#endif
#ifdef __NR_newfstatat
    __NR_newfstatat,
#endif
#ifdef __NR_poll
    __NR_poll,
#endif
#ifdef __NR_set_thread_area
    __NR_set_thread_area,
#endif
};

/* A refused call fails, but does not kill qemu-nbd, as it tries more calls than it needs. */
static gboolean
limit_calls(void)
{
    const guint32 refuse = SECCOMP_RET_ERRNO | EPERM;
    struct sock_filter filter[G_N_ELEMENTS(calls) * 2 + 20];
    unsigned short n = xpv_filter_begin(filter, calls, G_N_ELEMENTS(calls));
    /* It opens files only to read, and creates none. */
    filter[n++] = UNLESS(__NR_openat, 4);
    filter[n++] = LOAD(LOWER(2));
    filter[n++] = HAS_ANY(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY), 1);
    filter[n++] = DECIDE(refuse);
    filter[n++] = DECIDE(SECCOMP_RET_ALLOW);
    /* A thread. The flags of clone3() cannot be seen, and libc then asks for clone(). */
    filter[n++] = UNLESS(__NR_clone3, 1);
    filter[n++] = DECIDE(SECCOMP_RET_ERRNO | ENOSYS);
    filter[n++] = UNLESS(__NR_clone, 3);
    filter[n++] = LOAD(LOWER(0));
    filter[n++] = HAS_ANY(CLONE_THREAD, 1);
    filter[n++] = DECIDE(SECCOMP_RET_ALLOW);
    filter[n++] = DECIDE(refuse);
    return xpv_filter_install(filter, n);
}

const char *
xpv_confine(const char *program, int image)
{
    if (!limit_resources())
        return "limit its memory and time";
    if (!limit_files(program, image))
        return "limit the files that it opens (Landlock)";
    return limit_calls() ? NULL : "filter its system calls";
}
