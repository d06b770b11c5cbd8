/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/answers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "inspect/error.h"

struct _XpvAnswers {
    char *path;
    int fd;
};

XpvAnswers *
xpv_answers_open(const char *path, GError **error)
{
    if (mkdir(path, S_IRWXU) < 0 && errno != EEXIST) {
        xpv_inspect_fail_by_errno(error, "cannot make the folder of answers, %s", path);
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        xpv_inspect_fail_by_errno(error, "cannot open the folder of answers, %s", path);
        return NULL;
    }
    XpvAnswers *answers = g_new(XpvAnswers, 1);
    *answers = (XpvAnswers){ g_strdup(path), fd };
    return answers;
}

void
xpv_answers_free(XpvAnswers *answers)
{
    g_free(answers->path);
    close(answers->fd);
    g_free(answers);
}

/* Returns: (nullable) the last answer */
static XpvInspection *
get(const XpvAnswers *self, const char *uuid)
{
    g_autofree char *path = g_build_filename(self->path, uuid, NULL);
    g_autofree char *text = NULL;
    gsize length;
    return g_file_get_contents(path, &text, &length, NULL) ? xpv_inspection_from_json(text, length, NULL) : NULL;
}

static gboolean
is_of_same_disks(const XpvInspection *one, const XpvInspection *other)
{
    if (one->disks->len != other->disks->len)
        return FALSE;
    for (guint i = 0; i < one->disks->len; i++) {
        const XpvInspectionDisk *mine = one->disks->pdata[i], *its = other->disks->pdata[i];
        if (!g_str_equal(mine->source, its->source) || !g_str_equal(mine->format, its->format))
            return FALSE;
    }
    return TRUE;
}

/* If all disks could be opened, and the system is no longer there, the new answer is right. */
static gboolean
has_failed(const XpvInspection *inspection, const XpvInspection *before)
{
    return inspection->inspected_at == 0 ||
           (xpv_inspection_lacks_disk(inspection) && xpv_inspection_says_less(inspection, before));
}

/* Writes the last answer again as this one, with the new errors added. */
static void
add_failure(XpvInspection *before, const XpvInspection *failed)
{
    before->serial = failed->serial;
    for (guint i = 0; i < failed->disks->len; i++) {
        XpvInspectionDisk *disk = before->disks->pdata[i];
        g_free(disk->error);
        disk->error = g_strdup(((const XpvInspectionDisk *)failed->disks->pdata[i])->error);
    }
    for (guint i = 0; i < failed->errors->len; i++) {
        if (!g_ptr_array_find_with_equal_func(before->errors, failed->errors->pdata[i], g_str_equal, NULL))
            xpv_inspection_add_error(before, "%s", (const char *)failed->errors->pdata[i]);
    }
}

static gboolean
put_text(const XpvAnswers *self, const char *uuid, const char *text, GError **error)
{
    g_autofree char *unfinished = g_strconcat(".", uuid, NULL);
    g_auto(XpvFd) fd =
        openat(self->fd, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd >= 0 && xpv_fd_write(fd, text) && renameat(self->fd, unfinished, self->fd, uuid) == 0)
        return TRUE;
    xpv_inspect_fail_by_errno(error, "cannot write the answer %s in %s", uuid, self->path);
    unlinkat(self->fd, unfinished, 0);
    return FALSE;
}

gboolean
xpv_answers_put(XpvAnswers *answers, const char *uuid, const XpvInspection *inspection, GError **error)
{
    g_autoptr(XpvInspection) before = get(answers, uuid);
    gboolean adds = before && (inspection->disks->len == 0 || is_of_same_disks(before, inspection)) &&
                    has_failed(inspection, before);
    if (adds)
        add_failure(before, inspection);
    g_autofree char *text = xpv_inspection_to_json(adds ? before : inspection);
    return put_text(answers, uuid, text, error);
}

gboolean
xpv_answers_remove(XpvAnswers *answers, const char *uuid, GError **error)
{
    return unlinkat(answers->fd, uuid, 0) == 0 || errno == ENOENT ||
           xpv_inspect_fail_by_errno(error, "cannot remove the answer %s from %s", uuid, answers->path);
}
