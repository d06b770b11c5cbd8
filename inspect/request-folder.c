/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/request-folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/inspection-request.h"
#include "inspect/error.h"
#include "inspect/output.h"

/* Follows the UUID, and a dot goes before it, in the name of a request that was taken. */
#define TAKEN ".taken"

/* A waiting file. The inode tells whether it is still the same file. */
typedef struct {
    ino_t number;
    gboolean urgent;
} Waiting;

struct _XpvRequestFolder {
    char *path;
    DIR *entries;
    GHashTable *waiting; /* UUID → Waiting */
};

static GHashTable *
table_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

static char *
name_taken(const char *uuid)
{
    return g_strconcat(".", uuid, TAKEN, NULL);
}

/* Reads the next name. Returns: (nullable) NULL: the end, with errno 0, or an error, with another errno */
static const struct dirent *
next_entry(const XpvRequestFolder *self)
{
    errno = 0;
    return readdir(self->entries); /* NOLINT(concurrency-mt-unsafe): only one thread reads it */
}

/* Returns: (nullable) (transfer full) the UUID in the name of a request that was taken */
static char *
find_taken(const char *name)
{
    g_autofree char *uuid = *name == '.' && g_str_has_suffix(name + 1, TAKEN)
                                ? g_strndup(name + 1, strlen(name + 1) - strlen(TAKEN))
                                : NULL;
    return uuid && g_uuid_string_is_valid(uuid) ? g_steal_pointer(&uuid) : NULL;
}

static gboolean
give_back(const XpvRequestFolder *self, const char *uuid, const char *taken, GError **error)
{
    int fd = dirfd(self->entries);
    if (renameat2(fd, taken, fd, uuid, RENAME_NOREPLACE) == 0 || (errno == EEXIST && unlinkat(fd, taken, 0) == 0))
        return TRUE;
    return xpv_inspect_fail_by_errno(error, "cannot make %s in %s a request again", taken, self->path);
}

static gboolean
give_back_all(const XpvRequestFolder *self, GError **error)
{
    const struct dirent *entry;
    while ((entry = next_entry(self))) {
        g_autofree char *uuid = find_taken(entry->d_name);
        if (uuid && !give_back(self, uuid, entry->d_name, error))
            return FALSE;
    }
    return TRUE;
}

XpvRequestFolder *
xpv_request_folder_open(const char *path, GError **error)
{
    DIR *entries = opendir(path);
    if (!entries) {
        xpv_inspect_fail_by_errno(error, "cannot read the folder of requests, %s", path);
        return NULL;
    }
    g_autoptr(XpvRequestFolder) folder = g_new(XpvRequestFolder, 1);
    *folder = (XpvRequestFolder){ g_strdup(path), entries, table_new() };
    return give_back_all(folder, error) ? g_steal_pointer(&folder) : NULL;
}

void
xpv_request_folder_free(XpvRequestFolder *folder)
{
    g_free(folder->path);
    closedir(folder->entries);
    g_hash_table_unref(folder->waiting);
    g_free(folder);
}

void
xpv_taken_request_free(XpvTakenRequest *request)
{
    g_free(request->uuid);
    g_free(request->text);
    g_clear_error(&request->error);
    g_free(request);
}

/* A folder that is not empty gets another name: systemd ignores names with a dot. */
static gboolean
remove_entry(const XpvRequestFolder *self, const char *name, const char *why, GError **error)
{
    int fd = dirfd(self->entries);
    g_autofree char *hidden = g_strconcat(".", name, ".none", NULL);
    if (unlinkat(fd, name, 0) < 0 && unlinkat(fd, name, AT_REMOVEDIR) < 0 && renameat(fd, name, fd, hidden) < 0 &&
        errno != ENOENT)
        return xpv_inspect_fail_by_errno(error, "cannot remove %s, which is not a request, from %s", name, self->path);
    xpv_output_complain("removed %s from %s, as it is not a request: %s", name, self->path, why);
    return TRUE;
}

