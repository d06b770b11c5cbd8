/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into the programs under test, so that they do not detect this machine's kernel, architecture and processor.
 * XPV_TEST_PROCESSOR is "intel" (the default), "amd" or "unknown". */
#undef _FILE_OFFSET_BITS /* open() and open64() must be two functions here */
#undef _FORTIFY_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

int
uname(struct utsname *name)
{
    static __typeof__(&uname) real;
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "uname");
    if (real(name) < 0)
        return -1;
    strcpy(name->release, "6.1.0-18-amd64");
    strcpy(name->machine, "x86_64");
    return 0;
}

static int
open_cpuinfo(void)
{
    const char *processor = getenv("XPV_TEST_PROCESSOR");
    const char *vendor = "vendor_id\t: GenuineIntel\n";
    if (processor && strcmp(processor, "amd") == 0)
        vendor = "vendor_id\t: AuthenticAMD\n";
    else if (processor && strcmp(processor, "unknown") == 0)
        vendor = "";

    int fd = memfd_create("cpuinfo", MFD_CLOEXEC);
    if (fd >= 0 && (dprintf(fd, "processor\t: 0\n%s", vendor) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Reads the mode even if none was passed. The real function uses it only where it is needed. */
#define OPEN(name)                                                                                                     \
    int name(const char *file, int oflag, ...)                                                                         \
    {                                                                                                                  \
        static int (*real)(const char *, int, ...);                                                                    \
        va_list rest;                                                                                                  \
        if (!real)                                                                                                     \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                                                 \
        va_start(rest, oflag);                                                                                         \
        mode_t mode = va_arg(rest, mode_t);                                                                            \
        va_end(rest);                                                                                                  \
        return strcmp(file, "/proc/cpuinfo") == 0 ? open_cpuinfo() : real(file, oflag, mode);                          \
    }

OPEN(open)
OPEN(open64)
