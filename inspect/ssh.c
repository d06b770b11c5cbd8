/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/ssh.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/ssh-source.h"
#include "common/text.h"
#include "inspect/cache.h"
#include "inspect/error.h"

/* What dd reads at a time, in bytes; and how many of these it reads at once, if reading goes on where it ended. */
#define BLOCK 65536
#define BLOCKS_AHEAD 16U

/* A shell of RHEL 5 takes 128 KiB of arguments. */
#define COMMAND_MAX ((gsize)64 * 1024)

/* The most bytes that the login shell may print before the loop begins, together with all sizes. */
#define GREETING_MAX ((gsize)64 * 1024)

/* The line of the loop that comes after each reading. */
#define LINE_BYTES 1024U

/* The most bytes that are kept of what ssh prints, from its end. */
#define COMPLAINTS_MAX 4096U

/* The status with which ssh ends if it fails itself. Else it is the shell's. */
#define SSH_FAILED 255

#define OTHER_ANSWER "its shell sent something other than what was asked for"
#define MARK "\nxenpv-compat-inspect\n"

const XpvSshLimits xpv_ssh_limits = { .connect = 10000, .silence = 10000, .end = 2000 };

struct _XpvSsh {
    XpvSshLimits limits;
    char *destination;
    char *port;
    GPtrArray *paths;
    GString *command;
    GStrv sizes; /* NULL: not connected; for each disk, its size or a sentence */
    pid_t pid;   /* 0: ssh does not run */
    int pidfd;
    int socket; /* ssh's input and output */
    int errors; /* its standard error */
    GString *complaints;
    GError *unconnected; /* why the disks cannot be opened; NULL: they can */
    char *failure;       /* of the first reading that failed; NULL: none */
    gboolean is_broken;  /* it is not known any more what comes next */
};

/* It works in bash 3.2 with coreutils 5.97, of RHEL 5, in dash and in busybox. It prints MARK, a line about each disk,
 * its arguments, and then takes lines with the number of a disk, from 1, a block and a count. It answers each with as
 * many blocks, and a line of what dd read: "16+0", or for example "3+0 dd: reading `/dev/vg/web51': Input/output
 * error". What dd could not read is made up by zeroes, so that the line is found.
 *
 * A guest writes to a block device past the host's cache, so the device is read past it, too, if dd can do so. Only
 * digits reach the arithmetic of the shell, which could otherwise run commands. */
static const char loop[] =
    "PATH=$PATH:/sbin:/usr/sbin LC_ALL=C; export PATH LC_ALL; set -f; exec 3>&1; s=65536 direct=iflag=direct\n"
    "kind() { echo \"it is $1, not an image or a block device\"; }\n"
    "size() {\n"
    "  if [ -d \"$1\" ]; then kind \"a folder\"\n"
    "  elif [ -c \"$1\" ]; then kind \"a character device\"\n"
    "  elif [ -p \"$1\" ]; then kind \"a pipe\"\n"
    "  elif [ -S \"$1\" ]; then kind \"a socket\"\n"
    "  elif [ -b \"$1\" ]; then blockdev --getsize64 \"$1\" 2>&1\n"
    "  elif [ ! -e \"$1\" ]; then e=$(ls -Lnd \"$1\" 2>&1); echo \"${e##*: }\"\n"
    "  elif [ ! -r \"$1\" ]; then echo Permission denied\n"
    "  else set -- $(ls -Lnd \"$1\"); echo \"$5\"; fi\n"
    "}\n"
    "get() {\n"
    "  m=$(dd if=\"$p\" bs=$s skip=\"$b\" count=\"$c\" conv=sync $f 2>&1 >&3)\n"
    "  r=${m% records in*} r=${r##*[!0-9+]}\n"
    "  case $r in [0-9]*+[0-9]*) ;; *) r=0+0 ;; esac\n"
    "}\n"
    "printf \"\\n%s\\n\" xenpv-compat-inspect\n"
    "for p do printf \"%s \" $(size \"$p\"); echo; done\n"
    "while read -r d b c && [ \"$c\" ]; do\n"
    "  case $d$b$c in *[!0-9]*) exit ;; esac\n"
    "  i=0; for p do i=$((i + 1)); [ $i = \"$d\" ] && break; done\n"
    "  [ $i = \"$d\" ] || exit\n"
    "  f=; [ -b \"$p\" ] && f=$direct\n"
    "  get; [ \"$f$r\" = iflag=direct0+0 ] && { direct= f=; get; }\n"
    "  n=$(($c - ${r%+*} - ${r#*+}))\n"
    "  [ $n = 0 ] || dd if=/dev/zero bs=$s count=$n 2>/dev/null >&3 || exit\n"
    "  printf \"%s \" $r ${m%\"$r records in\"*}; echo\n"
    "done";
