/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hosts that hang, that send something else than was asked for, or never stop. A script plays ssh and the host: what it
 * does with limits of ten seconds and a real sshd is in tests/inspect/test_ssh.py. */
#include "inspect/ssh.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/error.h"

/* Only what never comes is waited for briefly, so that no test depends on how busy the machine is. */
static const XpvSshLimits patient = { .connect = 60000, .silence = 60000, .end = 60000 };
static const XpvSshLimits short_connect = { .connect = 1000, .silence = 60000, .end = 60000 };
static const XpvSshLimits short_silence = { .connect = 60000, .silence = 1000, .end = 100 };
static const XpvSshLimits short_end = { .connect = 60000, .silence = 60000, .end = 100 };

#define MARK "printf '\\nxenpv-compat-inspect\\n'; "

static char *folder;

/* The next ssh. */
static void
play(const char *script)
{
    g_autofree char *path = g_build_filename(folder, "ssh", NULL);
    g_autofree char *text = g_strconcat("#!/bin/sh\n", script, "\n", NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_assert_cmpint(g_chmod(path, 0755), ==, 0);
}

static XpvSsh *
start(const XpvSshLimits *limits, const char *script)
{
    XpvSsh *ssh = xpv_ssh_new(limits, "root@xen1", "");
    guint number;
    play(script);
    g_assert_true(xpv_ssh_add(ssh, "/a", &number, NULL));
    g_assert_true(xpv_ssh_add(ssh, "/b", &number, NULL));
    g_assert_cmpuint(number, ==, 1);
    xpv_ssh_connect(ssh);
    return ssh;
}

/* No disk can be opened, and nothing is left to end. */
static void
expect_unconnected(const XpvSshLimits *limits, const char *script, const char *sentence)
{
    XpvSsh *ssh = start(limits, script);
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(xpv_ssh_medium(ssh, i, &error));
        g_assert_error(error, XPV_INSPECT_ERROR, XPV_INSPECT_ERROR_UNREADABLE);
        g_assert_cmpstr(error->message, ==, sentence);
    }
    g_assert_cmpint(xpv_ssh_fd(ssh), ==, -1);
    g_assert_null(xpv_ssh_end(ssh));
    xpv_ssh_free(ssh);
}

static void
test_unconnected(void)
{
    expect_unconnected(&short_connect, "exec sleep 600", "its shell did not answer within 1 s");
    expect_unconnected(&short_connect, MARK "echo 5; exec sleep 600", "its shell did not answer within 1 s");
    expect_unconnected(&short_connect, "while echo Welcome; do sleep 0.1; done", "its shell did not answer within 1 s");
    expect_unconnected(&patient, "yes Welcome", "its shell prints too much, more than 65536 bytes");
    expect_unconnected(&patient, MARK "yes | tr -d '\\n'", "its shell prints too much, more than 65536 bytes");
    expect_unconnected(&patient, "echo Banner >&2; echo 'ssh: no route to xen1' >&2; echo >&2; exit 255",
                       "ssh: ssh: no route to xen1");
    expect_unconnected(&patient, "echo Welcome; echo No login.; exit 1",
                       "the shell there ended with status 1: No login.");
    expect_unconnected(&patient, "exit 0", "the shell there ended with status 0: ");
    expect_unconnected(&patient, "exit 255", "ssh: it ended");
    expect_unconnected(&patient, "kill -9 $$", "ssh: it ended");
    /* More complaints than a pipe takes. */
    expect_unconnected(&patient, "head -c 300000 /dev/zero | tr '\\0' x >&2; echo >&2; echo Last. >&2; exit 255",
                       "ssh: Last.");
}

static void
test_no_ssh(void)
{
    g_autofree char *path = g_strdup(g_getenv("PATH"));
    XpvSsh *ssh = xpv_ssh_new(&patient, "xen1", "");
    g_autoptr(GError) error = NULL;
    guint number;
    g_assert_true(xpv_ssh_add(ssh, "/a", &number, NULL));
    g_setenv("PATH", "/nonexistent", TRUE);
    xpv_ssh_connect(ssh);
    g_setenv("PATH", path, TRUE);
    g_assert_null(xpv_ssh_medium(ssh, 0, &error));
    g_assert_true(g_str_has_prefix(error->message, "ssh cannot be run: "));
    xpv_ssh_free(ssh);
}