/* Reads one byte more than a request may have. Returns: (nullable) NULL if it cannot be read; errno is set */
static char *
read_entry(const XpvRequestFolder *self, const char *name, gsize *ret_length)
{
    g_auto(XpvFd) fd = openat(dirfd(self->entries), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    const gsize size = XPV_INSPECTION_REQUEST_MAX + 1;
    g_autofree char *text = g_malloc(size);
    gssize n;
    for (*ret_length = 0; (n = read(fd, text + *ret_length, size - *ret_length)) > 0;)
        *ret_length += (gsize)n;
    return n < 0 ? NULL : g_steal_pointer(&text);
}

/* A file that is empty, or not a request, takes no time. */
static gboolean
is_urgent(const XpvRequestFolder *self, const char *name)
{
    gsize length = 0;
    g_autofree char *text = read_entry(self, name, &length);
    g_autoptr(XpvInspectionRequest) request =
        text && length > 0 ? xpv_inspection_request_from_text(text, length, NULL) : NULL;
    return !request || request->urgent;
}

/* Returns: (nullable) NULL: it is a request */
static const char *
why_none(const XpvRequestFolder *self, const char *name)
{
    struct stat status;
    if (!g_uuid_string_is_valid(name))
        return "its name is not a UUID";
    if (fstatat(dirfd(self->entries), name, &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode))
        return "it is not a file";
    return NULL;
}

static gboolean
take_note(XpvRequestFolder *self, GHashTable *before, const struct dirent *entry, GError **error)
{
    if (*entry->d_name == '.') /* it is still being written */
        return TRUE;
    const Waiting *known = g_hash_table_lookup(before, entry->d_name);
    gboolean is_same = known && known->number == entry->d_ino;
    const char *why = is_same ? NULL : why_none(self, entry->d_name);
    if (why)
        return remove_entry(self, entry->d_name, why, error);
    Waiting *waiting = g_new(Waiting, 1);
    *waiting = (Waiting){ entry->d_ino, is_same ? known->urgent : is_urgent(self, entry->d_name) };
    g_hash_table_insert(self->waiting, g_strdup(entry->d_name), waiting);
    return TRUE;
}

static gboolean
read_folder(XpvRequestFolder *self, GError **error)
{
    g_autoptr(GHashTable) before = g_steal_pointer(&self->waiting);
    const struct dirent *entry;
    self->waiting = table_new();
    rewinddir(self->entries);
    while ((entry = next_entry(self))) {
        if (!take_note(self, before, entry, error))
            return FALSE;
    }
    return errno == 0 || xpv_inspect_fail_by_errno(error, "cannot read the folder of requests, %s", self->path);
}

/* Returns: (nullable) borrowed */
static const char *
choose(const XpvRequestFolder *self, GHashTable *busy)
{
    const char *chosen = NULL;
    GHashTableIter iter;
    gpointer uuid, waiting;
    g_hash_table_iter_init(&iter, self->waiting);
    while (g_hash_table_iter_next(&iter, &uuid, &waiting)) {
        if (g_hash_table_contains(busy, uuid))
            continue;
        chosen = uuid;
        if (((const Waiting *)waiting)->urgent)
            break;
    }
    return chosen;
}

gboolean
xpv_request_folder_take(XpvRequestFolder *folder, GHashTable *busy, XpvTakenRequest **ret_request, GError **error)
{
    *ret_request = NULL;
    if (!read_folder(folder, error))
        return FALSE;
    const char *uuid = choose(folder, busy);
    if (!uuid)
        return TRUE;
    int fd = dirfd(folder->entries);
    g_autofree char *taken = name_taken(uuid);
    if (renameat(fd, uuid, fd, taken) < 0) /* from then on, a file with this name is another request */
        return xpv_inspect_fail_by_errno(error, "cannot take the request %s from %s", uuid, folder->path);
    g_autoptr(XpvTakenRequest) request = g_new0(XpvTakenRequest, 1);
    request->uuid = g_strdup(uuid);
    request->text = read_entry(folder, taken, &request->length);
    if (!request->text)
        xpv_inspect_fail_by_errno(&request->error, "the request cannot be read");
    *ret_request = g_steal_pointer(&request);
    return TRUE;
}

gboolean
xpv_request_folder_end(XpvRequestFolder *folder, const char *uuid, GError **error)
{
    g_autofree char *taken = name_taken(uuid);
    return unlinkat(dirfd(folder->entries), taken, 0) == 0 ||
           xpv_inspect_fail_by_errno(error, "cannot remove %s from %s", taken, folder->path);
}