G_STATIC_ASSERT(BLOCK == 65536);

XpvSsh *
xpv_ssh_new(const XpvSshLimits *limits, const char *destination, const char *port)
{
    g_autofree char *quoted = g_shell_quote(loop);
    XpvSsh *ssh = g_new0(XpvSsh, 1);
    ssh->limits = *limits;
    ssh->destination = g_strdup(destination);
    ssh->port = g_strdup(port);
    ssh->paths = g_ptr_array_new_with_free_func(g_free);
    ssh->command = g_string_new("exec sh -c ");
    g_string_append_printf(ssh->command, "%s sh", quoted); /* "sh" is the name by which the loop complains */
    ssh->pidfd = ssh->socket = ssh->errors = -1;
    ssh->complaints = g_string_new(NULL);
    return ssh;
}

void
xpv_ssh_free(XpvSsh *ssh)
{
    g_free(xpv_ssh_end(ssh));
    g_free(ssh->destination);
    g_free(ssh->port);
    g_ptr_array_unref(ssh->paths);
    g_string_free(ssh->command, TRUE);
    g_strfreev(ssh->sizes);
    g_string_free(ssh->complaints, TRUE);
    g_clear_error(&ssh->unconnected);
    g_free(ssh->failure);
    g_free(ssh);
}

gboolean
xpv_ssh_is_with(const XpvSsh *ssh, const char *destination, const char *port)
{
    return g_str_equal(ssh->destination, destination) && g_str_equal(ssh->port, port);
}

gboolean
xpv_ssh_add(XpvSsh *ssh, const char *path, guint *ret_number, GError **error)
{
    g_autofree char *quoted = g_shell_quote(path);
    if (ssh->command->len + strlen(quoted) >= COMMAND_MAX)
        return xpv_inspect_fail(error, "the paths of the disks are longer than a command may be");
    g_string_append_printf(ssh->command, " %s", quoted);
    *ret_number = ssh->paths->len;
    g_ptr_array_add(ssh->paths, g_strdup(path));
    return TRUE;
}

/* Connecting. */

/* In the child: ssh ends with this process, even if the host hangs. */
static void
die_with_parent(gpointer parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != GPOINTER_TO_INT(parent)) /* it ended before */
        _exit(SSH_FAILED);
}

/* Returns: (transfer full) ssh's arguments */
static GStrv
list_arguments(const XpvSsh *ssh)
{
    g_autoptr(GStrvBuilder) arguments = g_strv_builder_new();
    g_autofree char *port = g_strconcat("-oPort=", ssh->port, NULL);
    g_strv_builder_add_many(arguments, "ssh", "-xaT", "-oBatchMode=yes", "-oClearAllForwardings=yes",
                            "-oConnectTimeout=8", "-oServerAliveInterval=3", "-oServerAliveCountMax=2", NULL);
    if (*ssh->port != '\0')
        g_strv_builder_add(arguments, port);
    g_strv_builder_add_many(arguments, "--", ssh->destination, ssh->command->str, NULL);
    return g_strv_builder_end(arguments);
}

static gboolean
run_ssh(XpvSsh *ssh, GError **error)
{
    g_auto(GStrv) arguments = list_arguments(ssh);
    g_autoptr(GError) wrong = NULL;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return xpv_inspect_fail(error, "cannot make a socket: %s", g_strerror(errno));
    ssh->socket = ends[0];
    gboolean runs = g_spawn_async_with_pipes_and_fds(
        NULL, (const char *const *)arguments, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, die_with_parent,
        GINT_TO_POINTER(getpid()), ends[1], ends[1], -1, NULL, NULL, 0, &ssh->pid, NULL, NULL, &ssh->errors, &wrong);
    close(ends[1]);
    if (!runs)
        return xpv_inspect_fail(error, "ssh cannot be run: %s", wrong->message);
    ssh->pidfd = pidfd_open(ssh->pid, 0);
    return ssh->pidfd >= 0 || xpv_inspect_fail(error, "ssh cannot be watched: %s", g_strerror(errno));
}

