/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration: every key, options that override the file, and the error messages. */
#include "daemon/config.h"

#include <glib/gstdio.h>

#include "common/build.h"
#include "tests/expect.h"

static char *folder;

static char *
write_file(const char *text)
{
    char *path = g_build_filename(folder, "test.conf", NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

/* Parses a line of options as the shell would. */
static XpvOptions *
parse_options(const char *line, GError **error)
{
    g_autofree char *whole = g_strconcat("xenpv-compatd ", line, NULL);
    g_auto(GStrv) words = NULL;
    int n;
    g_assert_true(g_shell_parse_argv(whole, &n, &words, NULL));
    g_autofree char **argv = g_memdup2(words, sizeof *words * ((gsize)n + 1)); /* the parser removes words from it */
    char **rest = argv;
    return xpv_options_parse(&n, &rest, error);
}

static XpvConfig *
load(const char *line, GError **error)
{
    g_autoptr(XpvOptions) options = parse_options(line, error);
    return options ? xpv_config_load(options, error) : NULL;
}

/* @text: (nullable) the contents of the file that --config names
 * Returns: the resulting values, or the error message without the folder's name */
static char *
result_of(const char *text, const char *line)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = text ? write_file(text) : NULL;
    g_autofree char *all = text ? g_strdup_printf("--config=%s %s", path, line) : g_strdup(line);
    g_autoptr(XpvConfig) config = load(all, &error);
    if (config) {
        g_assert_no_error(error);
        return g_strdup_printf("%s|%s|%s|%s|%u|%u", config->uri, config->host_kernel ? config->host_kernel : "-",
                               config->host_processor ? config->host_processor : "-",
                               config->host_architecture ? config->host_architecture : "-", config->grace,
                               config->call_timeout);
    }
    g_assert_nonnull(error);
    g_autoptr(GString) sentence = g_string_new(error->message);
    g_autofree char *prefix = g_strconcat(folder, "/", NULL);
    g_string_replace(sentence, prefix, "", 0);
    return g_strdup(sentence->str);
}

typedef struct {
    const char *file; /* (nullable) without the group's line */
    const char *options;
    const char *result;
} Case;

static void
check(const Case *cases, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_autofree char *text = cases[i].file ? g_strconcat("[xenpv-compatd]\n", cases[i].file, NULL) : NULL;
        g_autofree char *input = g_strdup_printf("%s %s", cases[i].file ? cases[i].file : "", cases[i].options);
        g_autofree char *got = result_of(text, cases[i].options);
        expect(input, got, cases[i].result);
    }
}

static void
test_values(void)
{
    static const Case cases[] = {
        /* Nothing is set. */
        { "", "", "xen:///system|-|-|-|120|30" },
        { "\n# uri = no\n#grace=x\n", "", "xen:///system|-|-|-|120|30" },
        /* Each key, and the option of the same name. */
        { "uri = test:///default\n", "", "test:///default|-|-|-|120|30" },
        { "", "--uri=test:///default", "test:///default|-|-|-|120|30" },
        { "", "--uri test:///default", "test:///default|-|-|-|120|30" },
        { "host-kernel=2.6.18-53.el5xen\n", "", "xen:///system|2.6.18-53.el5xen|-|-|120|30" },
        { "", "--host-kernel=6.1.0", "xen:///system|6.1.0|-|-|120|30" },
        { "host-processor=intel\n", "", "xen:///system|-|intel|-|120|30" },
        { "", "--host-processor=amd", "xen:///system|-|amd|-|120|30" },
        { "host-architecture=ia64\n", "", "xen:///system|-|-|ia64|120|30" },
        { "", "--host-architecture=i686", "xen:///system|-|-|i686|120|30" },
        { "grace=0\n", "", "xen:///system|-|-|-|0|30" },
        { "", "--grace=86400", "xen:///system|-|-|-|86400|30" },
        { "call-timeout=1\n", "", "xen:///system|-|-|-|120|1" },
        { "", "--call-timeout=3600", "xen:///system|-|-|-|120|3600" },
        /* Explicitly unknown. */
        { "host-kernel=\nhost-processor=\nhost-architecture=\n", "", "xen:///system||||120|30" },
        { "", "--host-kernel= --host-processor= --host-architecture=", "xen:///system||||120|30" },
        /* The command line overrides the file. */
        { "uri=a:///\nhost-kernel=k\nhost-processor=intel\nhost-architecture=i686\ngrace=1\ncall-timeout=1\n",
          "--uri=b:/// --host-kernel=l --host-processor=amd --host-architecture=x86_64 --grace=2 --call-timeout=2",
          "b:///|l|amd|x86_64|2|2" },
        { "host-processor=intel\n", "--host-processor=", "xen:///system|-||-|120|30" },
        /* The last one counts. */
        { "grace=1\ngrace=2\n", "", "xen:///system|-|-|-|2|30" },
        { "", "--grace=1 --grace=2", "xen:///system|-|-|-|2|30" },
        /* An overridden value is checked too. */
        { "grace=x\n", "--grace=2", "test.conf:2: grace takes whole seconds from 0 to 86400, not “x”" },
    };
    check(cases, G_N_ELEMENTS(cases));
}

