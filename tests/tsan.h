/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Included before all else in a build with -Db_sanitize=thread. GLib itself is built without the thread sanitizer, and
 * implements its locks with futexes, which the sanitizer does not recognise: so these functions tell it what the locks
 * order. Threads need none, as GLib uses pthread_create() and pthread_join(), nor do atomic integers, which are
 * inlined. */
#pragma once

#ifdef __SANITIZE_THREAD__ /* not defined in libraries that are loaded into other programs */
#    include <glib.h>
#    include <sanitizer/tsan_interface.h>
#    include <unistd.h>

/* A finding ends the program. Libraries that are built without the sanitizer are ignored. */
const char *__tsan_default_options(void);

__attribute__((weak, no_sanitize_thread)) const char *
__tsan_default_options(void)
{
    return "abort_on_error=1:halt_on_error=1:ignore_noninstrumented_modules=1";
}

static inline void
tsan_mutex_lock(GMutex *mutex)
{
    __tsan_mutex_pre_lock(mutex, 0);
    g_mutex_lock(mutex);
    __tsan_mutex_post_lock(mutex, 0, 0);
}

static inline void
tsan_mutex_unlock(GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    g_mutex_unlock(mutex);
    __tsan_mutex_post_unlock(mutex, 0);
}

static inline void
tsan_mutex_clear(GMutex *mutex)
{
    __tsan_mutex_destroy(mutex, 0);
    g_mutex_clear(mutex);
}

/* The mutex is free during the wait. */
static inline void
tsan_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
    g_cond_wait(cond, mutex);
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
}

static inline gboolean
tsan_cond_wait_until(GCond *cond, GMutex *mutex, gint64 until)
{
    __tsan_mutex_pre_unlock(mutex, 0);
    __tsan_mutex_post_unlock(mutex, 0);
    gboolean is_signalled = g_cond_wait_until(cond, mutex, until);
    __tsan_mutex_pre_lock(mutex, 0);
    __tsan_mutex_post_lock(mutex, 0, 0);
    return is_signalled;
}

/* Everything before a reference was dropped happens before the last one is dropped. */
static inline gboolean
tsan_atomic_ref_count_dec(gatomicrefcount *count)
{
    __tsan_release(count);
    gboolean is_last = g_atomic_ref_count_dec(count);
    if (is_last)
        __tsan_acquire(count);
    return is_last;
}

/* Replaces the sanitizer's read(): libxenstore cancels a thread inside it, and the sanitizer cannot handle that. */
ssize_t __read(int file, void *buffer, size_t size);

__attribute__((weak, no_sanitize_thread)) ssize_t
read(int file, void *buffer, size_t size)
{
    return __read(file, buffer, size);
}

#    define g_mutex_lock tsan_mutex_lock
#    define g_mutex_unlock tsan_mutex_unlock
#    define g_mutex_clear tsan_mutex_clear
#    define g_cond_wait tsan_cond_wait
#    define g_cond_wait_until tsan_cond_wait_until
#    undef g_atomic_ref_count_dec
#    define g_atomic_ref_count_dec tsan_atomic_ref_count_dec
#endif