static void
test_sizes(void)
{
    static const struct {
        const char *line;
        const char *sentence; /* NULL: it is a size */
    } cases[] = {
        { "0", NULL },
        { "9223372036854775807", NULL },
        { "9223372036854775808", "9223372036854775808" },
        { "-1", "-1" },
        { "+1", "+1" },
        { "0x10", "0x10" },
        { "1 2", "1 2" },
        { "", "its size is not known" },
        { "\x1b[2J\xff", "[2J\xef\xbf\xbd" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *quoted = g_shell_quote(cases[i].line);
        g_autofree char *script = g_strdup_printf("printf 'Welcome'; " MARK "echo 7; echo %s; exec cat", quoted);
        XpvSsh *ssh = start(&patient, script);
        g_autoptr(XpvMedium) first = xpv_ssh_medium(ssh, 0, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(xpv_medium_size(first), ==, 7);
        g_autoptr(XpvMedium) second = xpv_ssh_medium(ssh, 1, &error);
        g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].sentence);
        g_assert_true(second || error);
        xpv_ssh_free(ssh);
    }
}

/* Reads the first disk, of 70000 bytes, where the host answers the first request with that. */
static void
expect_unread(const XpvSshLimits *limits, const char *answer, const char *sentence)
{
    g_autoptr(GError) error = NULL, again = NULL;
    g_autofree char *script = g_strconcat(MARK "echo 70000; echo 100; read -r request\n", answer, NULL);
    g_autofree char *failure = g_strconcat("ssh://root@xen1/a: ", sentence, NULL);
    char bytes[70000];
    XpvSsh *ssh = start(limits, script);
    g_autoptr(XpvMedium) medium = xpv_ssh_medium(ssh, 0, &error), other = xpv_ssh_medium(ssh, 1, &error);
    g_assert_no_error(error);
    g_assert_null(xpv_ssh_failure(ssh));
    g_assert_false(xpv_medium_read(medium, 0, bytes, 1, &error));
    g_assert_cmpstr(error->message, ==, sentence);
    g_assert_cmpstr(xpv_ssh_failure(ssh), ==, failure);
    /* The next disk does not wait once more. */
    g_assert_false(xpv_medium_read(other, 0, bytes, 1, &again));
    g_assert_cmpstr(again->message, ==, failure);
    g_assert_cmpstr(xpv_ssh_failure(ssh), ==, failure);
    xpv_ssh_free(ssh);
}

#define BLOCK "head -c 65536 /dev/zero; "
#define OTHER "its shell sent something other than what was asked for"

static void
test_unread(void)
{
    expect_unread(&short_silence, "exec sleep 600", "nothing came for 1 s");
    expect_unread(&short_silence, "head -c 65535 /dev/zero; exec sleep 600", "nothing came for 1 s");
    expect_unread(&short_silence, BLOCK "exec sleep 600", "nothing came for 1 s");
    expect_unread(&short_silence, BLOCK "printf 1+0; exec sleep 600", "nothing came for 1 s");
    expect_unread(&patient, "exit 0", "the connection has ended");
    expect_unread(&patient, BLOCK "exit 0", "the connection has ended");
    expect_unread(&patient, BLOCK "head -c 100 /dev/zero; echo '1+0 '; exec cat", OTHER);
    expect_unread(&patient, BLOCK "printf '1+0 \\n1+0 \\n'; exec cat", OTHER);
    expect_unread(&short_end, "exec yes", OTHER);
    expect_unread(&short_end, "exec cat /dev/zero", OTHER);
    expect_unread(&patient, BLOCK "echo Welcome; exec cat", OTHER);
    expect_unread(&patient, BLOCK "echo 1+0; exec cat", OTHER);
    expect_unread(&patient, BLOCK "echo '1 0 '; exec cat", OTHER);
    expect_unread(&patient, BLOCK "echo '+1+0 '; exec cat", OTHER);
    expect_unread(&patient, BLOCK "echo '18446744073709551617+0 '; exec cat", OTHER);
    expect_unread(&patient, BLOCK "echo '2+0 '; exec cat", OTHER);
    expect_unread(&patient, BLOCK "echo '4294967295+2 '; exec cat", OTHER);
}

