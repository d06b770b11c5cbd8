/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log as text on standard error. Each test runs in its own process, as xenpv-compatd's log takes over GLib's for
 * good. system/test_systemd.py tests what the journal gets. */
#include "daemon/log.h"

#include "tests/expect.h"

static const char *const levels[] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };

static void
log_all(void)
{
    g_debug("a debug message");
    g_info("an info message");
    g_message("a notice, %d", 5);
    g_warning("a warning");
    g_critical("an error");
}

/* In the child: logs once at each level, in this order. */
static void
log_at_levels(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        g_printerr("%s\n", levels[i]);
        xpv_log_set_level(levels[i]);
        log_all();
    }
}

static void
log_of_others(void)
{
    log_all();
    g_log("Lib", G_LOG_LEVEL_DEBUG, "its debug message");
    g_log("Lib", G_LOG_LEVEL_INFO, "its info message");
    g_log("Lib", G_LOG_LEVEL_MESSAGE, "its message");
    g_log("Lib", G_LOG_LEVEL_WARNING, "its warning");
    g_log("Lib", G_LOG_LEVEL_CRITICAL, "its bug");
    g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "FIELD", "for the journal", "MESSAGE", "with %s", "fields");
}

/* @variables: environment variables, as NAME=VALUE */
static void
check_stderr(const char *test, const char *const *variables, const char *text)
{
    static const char *const ours[] = { "SYSTEMD_LOG_LEVEL", "G_MESSAGES_DEBUG" };
    for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
        g_unsetenv(ours[i]);
    for (guint i = 0; variables[i]; i++) {
        g_auto(GStrv) pair = g_strsplit(variables[i], "=", 2);
        g_setenv(pair[0], pair[1], TRUE);
    }
    g_test_trap_subprocess(test, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr(text);
}

static void
run_at_levels(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK);
    xpv_log_init();
    log_at_levels();
}

static void
run_others(void)
{
    g_log_set_always_fatal(G_LOG_FATAL_MASK);
    xpv_log_init();
    log_of_others();
}

static void
test_levels(void)
{
    static const char *const none[] = { NULL };
    check_stderr(
        "/log/subprocess/levels", none,
        "emerg\nalert\ncrit\n"
        "err\nxenpv-compatd: error: an error\n"
        "warning\nxenpv-compatd: warning: a warning\nxenpv-compatd: error: an error\n"
        "notice\nxenpv-compatd: a notice, 5\nxenpv-compatd: warning: a warning\nxenpv-compatd: error: an error\n"
        "info\nxenpv-compatd: an info message\nxenpv-compatd: a notice, 5\nxenpv-compatd: warning: a warning\n"
        "xenpv-compatd: error: an error\n"
        "debug\nxenpv-compatd: debug: a debug message\nxenpv-compatd: an info message\n"
        "xenpv-compatd: a notice, 5\nxenpv-compatd: warning: a warning\nxenpv-compatd: error: an error\n");
}

#define OURS                                                                                                           \
    "xenpv-compatd: an info message\nxenpv-compatd: a notice, 5\nxenpv-compatd: warning: a warning\n"                  \
    "xenpv-compatd: error: an error\n"
#define THEIRS                                                                                                         \
    "xenpv-compatd: Lib-MESSAGE: its message\nxenpv-compatd: Lib-WARNING: its warning\n"                               \
    "xenpv-compatd: Lib-CRITICAL: its bug\nxenpv-compatd: warning: with fields\n"

static void
test_environment(void)
{
    static const char *const none[] = { NULL };
    static const char *const error[] = { "SYSTEMD_LOG_LEVEL=err", NULL };
    static const char *const debug[] = { "SYSTEMD_LOG_LEVEL=debug", NULL };
    static const char *const nonsense[] = { "SYSTEMD_LOG_LEVEL=loud", NULL };
    static const char *const theirs[] = { "SYSTEMD_LOG_LEVEL=debug", "G_MESSAGES_DEBUG=Lib", NULL };
    check_stderr("/log/subprocess/others", none, OURS THEIRS);
    check_stderr("/log/subprocess/others", nonsense, OURS THEIRS);
    check_stderr("/log/subprocess/others", error,
                 "xenpv-compatd: error: an error\nxenpv-compatd: Lib-CRITICAL: its bug\n");
    check_stderr("/log/subprocess/others", debug, "xenpv-compatd: debug: a debug message\n" OURS THEIRS);
    check_stderr("/log/subprocess/others", theirs,
                 "xenpv-compatd: debug: a debug message\n" OURS
                 "xenpv-compatd: Lib-DEBUG: its debug message\nxenpv-compatd: Lib-INFO: its info message\n" THEIRS);
}

static void
test_words(void)
{
    expect("at first", xpv_log_get_level(), "info");
    for (guint i = 0; i < G_N_ELEMENTS(levels); i++) {
        expect_true(levels[i], xpv_log_set_level(levels[i]), "is a level");
        expect(levels[i], xpv_log_get_level(), levels[i]);
    }
    static const char *const wrong[] = { "", "Debug", "7", "loud", "journal" };
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        expect_true(wrong[i], !xpv_log_set_level(wrong[i]), "is no level");
        expect(wrong[i], xpv_log_get_level(), "debug");
    }

    expect_true("journal", xpv_log_set_target("journal"), "is a target");
    expect("journal", xpv_log_get_target(), "journal");
    expect_true("syslog", !xpv_log_set_target("syslog"), "is no target of ours");
    expect("syslog", xpv_log_get_target(), "journal");
    expect_true("console", xpv_log_set_target("console"), "is a target");
    expect("console", xpv_log_get_target(), "console");
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log/words", test_words);
    g_test_add_func("/log/levels", test_levels);
    g_test_add_func("/log/environment", test_environment);
    g_test_add_func("/log/subprocess/levels", run_at_levels);
    g_test_add_func("/log/subprocess/others", run_others);
    return g_test_run();
}
