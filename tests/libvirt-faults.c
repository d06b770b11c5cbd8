/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into the programs under test: makes libvirt's calls fail or hang in ways that no available driver does.
 *
 * XPV_UNREADABLE=NAME: the XML of that domain cannot be read.
 * XPV_HANG=NAME and XPV_HANG_FIFO=PATH: while that FIFO exists, reading that domain's XML or state hangs until the FIFO
 *   is opened for writing. With NAME "*", reading any domain hangs, and listing domains too.
 * XPV_HANG_LIST_FIFO=PATH: while that FIFO exists, the list of paused domains and that of domains that do not run are
 *   made and then hang until the FIFO has been opened for writing and closed.
 * XPV_HANG_FOLDER=PATH and XPV_HANG_FIFO=PATH: watching that folder hangs until the FIFO is opened for writing, as on
 *   a file server that does not answer.
 * XPV_UNSUPPORTED=CALL,…: the calls "list-all", "state", "events" and "metadata-events" are unsupported, as by servers
 *   before 0.9.13, 0.9.2, 0.8.0 and 3.0.0. */
#include <dlfcn.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define REAL(name)                                                                                                     \
    static __typeof__(&name) real;                                                                                     \
    if (!real)                                                                                                         \
    *(void **)&real = dlsym(RTLD_NEXT, #name)

static __thread int is_unsupported;

static int
lacks(const char *call)
{
    const char *calls = getenv("XPV_UNSUPPORTED");
    is_unsupported = calls && strstr(calls, call) != NULL;
    return is_unsupported;
}

static void
hang(const char *name)
{
    const char *hangs = getenv("XPV_HANG");
    const char *fifo = getenv("XPV_HANG_FIFO");
    if (!hangs || !fifo || (strcmp(hangs, "*") != 0 && (!name || strcmp(hangs, name) != 0)))
        return;
    int fd = open(fifo, O_RDONLY);
    if (fd >= 0)
        close(fd);
}

static void
hang_list(void)
{
    const char *fifo = getenv("XPV_HANG_LIST_FIFO");
    int fd = fifo ? open(fifo, O_RDONLY) : -1;
    char byte;
    while (fd >= 0 && read(fd, &byte, 1) > 0)
        continue;
    if (fd >= 0)
        close(fd);
}

/* Returns the error that belongs to an unsupported call. */
int
virGetLastErrorCode(void)
{
    REAL(virGetLastErrorCode);
    return is_unsupported ? VIR_ERR_NO_SUPPORT : real();
}

int
virConnectListAllDomains(virConnectPtr connection, virDomainPtr **domains, unsigned int flags)
{
    REAL(virConnectListAllDomains);
    hang(NULL);
    if (lacks("list-all"))
        return -1;
    int n = real(connection, domains, flags);
    if (flags & VIR_CONNECT_LIST_DOMAINS_PAUSED)
        hang_list();
    return n;
}

int
virConnectListDefinedDomains(virConnectPtr connection, char **const names, int maxnames)
{
    REAL(virConnectListDefinedDomains);
    int n = real(connection, names, maxnames);
    hang_list();
    return n;
}

int
virDomainGetState(virDomainPtr domain, int *state, int *reason, unsigned int flags)
{
    REAL(virDomainGetState);
    hang(virDomainGetName(domain));
    return lacks("state") ? -1 : real(domain, state, reason, flags);
}

int
virConnectDomainEventRegisterAny(virConnectPtr conn, virDomainPtr dom, int eventID,
                                 virConnectDomainEventGenericCallback cb, void *opaque, virFreeCallback freecb)
{
    REAL(virConnectDomainEventRegisterAny);
    if (lacks("events") || (eventID == VIR_DOMAIN_EVENT_ID_METADATA_CHANGE && lacks("metadata-events")))
        return -1;
    return real(conn, dom, eventID, cb, opaque, freecb);
}

char *
virDomainGetXMLDesc(virDomainPtr domain, unsigned int flags)
{
    REAL(virDomainGetXMLDesc);
    const char *unreadable = getenv("XPV_UNREADABLE");
    hang(virDomainGetName(domain));
    if (unreadable && strcmp(virDomainGetName(domain), unreadable) == 0) {
        virDomainGetID(NULL); /* sets an error */
        return NULL;
    }
    return real(domain, flags);
}

int
inotify_add_watch(int fd, const char *name, uint32_t mask)
{
    REAL(inotify_add_watch);
    const char *folder = getenv("XPV_HANG_FOLDER");
    const char *path = getenv("XPV_HANG_FIFO");
    int fifo = folder && path && strcmp(name, folder) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fifo >= 0)
        close(fifo);
    return real(fd, name, mask);
}