static void
test_wrong_values(void)
{
    static const Case cases[] = {
        { "\nuri=\n", "", "test.conf:3: a libvirt URI cannot be empty" },
        { "", "--uri=", "--uri=: a libvirt URI cannot be empty" },
        { "grace=12x\n", "", "test.conf:2: grace takes whole seconds from 0 to 86400, not “12x”" },
        { "grace=86401\n", "", "test.conf:2: grace takes whole seconds from 0 to 86400, not “86401”" },
        { "grace=1.5\n", "", "test.conf:2: grace takes whole seconds from 0 to 86400, not “1.5”" },
        { "grace=\n", "", "test.conf:2: grace takes whole seconds from 0 to 86400, not “”" },
        { "", "--grace=-1", "--grace=-1: grace takes whole seconds from 0 to 86400, not “-1”" },
        { "", "--grace=soon", "--grace=soon: grace takes whole seconds from 0 to 86400, not “soon”" },
        { "# c\n# d\n  call-timeout  =  0\n", "",
          "test.conf:4: call-timeout takes whole seconds from 1 to 3600, not “0”" },
        { "", "--call-timeout=3601",
          "--call-timeout=3601: call-timeout takes whole seconds from 1 to 3600, not “3601”" },
        { "", "--call-timeout=99999999999999999999999",
          "--call-timeout=99999999999999999999999: call-timeout takes whole seconds from 1 to 3600, not "
          "“99999999999999999999999”" },
        { "host-processor=arm\n", "",
          "test.conf:2: host-processor cannot be “arm”; it is intel or amd, or empty if not known" },
        { "", "--host-processor=Intel",
          "--host-processor=Intel: host-processor cannot be “Intel”; it is intel or amd, or empty if not known" },
        { "host-architecture=athlon\n", "",
          "test.conf:2: host-architecture cannot be “athlon”; it is i686, x86_64 or ia64, or empty if not known" },
        { "", "--host-architecture=i386",
          "--host-architecture=i386: host-architecture cannot be “i386”; it is i686, x86_64 or ia64, or empty if "
          "not "
          "known" },
        { "\ngrace\f = x\n", "", "test.conf:3: grace takes whole seconds from 0 to 86400, not “x”" },
        /* The message names the line of the value that counts. */
        { "grace=1\ngrace=x\n", "", "test.conf:3: grace takes whole seconds from 0 to 86400, not “x”" },
    };
    check(cases, G_N_ELEMENTS(cases));
}

