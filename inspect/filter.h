/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A filter of system calls, written by hand, as it is a list of some dozen numbers. It is installed by prctl(), as the
 * filter of the inspector's own unit has no seccomp(), which libseccomp would call. */
#pragma once

#include <glib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

#if defined(__x86_64__)
#    define XPV_FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#    define XPV_FILTER_ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__AARCH64EL__)
#    define XPV_FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#    error "There is no filter of system calls for this architecture; build with -Dinspect=disabled."
#endif

/* The lower half of an argument. The kernel ignores the upper half of those that are asked for here. */
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#    define LOWER(n) args[n]
#else
#    error "The lower half of an argument stands elsewhere."
#endif

/* The instructions. @skip: how many of the next ones are left out */
#define LOAD(member)                                                                                                   \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (guint32)offsetof(struct seccomp_data, member))
#define DECIDE(action) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (action))
#define UNLESS(value, skip) (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define HAS_ANY(bits, skip) (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (skip))

/* xpv_filter_begin: allows calls. The call's number stays loaded for the instructions that follow.
 * @filter: has room for four instructions and two for each call. Returns: their number */
static inline unsigned short
xpv_filter_begin(struct sock_filter *filter, const guint32 *calls, gsize n_calls)
{
    unsigned short n = 0;
    filter[n++] = LOAD(arch); /* another's numbers mean other calls */
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, XPV_FILTER_ARCHITECTURE, 1, 0);
    filter[n++] = DECIDE(SECCOMP_RET_KILL_PROCESS);
    filter[n++] = LOAD(nr);
    for (gsize i = 0; i < n_calls; i++) {
        filter[n++] = UNLESS(calls[i], 1);
        filter[n++] = DECIDE(SECCOMP_RET_ALLOW);
    }
    return n;
}

static inline gboolean
xpv_filter_install(struct sock_filter *filter, unsigned short length)
{
    const struct sock_fprog program = { .len = length, .filter = filter };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
