/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kernels.conf: what it says about a domain. */
#include "common/kernels-conf.h"
#include "tests/expect.h"

#define UUID "5b1a3c10-0000-4000-8000-000000000001"
#define OTHER_UUID "5b1a3c10-0000-4000-8000-000000000002"

static GKeyFile *
load(const char *text)
{
    g_autoptr(GError) error = NULL;
    GKeyFile *conf = g_key_file_new();
    g_key_file_load_from_data(conf, text, (gsize)-1, G_KEY_FILE_NONE, &error);
    g_assert_no_error(error);
    return conf;
}

static void
test_report(void)
{
    static const struct {
        const char *uuid, *name, *report;
    } cases[] = {
        { UUID, "guest", "by uuid" },
        { UUID, "named", "by uuid" }, /* the UUID wins: a name may change */
        { OTHER_UUID, "guest", "other's" },
        { "x", "named", "by name" },
        { "x", "with blank", "trimmed " },
        { "x", "lines", "kernel-2.6.18-53.el5.i686\nkernel-2.6.18-92.el5.i686" },
        { "x",
          "\xc3\x9cn\xc3\xaf"
          "code",
          "\xc3\xbc" },
        { "x", "empty", "" },
        { "x", "Named", NULL },
        { "x", "x", NULL },
        { "x", "", NULL },
        { "x", "a=b", NULL },
        { "x", "[Kernels]", NULL },
        { "x", "\xff\n", NULL },
    };
    g_autoptr(GKeyFile) conf = load("# for RHEL 5's own libvirt\n"
                                    "[Kernels]\n" UUID "=by uuid\n" OTHER_UUID "=other's\n"
                                    "named=by name\n"
                                    "with blank = trimmed \n"
                                    "lines=kernel-2.6.18-53.el5.i686\\nkernel-2.6.18-92.el5.i686\n"
                                    "empty=\n"
                                    "Ünïcode=ü\n");
    g_autoptr(GKeyFile) nothing = load("");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const XpvDomainXml domain = { .uuid = (char *)cases[i].uuid, .name = (char *)cases[i].name };
        g_autofree char *report = xpv_kernels_conf_report(conf, &domain);
        expect(cases[i].name, report, cases[i].report);
        g_assert_false(xpv_kernels_conf_acknowledges(conf, &domain));
        g_assert_null(xpv_kernels_conf_report(nothing, &domain));
    }
}

static void
test_acknowledges(void)
{
    static const struct {
        const char *uuid, *name;
        gboolean acknowledged;
    } cases[] = {
        { UUID, "guest", TRUE }, { UUID, "no", TRUE },    { "x", "named", TRUE }, { OTHER_UUID, "named", FALSE },
        { "x", "no", FALSE },    { "x", "what", FALSE },  { "x", "one", TRUE }, /* key files take 1 for true */
        { "x", "other", FALSE }, { "x", "guest", FALSE },
    };
    g_autoptr(GKeyFile) conf = load("[Acknowledged]\n" UUID "=true\nnamed=true\nno=false\n" OTHER_UUID "=false\n"
                                    "what=yes\none=1\n[Other]\nother=true\n");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const XpvDomainXml domain = { .uuid = (char *)cases[i].uuid, .name = (char *)cases[i].name };
        gboolean acknowledged = xpv_kernels_conf_acknowledges(conf, &domain);
        expect_true(cases[i].name, acknowledged == cases[i].acknowledged, "acknowledged as written");
        g_assert_null(xpv_kernels_conf_report(conf, &domain));
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kernels-conf/report", test_report);
    g_test_add_func("/kernels-conf/acknowledges", test_acknowledges);
    return g_test_run();
}
