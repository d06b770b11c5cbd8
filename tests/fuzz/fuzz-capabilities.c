/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The capabilities that libvirt reports, maybe from another host. */
#include "common/capabilities.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    g_autofree char *text = g_strndup((const char *)data, length);
    g_autofree char *vendor = xpv_capabilities_vendor(text);
    g_assert_true(!vendor || g_utf8_validate(vendor, -1, NULL));
    return 0;
}
