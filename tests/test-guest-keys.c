/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of a guest's keys matter. test-report-xenstore.c tests how they are read. */
#include "daemon/xenstore/guest-keys.h"

static void
test_matter(void)
{
    static const struct {
        const char *path;
        gboolean matters;
    } cases[] = {
        /* The keys themselves. */
        { "/local/domain/12/data/xenpv-compat/kernel", TRUE },
        { "/local/domain/12/data/os_uname", TRUE },
        { "/local/domain/12/data/os/unix/kernel-version", TRUE },
        { "/local/domain/12/data/os_distro", TRUE },
        { "/local/domain/12/data/os_majorver", TRUE },
        { "/local/domain/12/device/vbd/51712/state", TRUE },
        { "/local/domain/12/device/vif/0/state", TRUE },

        /* Removing one of these removes the keys below it. */
        { "/local/domain/12/data", TRUE },
        { "/local/domain/12/data/xenpv-compat", TRUE },
        { "/local/domain/12/data/os", TRUE },
        { "/local/domain/12/data/os/unix", TRUE },
        { "/local/domain/12/device/vbd", TRUE },
        { "/local/domain/12/device/vif/0", TRUE },

        /* Their neighbours. */
        { "/local/domain/12/data/os_name", FALSE },
        { "/local/domain/12/data/os_minorver", FALSE },
        { "/local/domain/12/data/os_uname2", FALSE },
        { "/local/domain/12/data/os_unam", FALSE },
        { "/local/domain/12/data/os_uname/x", FALSE },
        { "/local/domain/12/data/os/unix/kernel", FALSE },
        { "/local/domain/12/data/updated", FALSE },
        { "/local/domain/12/data/x", FALSE },
        { "/local/domain/12/device/vbd/51712/ring-ref", FALSE },
        { "/local/domain/12/device/vbd/51712/state/x", FALSE },
        { "/local/domain/12/device/vbd/x", FALSE },
        { "/local/domain/12/device/vbd/x/state", FALSE },
        { "/local/domain/12/device/vbd/12345678901/state", FALSE },
        { "/local/domain/12/device/vbdx", FALSE },
        { "/local/domain/12/device/vfb/0/state", FALSE },

        /* These belong to no domain. */
        { "", FALSE },
        { "/", FALSE },
        { "data/os_uname", FALSE },
        { "/local/domain", FALSE },
        { "/local/domain/12", FALSE },
        { "/local/domain/x/data/os_uname", FALSE },
        { "/local/domain//data/os_uname", FALSE },
        { "/vm/12/data/os_uname", FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (xpv_guest_keys_matter(cases[i].path) != cases[i].matters) {
            g_test_message("%s", cases[i].path);
            g_test_fail();
        }
    }
}

static void
test_is_watched(void)
{
    g_assert_true(xpv_guest_keys_is_watched("/local/domain/1/data"));
    g_assert_true(xpv_guest_keys_is_watched("/local/domain/1/device/vbd"));
    g_assert_true(xpv_guest_keys_is_watched("/local/domain/1/device/vif"));
    g_assert_false(xpv_guest_keys_is_watched("/local/domain/1/device"));
    g_assert_false(xpv_guest_keys_is_watched("/local/domain/1/data/os_uname"));
    g_assert_false(xpv_guest_keys_is_watched("data"));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guest-keys/matter", test_matter);
    g_test_add_func("/guest-keys/is-watched", test_is_watched);
    return g_test_run();
}