/* Appends what can be read now. Returns: FALSE at its end */
static gboolean
take(int fd, GString *text)
{
    char buffer[4096];
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n > 0)
        g_string_append_len(text, buffer, n);
    return n > 0 || (n < 0 && errno == EINTR);
}

static void
take_complaints(XpvSsh *ssh)
{
    if (!take(ssh->errors, ssh->complaints))
        xpv_fd_clear(&ssh->errors);
    if (ssh->complaints->len > COMPLAINTS_MAX)
        g_string_erase(ssh->complaints, 0, (gssize)(ssh->complaints->len - COMPLAINTS_MAX));
}

/* Returns: whether the loop has told about all disks */
static gboolean
find_sizes(XpvSsh *ssh, const GString *greeting)
{
    const char *mark = memmem(greeting->str, greeting->len, MARK, strlen(MARK));
    if (!mark)
        return FALSE;
    g_auto(GStrv) lines = g_strsplit(mark + strlen(MARK), "\n", (gint)ssh->paths->len + 1);
    if (g_strv_length(lines) <= ssh->paths->len)
        return FALSE;
    ssh->sizes = g_steal_pointer(&lines);
    return TRUE;
}

/* Returns: (transfer full) the last line that is not blank, cleaned; "" */
static char *
last_line(const GString *text)
{
    g_autofree char *copy = g_strchomp(g_strndup(text->str, text->len));
    const char *newline = strrchr(copy, '\n');
    return xpv_text_clean(newline ? newline + 1 : copy, -1, XPV_TEXT_PUBLISHED_MAX);
}

/* Kills ssh, unless it has ended. Returns: its wait status */
static int
reap(XpvSsh *ssh)
{
    int status = 0;
    kill(ssh->pid, SIGKILL);
    waitpid(ssh->pid, &status, 0);
    ssh->pid = 0;
    return status;
}