static void
test_wrong_files(void)
{
    static const struct {
        const char *text, *result;
    } cases[] = {
        { "[xenpv-compatd]\ncolour=red\n", "test.conf:2: there is no key “colour”" },
        { "[xenpv-compatd]\nuri[de]=x\n", "test.conf:2: there is no key “uri[de]”" },
        { "[xenpv-compatd]\n\n[other]\nuri=x\n",
          "test.conf:3: there is no group [other]; the group is [xenpv-compatd]" },
        { "[other]\n", "test.conf:1: there is no group [other]; the group is [xenpv-compatd]" },
        { "[xenpv-compatd]\nwhat is this\n",
          "test.conf: Key file contains line “what is this” which is not a key-value pair, group, or comment" },
        { "uri=x\n", "test.conf: Key file does not start with a group" },
        { "[xenpv-compatd]\n\nuri=\xff\n",
          "test.conf:3: Key file contains key “uri” with value “\xef\xbf\xbd” which is not UTF-8" },
        /* Each file has two errors; the message names the first. */
        { "[xenpv-compatd]\ncolour=\xff\n", "test.conf:2: there is no key “colour”" },
        { "[xenpv-compatd]\ngrace=\\q\n",
          "test.conf:2: Key file contains key “grace” which has a value that cannot be interpreted." },
        { "", "xen:///system|-|-|-|120|30" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = result_of(cases[i].text, "");
        expect(cases[i].text, got, cases[i].result);
    }
}

static void
test_nul(void)
{
    static const char text[] = "[xenpv-compatd]\ngra\0ce=x\n";
    g_autofree char *path = g_build_filename(folder, "test.conf", NULL);
    g_autofree char *line = g_strconcat("--config=", path, NULL);
    g_assert_true(g_file_set_contents(path, text, sizeof text - 1, NULL));
    g_autofree char *got = result_of(NULL, line);
    expect(line, got, "test.conf: the file contains a NUL byte");
}

static void
test_no_file(void)
{
    g_autofree char *missing = g_strdup_printf("--config=%s/missing.conf", folder);
    g_autofree char *directory = g_strdup_printf("--config=%s/.", folder);
    g_autofree char *got = result_of(NULL, missing);
    expect(missing, got,
           "Cannot read the configuration: Failed to open file “missing.conf”: No such file or directory");
    g_autofree char *got_directory = result_of(NULL, directory);
    expect_true(directory, g_str_has_prefix(got_directory, "Cannot read the configuration: "), "is no file");

    if (g_file_test(XPV_CONFIG_PATH, G_FILE_TEST_EXISTS)) {
        g_test_message("%s exists", XPV_CONFIG_PATH);
        return;
    }
    g_autofree char *got_default = result_of(NULL, "");
    expect("the default file", got_default, "xen:///system|-|-|-|120|30");
}

static void
test_path(void)
{
    g_autofree char *path = write_file("");
    g_autofree char *line = g_strdup_printf("--config %s", path);
    g_autoptr(XpvConfig) named = load(line, NULL);
    expect(line, named->path, path);
}

static void
test_options(void)
{
    static const struct {
        const char *line, *sentence;
    } cases[] = {
        { "--colour", "Unknown option --colour" },      { "-u x", "Unknown option -u" },
        { "--uri", "Missing argument for --uri" },      { "extra", "Unexpected argument “extra”" },
        { "--grace=1 a b", "Unexpected argument “a”" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(XpvOptions) options = parse_options(cases[i].line, &error);
        expect_true(cases[i].line, options == NULL, "is refused");
        expect(cases[i].line, error ? error->message : "", cases[i].sentence);
    }

    g_autoptr(XpvOptions) none = parse_options("", NULL);
    g_autoptr(XpvOptions) version = parse_options("--version", NULL);
    expect_true("", !none->version, "does not ask for the version");
    expect_true("--version", version->version, "asks for the version");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("xenpv-config-XXXXXX", NULL);
    g_test_add_func("/config/values", test_values);
    g_test_add_func("/config/wrong-values", test_wrong_values);
    g_test_add_func("/config/wrong-files", test_wrong_files);
    g_test_add_func("/config/nul", test_nul);
    g_test_add_func("/config/no-file", test_no_file);
    g_test_add_func("/config/path", test_path);
    g_test_add_func("/config/options", test_options);
    int status = g_test_run();

    g_autofree char *path = g_build_filename(folder, "test.conf", NULL);
    g_remove(path);
    g_rmdir(folder);
    g_free(folder);
    return status;
}
