/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox of qemu-nbd: what a program cannot do in it, and that the real qemu-nbd can open its image there, but no
 * other file. The inspector refuses images that name other files before it starts qemu-nbd (test-format.c). */
#include "inspect/qemu-nbd.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inspect/confine.h"

#define OTHER "/etc/passwd"
#define LIBRARIES "/usr/lib"

static char *folder, *image;

/* What the confined process tries. */
#define TRY(name, succeeds)                                                                                            \
    static int name(void)                                                                                              \
    {                                                                                                                  \
        return (succeeds) ? 0 : errno;                                                                                 \
    }

TRY(open_image, open(image, O_RDONLY) >= 0)
TRY(open_other, open(OTHER, O_RDONLY) >= 0)
TRY(open_process, open("/proc/self/environ", O_RDONLY) >= 0)
TRY(open_to_write, open(image, O_RDWR) >= 0)
TRY(open_to_append, open(image, O_WRONLY | O_APPEND) >= 0)
TRY(open_and_empty, open(image, O_RDONLY | O_TRUNC) >= 0)
TRY(open_otherwise, syscall(__NR_openat2, AT_FDCWD, image, (guint64[3]){ O_RDWR }, 24) >= 0)
TRY(make_file, open(LIBRARIES "/xenpv-test", O_RDONLY | O_CREAT, S_IRUSR) >= 0)
TRY(make_nameless_file, open(LIBRARIES, O_TMPFILE | O_RDWR, S_IRUSR) >= 0)
TRY(remove_file, unlink(image) == 0)
TRY(make_socket, socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
TRY(make_process, syscall(__NR_clone, SIGCHLD, 0, 0, 0, 0) >= 0)
TRY(execute, execl("/bin/true", "true", NULL) == 0)
TRY(send_signal, kill(getppid(), 0) == 0)
TRY(use_ring, syscall(__NR_io_uring_setup, 1, &(struct io_uring_params){ 0 }) >= 0)
TRY(outlive_parent, prctl(PR_SET_PDEATHSIG, 0) == 0)
TRY(take_memory, mmap(NULL, XPV_CONFINE_MEMORY, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)

static const struct {
    const char *name;
    int (*try_it)(void);
    int expected;
} tries[] = {
    { "open-image", open_image, 0 },
    { "open-other", open_other, EACCES },
    { "open-process", open_process, EACCES },
    { "open-to-write", open_to_write, EPERM },
    { "open-to-append", open_to_append, EPERM },
    { "open-and-empty", open_and_empty, EPERM },
    { "open-otherwise", open_otherwise, EPERM },
    { "make-file", make_file, EPERM },
    { "make-nameless-file", make_nameless_file, EPERM },
    { "remove-file", remove_file, EPERM },
    { "make-socket", make_socket, EPERM },
    { "make-process", make_process, EPERM },
    { "execute", execute, EACCES },
    { "send-signal", send_signal, EPERM },
    { "use-ring", use_ring, EPERM },
    { "outlive-parent", outlive_parent, EPERM },
    { "take-memory", take_memory, ENOMEM },
};

static void
test_confined(gconstpointer number)
{
    guint i = GPOINTER_TO_UINT(number);
    int fd = open(image, O_RDONLY), status;
    g_assert_cmpint(fd, >=, 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(xpv_confine("/usr/bin/qemu-nbd", fd) ? 255 : tries[i].try_it());
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, tries[i].expected);
    close(fd);
}

static void
run_tool(const char *const *argv)
{
    g_autoptr(GError) error = NULL;
    int status;
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                 &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

/* Returns: (nullable) (transfer full) the sentence that says why it cannot be opened */
static char *
serve(const char *driver, const char *path)
{
    g_autoptr(GError) error = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_autoptr(XpvQemuNbd) qemu_nbd = xpv_qemu_nbd_start(driver, fd, &error);
    close(fd);
    g_assert_no_error(error);
    if (!xpv_qemu_nbd_await(qemu_nbd, g_get_monotonic_time() + 60 * G_USEC_PER_SEC, &error))
        return g_strdup(error->message);
    g_assert_no_error(error);
    return NULL;
}

static void
test_alone(void)
{
    g_assert_null(serve("qcow2", image));
}

static void
expect_refusal(const char *driver, const char *path)
{
    g_autofree char *sentence = serve(driver, path);
    g_assert_nonnull(sentence);
    g_assert_true(g_str_has_prefix(sentence, "qemu-nbd cannot open it: "));
    g_assert_nonnull(strstr(sentence, OTHER));
    g_assert_nonnull(strstr(sentence, "Permission denied"));
}

static void
test_backing_file(void)
{
    g_autofree char *path = g_build_filename(folder, "backed", NULL);
    const char *const argv[] = { "qemu-img", "create", "-f", "qcow2", "-b", OTHER, "-F", "raw", path, "1M", NULL };
    run_tool(argv);
    expect_refusal("qcow2", path);
    g_unlink(path);
}

static void
test_extents(void)
{
    g_autofree char *path = g_build_filename(folder, "pieces", NULL);
    g_autoptr(GError) error = NULL;
    g_file_set_contents(path,
                        "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\n"
                        "RW 1 FLAT \"" OTHER "\" 0\n",
                        -1, &error);
    g_assert_no_error(error);
    expect_refusal("vmdk", path);
    g_unlink(path);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("xenpv-XXXXXX", NULL);
    image = g_build_filename(folder, "image", NULL);
    const char *const create[] = { "qemu-img", "create", "-f", "qcow2", image, "1M", NULL };
    run_tool(create);
    for (guint i = 0; i < G_N_ELEMENTS(tries); i++) {
        g_autofree char *name = g_strconcat("/qemu-nbd/confined/", tries[i].name, NULL);
        g_test_add_data_func(name, GUINT_TO_POINTER(i), test_confined);
    }
    g_test_add_func("/qemu-nbd/alone", test_alone);
    g_test_add_func("/qemu-nbd/backing-file", test_backing_file);
    g_test_add_func("/qemu-nbd/extents", test_extents);
    int status = g_test_run();
    g_unlink(image);
    g_rmdir(folder);
    g_free(image);
    g_free(folder);
    return status;
}
