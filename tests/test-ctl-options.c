/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line. Blanks separate the words; “” is an empty word. */
#include "ctl/ctl.h"
#include "tests/expect.h"

static XpvCtl *
parse(const char *line, GError **error)
{
    g_autofree char *whole = g_strconcat("xenpv-compatctl", *line != '\0' ? " " : "", line, NULL);
    g_auto(GStrv) argv = g_strsplit(whole, " ", -1);
    for (guint i = 0; argv[i]; i++) {
        if (g_str_equal(argv[i], "“”"))
            *argv[i] = '\0';
    }
    return xpv_ctl_parse(argv, error);
}

static void
test_right(void)
{
    static const struct {
        const char *line, *verb, *arguments;
        gboolean json, fail;
    } cases[] = {
        { "", "list", "", FALSE, FALSE },
        { "--json", "list", "", TRUE, FALSE },
        { "list --fail", "list", "", FALSE, TRUE },
        { "--fail", "list", "", FALSE, TRUE },
        { "show --json web1", "show", "web1", TRUE, FALSE },
        { "--json show web1", "show", "web1", TRUE, FALSE },
        { "show -- --web1", "show", "--web1", FALSE, FALSE },
        { "host", "host", "", FALSE, FALSE },
        { "check -", "check", "-", FALSE, FALSE },
        { "check a - b --json", "check", "a - b", TRUE, FALSE },
        { "check \xff\x01", "check", "\xff\x01", FALSE, FALSE },
        { "check --matrix --host-kernel x", "check", "", FALSE, FALSE },
        { "check a --all-hosts b", "check", "a b", FALSE, FALSE },
        { "monitor --json", "monitor", "", TRUE, FALSE },
        { "gate", "gate", "", FALSE, FALSE },
        { "gate guest prepare begin -", "gate", "guest prepare begin -", FALSE, FALSE },
        { "gate --json prepare begin -", "gate", "--json prepare begin -", FALSE, FALSE },
        { "gate -- --frob --", "gate", "-- --frob --", FALSE, FALSE },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(XpvCtl) ctl = parse(cases[i].line, &error);
        if (!expect(cases[i].line, error ? error->message : NULL, NULL))
            continue;
        g_autofree char *arguments = g_strjoinv(" ", ctl->arguments);
        expect(cases[i].line, ctl->verb->name, cases[i].verb);
        expect(cases[i].line, arguments, cases[i].arguments);
        g_assert_cmpint(ctl->json, ==, cases[i].json);
        g_assert_cmpint(ctl->fail, ==, cases[i].fail);
    }
}

static void
test_facts(void)
{
    g_autoptr(XpvCtl) ctl =
        parse("check --host-architecture=x86_64 --host-processor “” --virtualization pv --host-kernel= x", NULL);
    g_assert_nonnull(ctl);
    g_assert_cmpstr(ctl->facts[XPV_FACT_HOST_ARCHITECTURE], ==, "x86_64");
    g_assert_cmpstr(ctl->facts[XPV_FACT_HOST_PROCESSOR], ==, "");
    g_assert_cmpstr(ctl->facts[XPV_FACT_VIRTUALIZATION], ==, "pv");
    g_assert_cmpstr(ctl->facts[XPV_FACT_HOST_KERNEL], ==, "");
}

static void
test_plans(void)
{
    g_autoptr(XpvCtl) matrix = parse("check --matrix --host-kernel x", NULL);
    g_autoptr(XpvCtl) all_hosts = parse("check a --all-hosts", NULL);
    g_assert_true(matrix && matrix->matrix && !matrix->all_hosts);
    g_assert_true(all_hosts && all_hosts->all_hosts && !all_hosts->matrix);
}

/* "-H" and "--host" are the same. Neither is taken for an option of "check". */
static void
test_host(void)
{
    static const char *const lines[] = { "list -H root@xen1:22", "show a --host root@xen1:22",
                                         "--host=root@xen1:22 host", "monitor -H root@xen1:22",
                                         "metrics --output /x -H root@xen1:22" };
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(XpvCtl) ctl = parse(lines[i], NULL);
        g_assert_nonnull(ctl);
        expect(lines[i], ctl->host, "root@xen1:22");
    }
    g_autoptr(XpvCtl) ctl = parse("check a --host-processor intel", NULL);
    g_assert_true(ctl && !ctl->host);
}

/* The error is one sentence that names the wrong word. */
static void
test_wrong(void)
{
    static const char *const cases[][2] = {
        { "frob", "frob" },
        { "fr\x1bob", "frob" },
        { "--frob", "--frob" },
        { "-x", "-x" },
        { "show", "show" },
        { "show a b", "“b”" },
        { "list a", "“a”" },
        { "host a", "“a”" },
        { "monitor a", "“a”" },
        { "check", "check" },
        { "check --json", "check" },
        { "show --fail a", "--fail" },
        { "check --fail a", "--fail" },
        { "list --host-kernel a", "--host-kernel" },
        { "monitor --virtualization pv", "--virtualization" },
        { "gate --frob", "--frob" },
        { "--host-processor=amd gate guest", "--host-processor" },
        { "check a --host-processor", "--host-processor" },
        { "list --matrix", "--matrix" },
        { "show --all-hosts a", "--all-hosts" },
        { "check --matrix a", "“a”" },
        { "check --all-hosts", "check" },
        { "check --all-hosts --matrix", "--all-hosts" },
        { "check --all-hosts --host-architecture=i686 a", "--all-hosts" },
        { "check --all-hosts --host-processor=amd a", "--all-hosts" },
        { "check a --host b", "--host" },
        { "list --host", "--host" },
        { "list --output a", "--output" },
        { "metrics --json", "--json" },
        { "metrics a", "“a”" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(XpvCtl) ctl = parse(cases[i][0], &error);
        g_assert_null(ctl);
        g_assert_error(error, XPV_CTL_ERROR, XPV_CTL_EXIT_USAGE);
        expect_true(cases[i][0], strstr(error->message, cases[i][1]) != NULL, cases[i][1]);
        expect_true(cases[i][0], strchr(error->message, '\n') == NULL, "one line");
        expect_true(cases[i][0], is_publishable(error->message), "fit for a terminal");
    }
}

/* --help and --version win over everything else. */
static void
test_help(void)
{
    g_autoptr(XpvCtl) help = parse("show --help", NULL);
    g_autoptr(XpvCtl) version = parse("frob --version", NULL);
    g_autoptr(XpvCtl) gate = parse("gate --help", NULL);
    g_assert_true(help && help->help);
    g_assert_true(gate && gate->help);
    g_assert_true(version && version->version);
    g_assert_nonnull(strstr(help->help_text, "monitor"));
    g_assert_nonnull(strstr(help->help_text, "--host-architecture"));
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_set_prgname("xenpv-compatctl");
    g_test_add_func("/ctl/options/right", test_right);
    g_test_add_func("/ctl/options/facts", test_facts);
    g_test_add_func("/ctl/options/plans", test_plans);
    g_test_add_func("/ctl/options/host", test_host);
    g_test_add_func("/ctl/options/wrong", test_wrong);
    g_test_add_func("/ctl/options/help", test_help);
    return g_test_run();
}
