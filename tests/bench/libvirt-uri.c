/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Preloaded into libvirt-dbus: opens XPV_URI in place of test:///default, the only test URI that libvirt-dbus opens. */
#include <dlfcn.h>
#include <libvirt/libvirt.h>
#include <stdlib.h>

virConnectPtr
virConnectOpenAuth(const char *name, virConnectAuthPtr auth, unsigned int flags)
{
    __typeof__(&virConnectOpenAuth) real;
    *(void **)&real = dlsym(RTLD_NEXT, "virConnectOpenAuth");
    return real(getenv("XPV_URI"), auth, flags);
}