/* Other disks, and other parts of this one, can be read. */
static void
test_unread_block(void)
{
    static const char script[] = MARK "echo 70000; echo 100\n"
                                      "answer() { read -r request; head -c $1 /dev/zero; echo \"$2\"; }\n"
                                      "answer 65536 '0+0 dd: reading `/a: Input/output error '; answer 65536 '0+0 '; "
                                      "answer 65536 '0+1 '; answer 65536 '1+0 ';"
                                      "answer 65536 '0+1 '; answer 65536 '0+1 '; exec cat";
    XpvSsh *ssh = start(&patient, script);
    g_autoptr(XpvMedium) medium = xpv_ssh_medium(ssh, 0, NULL), other = xpv_ssh_medium(ssh, 1, NULL);
    static const char *const sentences[] = { "cannot read at 0: dd: reading `/a: Input/output error",
                                             "it has become shorter than 65536 bytes",
                                             "it has become shorter than 65536 bytes" };
    char byte;
    for (guint i = 0; i < G_N_ELEMENTS(sentences); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(xpv_medium_read(medium, 0, &byte, 1, &error));
        g_assert_cmpstr(error->message, ==, sentences[i]);
    }
    g_assert_true(xpv_medium_read(medium, 0, &byte, 1, NULL));
    g_assert_true(xpv_medium_read(medium, 69999, &byte, 1, NULL));
    g_assert_true(xpv_medium_read(other, 99, &byte, 1, NULL));
    g_assert_cmpstr(xpv_ssh_failure(ssh), ==,
                    "ssh://root@xen1/a: cannot read at 0: dd: reading `/a: Input/output error");
    xpv_ssh_free(ssh);
}

/* What ends ssh counts, and not what ends the shell; and it ends, whatever the host does. */
static void
test_end(void)
{
    static const struct {
        const XpvSshLimits *limits;
        const char *script;
        const char *sentence;
    } cases[] = {
        { &patient, "exec cat >/dev/null", NULL },
        { &patient, "cat >/dev/null; exit 3", NULL },
        { &short_end, "exec sleep 600", NULL },
        { &short_end, "exec yes", NULL },
        { &short_end, "exec yes >&2", NULL },
        { &patient, "echo Timeout, server xen1 not responding. >&2; exit 255",
          "ssh to root@xen1 has ended: Timeout, server xen1 not responding." },
        { &patient, "cat >/dev/null; echo Timeout. >&2; exit 255", "ssh to root@xen1 has ended: Timeout." },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *script = g_strconcat(MARK "echo 1; echo 1; ", cases[i].script, NULL);
        XpvSsh *ssh = start(cases[i].limits, script);
        g_assert_cmpint(xpv_ssh_fd(ssh), >=, 0);
        g_autofree char *sentence = xpv_ssh_end(ssh);
        g_assert_cmpstr(sentence, ==, cases[i].sentence);
        xpv_ssh_free(ssh);
    }
}

static void
test_words(void)
{
    static const char script[] = "for word; do printf '[%s]' \"${word%% *}\"; done >&2; exit 255";
    static const char *const cases[][2] = { { "", "" }, { "2222", "[-oPort=2222]" } };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *words = g_strconcat(
            "ssh: [-xaT][-oBatchMode=yes][-oClearAllForwardings=yes][-oConnectTimeout=8][-oServerAliveInterval=3]"
            "[-oServerAliveCountMax=2]",
            cases[i][1], "[--][root@xen1][exec]", NULL);
        XpvSsh *ssh = xpv_ssh_new(&patient, "root@xen1", cases[i][0]);
        guint number;
        play(script);
        g_assert_true(xpv_ssh_add(ssh, "/a", &number, NULL));
        xpv_ssh_connect(ssh);
        g_assert_null(xpv_ssh_medium(ssh, 0, &error));
        g_assert_cmpstr(error->message, ==, words);
        xpv_ssh_free(ssh);
    }
}

/* A shell of RHEL 5 takes no more. */
static void
test_long_paths(void)
{
    g_autofree char *path = g_strnfill(4000, 'x');
    XpvSsh *ssh = xpv_ssh_new(&patient, "xen1", "");
    guint number = 0;
    g_autoptr(GError) error = NULL;
    while (xpv_ssh_add(ssh, path, &number, &error))
        g_assert_cmpuint(number, <, 64);
    g_assert_cmpuint(number, >, 10);
    g_assert_cmpstr(error->message, ==, "the paths of the disks are longer than a command may be");
    g_assert_true(xpv_ssh_add(ssh, "/a", &number, NULL));
    xpv_ssh_free(ssh);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    g_autofree char *path = g_strconcat(folder, ":", g_getenv("PATH"), NULL);
    g_setenv("PATH", path, TRUE);
    g_test_add_func("/ssh/end", test_end);
    g_test_add_func("/ssh/long-paths", test_long_paths);
    g_test_add_func("/ssh/no-ssh", test_no_ssh);
    g_test_add_func("/ssh/sizes", test_sizes);
    g_test_add_func("/ssh/unconnected", test_unconnected);
    g_test_add_func("/ssh/unread", test_unread);
    g_test_add_func("/ssh/unread-block", test_unread_block);
    g_test_add_func("/ssh/words", test_words);
    int status = g_test_run();
    g_autofree char *script = g_build_filename(folder, "ssh", NULL);
    g_unlink(script);
    g_rmdir(folder);
    g_free(folder);
    return status;
}
