/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The least work to read all domains over one connection: it reads one list and each domain's XML, and keeps nothing.
 *
 *   plain-loop URI [--idle]   --idle: then it listens to lifecycle events, as the daemon does, until it is killed */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>

static int
on_event(virConnectPtr connection, virDomainPtr domain, int event, int detail, void *data)
{
    return 0;
}

int
main(int argc, char **argv)
{
    virEventRegisterDefaultImpl();
    virConnectPtr connection = argc > 1 ? virConnectOpenReadOnly(argv[1]) : NULL;
    virDomainPtr *domains = NULL;
    int count = connection ? virConnectListAllDomains(connection, &domains, 0) : -1;
    if (count < 0) {
        fprintf(stderr, "plain-loop: %s\n", virGetLastErrorMessage());
        return EXIT_FAILURE;
    }
    for (int i = 0; i < count; i++) {
        free(virDomainGetXMLDesc(domains[i], 0));
        virDomainFree(domains[i]);
    }
    free(domains);
    if (argc > 2) {
        virConnectDomainEventRegisterAny(connection, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_event), NULL, NULL);
        puts("idle");
        fflush(stdout);
        while (virEventRunDefaultImpl() == 0)
            continue;
    }
    virConnectClose(connection);
    return EXIT_SUCCESS;
}