/* Waits for the end of ssh, and kills it if that takes too long. Returns: its wait status */
static int
await_end(XpvSsh *ssh)
{
    struct pollfd ready[] = { { .fd = ssh->pidfd, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
    gint64 deadline = g_get_monotonic_time() + ssh->limits.end * G_TIME_SPAN_MILLISECOND;
    for (;;) {
        int left = (int)((deadline - g_get_monotonic_time()) / G_TIME_SPAN_MILLISECOND);
        ready[1].fd = ssh->errors;
        if (left <= 0 || poll(ready, G_N_ELEMENTS(ready), left) <= 0 || (ready[0].revents && !ready[1].revents))
            break;
        if (ready[1].revents)
            take_complaints(ssh);
    }
    return reap(ssh);
}

static gboolean
explain_end(XpvSsh *ssh, const GString *greeting, GError **error)
{
    int status = await_end(ssh);
    g_autofree char *complaint = last_line(ssh->complaints);
    g_autofree char *last = *complaint ? g_steal_pointer(&complaint) : last_line(greeting);
    if (WIFEXITED(status) && WEXITSTATUS(status) != SSH_FAILED)
        return xpv_inspect_fail(error, "the shell there ended with status %d: %s", WEXITSTATUS(status), last);
    return xpv_inspect_fail(error, "ssh: %s", *last ? last : "it ended");
}

static gboolean
take_greeting(XpvSsh *ssh, GString *greeting, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + ssh->limits.connect * G_TIME_SPAN_MILLISECOND;
    while (!find_sizes(ssh, greeting)) {
        struct pollfd ready[] = { { .fd = ssh->socket, .events = POLLIN }, { .fd = ssh->errors, .events = POLLIN } };
        int left = (int)((deadline - g_get_monotonic_time()) / G_TIME_SPAN_MILLISECOND);
        if (left <= 0)
            return xpv_inspect_fail(error, "its shell did not answer within %u s", ssh->limits.connect / 1000);
        poll(ready, G_N_ELEMENTS(ready), left);
        if (ready[1].revents)
            take_complaints(ssh);
        if (ready[0].revents && !take(ssh->socket, greeting))
            return explain_end(ssh, greeting, error);
        if (greeting->len > GREETING_MAX)
            return xpv_inspect_fail(error, "its shell prints too much, more than %" G_GSIZE_FORMAT " bytes",
                                    GREETING_MAX);
    }
    return TRUE;
}

/* Sets a timeout on the socket, as the process that reads cannot poll. */
static gboolean
bound_silence(const XpvSsh *ssh, GError **error)
{
    const struct timeval silence = { ssh->limits.silence / 1000, ssh->limits.silence % 1000 * 1000 };
    return setsockopt(ssh->socket, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence) == 0 ||
           xpv_inspect_fail(error, "the time of reading cannot be bounded: %s", g_strerror(errno));
}

static void
close_all(XpvSsh *ssh)
{
    xpv_fd_clear(&ssh->pidfd);
    xpv_fd_clear(&ssh->socket);
    xpv_fd_clear(&ssh->errors);
}

void
xpv_ssh_connect(XpvSsh *ssh)
{
    g_autoptr(GString) greeting = g_string_new(NULL);
    if (run_ssh(ssh, &ssh->unconnected) && take_greeting(ssh, greeting, &ssh->unconnected) &&
        bound_silence(ssh, &ssh->unconnected))
        return;
    if (ssh->pid > 0)
        reap(ssh);
    close_all(ssh);
}

int
xpv_ssh_fd(const XpvSsh *ssh)
{
    return ssh->socket;
}

char *
xpv_ssh_end(XpvSsh *ssh)
{
    char *sentence = NULL;
    if (ssh->pid > 0) {
        shutdown(ssh->socket, SHUT_WR);
        int status = await_end(ssh);
        g_autofree char *complaint = last_line(ssh->complaints);
        if (WIFEXITED(status) && WEXITSTATUS(status) == SSH_FAILED)
            sentence = g_strdup_printf("ssh to %s has ended: %s", ssh->destination, complaint);
    }
    close_all(ssh);
    return sentence;
}

/* Reading. */

typedef struct {
    XpvSsh *ssh;
    guint number;
} Disk;

/* Returns: what read() returns, but never 0 */
static ssize_t
read_some(const XpvSsh *ssh, void *buffer, gsize length, GError **error)
{
    for (;;) {
        ssize_t n = read(ssh->socket, buffer, length);
        if (n > 0)
            return n;
        if (n == 0)
            xpv_inspect_fail(error, "the connection has ended");
        else if (errno == EINTR)
            continue;
        else if (errno == EAGAIN)
            xpv_inspect_fail(error, "nothing came for %u s", ssh->limits.silence / 1000);
        else
            xpv_inspect_fail(error, "cannot read: %s", g_strerror(errno));
        return -1;
    }
}

static gboolean
read_all(const XpvSsh *ssh, void *buffer, gsize length, GError **error)
{
    char *next = buffer;
    while (length > 0) {
        ssize_t n = read_some(ssh, next, length, error);
        if (n < 0)
            return FALSE;
        next += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* @line: of LINE_BYTES bytes. Returns: FALSE also if more than one line comes */
static gboolean
read_line(const XpvSsh *ssh, char *line, GError **error)
{
    for (gsize length = 0; length < LINE_BYTES;) {
        ssize_t n = read_some(ssh, line + length, LINE_BYTES - length, error);
        if (n < 0)
            return FALSE;
        const char *newline = memchr(line + length, '\n', (gsize)n);
        length += (gsize)n;
        if (!newline)
            continue;
        if (newline != line + length - 1)
            break;
        line[length - 1] = '\0';
        return TRUE;
    }
    return xpv_inspect_fail(error, OTHER_ANSWER);
}

static gboolean
ask(const Disk *disk, guint64 block, guint count, GError **error)
{
    g_autofree char *line = g_strdup_printf("%u %" G_GUINT64_FORMAT " %u\n", disk->number + 1, block, count);
    return xpv_fd_write(disk->ssh->socket, line) || xpv_inspect_fail(error, "the connection has ended");
}

/* The result of dd, by its own words. */
typedef struct {
    guint whole; /* blocks */
    guint partial;
    const char *complaint; /* in the line */
} Reading;

static gboolean
take_number(const char **text, guint max, guint *ret_number)
{
    char *end;
    guint64 number = g_ascii_strtoull(*text, &end, 10);
    if (!g_ascii_isdigit(**text) || number > max)
        return FALSE;
    *text = end;
    *ret_number = (guint)number;
    return TRUE;
}

/* "15+1" and a complaint; it has no more blocks than were asked for. */
static gboolean
parse_line(const char *line, guint count, Reading *ret_reading, GError **error)
{
    if (!take_number(&line, count, &ret_reading->whole) || *line++ != '+' ||
        !take_number(&line, count - ret_reading->whole, &ret_reading->partial) || *line != ' ')
        return xpv_inspect_fail(error, OTHER_ANSWER);
    ret_reading->complaint = line + 1;
    return TRUE;
}

/* The last block of a disk may be a part. */
static gboolean
check(const Reading *reading, guint64 offset, gsize length, guint count, GError **error)
{
    g_autofree char *complaint = xpv_text_clean(reading->complaint, -1, XPV_TEXT_PUBLISHED_MAX);
    if (reading->whole + reading->partial == count && reading->whole >= length / BLOCK)
        return TRUE;
    if (*complaint != '\0')
        return xpv_inspect_fail(error, "cannot read at %" G_GUINT64_FORMAT ": %s", offset, complaint);
    return xpv_inspect_fail(error, "it has become shorter than %" G_GUINT64_FORMAT " bytes", offset + length);
}

/* @offset: of a block */
static gboolean
fetch(const Disk *disk, guint64 offset, void *buffer, gsize length, GError **error)
{
    XpvSsh *ssh = disk->ssh;
    char line[LINE_BYTES], rest[BLOCK];
    Reading reading = { 0 };
    guint count = (guint)((length + BLOCK - 1) / BLOCK);
    ssh->is_broken = !ask(disk, offset / BLOCK, count, error) || !read_all(ssh, buffer, length, error) ||
                     !read_all(ssh, rest, (gsize)count * BLOCK - length, error) || !read_line(ssh, line, error) ||
                     !parse_line(line, count, &reading, error);
    return !ssh->is_broken && check(&reading, offset, length, count, error);
}

static gboolean
read_blocks(gpointer data, guint64 offset, void *buffer, gsize length, GError **error)
{
    const Disk *disk = data;
    XpvSsh *ssh = disk->ssh;
    g_autoptr(GError) wrong = NULL;
    if (ssh->is_broken)
        return xpv_inspect_fail(error, "%s", ssh->failure);
    if (fetch(disk, offset, buffer, length, &wrong))
        return TRUE;
    if (!ssh->failure)
        ssh->failure = g_strdup_printf(XPV_SSH_SOURCE_SCHEME "%s%s: %s", ssh->destination,
                                       (const char *)ssh->paths->pdata[disk->number], wrong->message);
    g_propagate_error(error, g_steal_pointer(&wrong));
    return FALSE;
}

const char *
xpv_ssh_failure(const XpvSsh *ssh)
{
    return ssh->failure;
}

XpvMedium *
xpv_ssh_medium(XpvSsh *ssh, guint number, GError **error)
{
    guint64 size;
    if (ssh->unconnected) {
        g_propagate_error(error, g_error_copy(ssh->unconnected));
        return NULL;
    }
    g_autofree char *line = xpv_text_clean(ssh->sizes[number], -1, XPV_TEXT_PUBLISHED_MAX);
    if (!g_ascii_string_to_unsigned(g_strchomp(line), 10, 0, G_MAXINT64, &size, NULL)) {
        xpv_inspect_fail(error, "%s", *line == '\0' ? "its size is not known" : line);
        return NULL;
    }
    Disk *disk = g_new(Disk, 1);
    *disk = (Disk){ ssh, number };
    g_autoptr(XpvMedium) whole = xpv_medium_new(size, read_blocks, disk, g_free);
    return xpv_cache_new(whole, BLOCK, BLOCKS_AHEAD);
}
