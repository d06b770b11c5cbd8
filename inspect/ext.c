/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/ext.h"

#include <string.h>

#include "inspect/error.h"
#include "inspect/ext-io.h"

/* Bounds, as a guest can make an endless folder or file from a few blocks that refer to each other. */
#define ENTRIES_MAX 1000000U /* of all folders that are read */
#define FILE_MAX (1024U * 1024 * 1024)
#define LINKS_MAX 8U
#define PATH_LENGTH_MAX 1024U

struct _XpvExt {
    ext2_filsys fs;
    XpvMedium *medium;
    guint entries; /* that were read */
};

XpvExt *
xpv_ext_open(XpvMedium *medium, GError **error)
{
    g_autofree char *name = xpv_ext_io_name(medium);
    ext2_filsys fs = NULL;
    errcode_t result = ext2fs_open(name, EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP | EXT2_FLAG_IGNORE_CSUM_ERRORS, 0, 0,
                                   (io_manager)&xpv_ext_io_manager, &fs);
    if (result != 0) {
        xpv_inspect_fail(error, "the ext file system is damaged or of a kind that is not read (libext2fs: %ld)",
                         result);
        return NULL;
    }
    XpvExt *self = g_new(XpvExt, 1);
    *self = (XpvExt){ fs, xpv_medium_ref(medium), 0 };
    return self;
}

void
xpv_ext_free(XpvExt *ext)
{
    ext2fs_free(ext->fs); /* not ext2fs_close(), which would write */
    xpv_medium_unref(ext->medium);
    g_free(ext);
}

const guint8 *
xpv_ext_uuid(const XpvExt *ext)
{
    return ext->fs->super->s_uuid;
}

char *
xpv_ext_label(const XpvExt *ext)
{
    return g_strndup((const char *)ext->fs->super->s_volume_name, sizeof ext->fs->super->s_volume_name);
}

gboolean
xpv_ext_needs_recovery(const XpvExt *ext)
{
    return ext2fs_has_feature_journal_needs_recovery(ext->fs->super) != 0;
}

gint64
xpv_ext_mounted_at(const XpvExt *ext)
{
    return ext->fs->super->s_mtime;
}

typedef struct {
    XpvExt *ext;
    const char *name; /* to find; NULL: all with the prefix */
    const char *prefix;
    ext2_ino_t found;
    GPtrArray *names;
    guint max;
} Search;

static int
on_entry(ext2_ino_t folder, int entry, struct ext2_dir_entry *dirent, int offset, int block_size, char *block,
         void *data)
{
    Search *search = data;
    gsize length = (gsize)ext2fs_dirent_name_len(dirent);
    if (++search->ext->entries > ENTRIES_MAX)
        return DIRENT_ABORT;
    if (dirent->inode == 0)
        return 0;
    if (search->name) {
        if (length != strlen(search->name) || memcmp(dirent->name, search->name, length) != 0)
            return 0;
        search->found = dirent->inode;
        return DIRENT_ABORT;
    }
    if (length < strlen(search->prefix) || memcmp(dirent->name, search->prefix, strlen(search->prefix)) != 0)
        return 0;
    g_ptr_array_add(search->names, g_strndup(dirent->name, length));
    return search->names->len < search->max ? 0 : DIRENT_ABORT;
}

/* Used instead of ext2fs_lookup(), which reads a folder of any length. */
static void
run_search(Search *search, ext2_ino_t folder)
{
    ext2fs_dir_iterate2(search->ext->fs, folder, DIRENT_FLAG_INCLUDE_EMPTY, NULL, on_entry, search);
}

/* Returns: (nullable) */
static char *
read_target(XpvExt *self, ext2_ino_t number, struct ext2_inode *inode)
{
    guint64 length = EXT2_I_SIZE(inode);
    if (!LINUX_S_ISLNK(inode->i_mode))
        return NULL;
    if (ext2fs_is_fast_symlink(inode))
        return g_strndup((const char *)inode->i_block, length);
    g_autofree char *block = g_malloc0(self->fs->blocksize + 1);
    blk64_t where = 0;
    if (length > self->fs->blocksize || ext2fs_bmap2(self->fs, number, inode, NULL, 0, 0, NULL, &where) != 0 ||
        io_channel_read_blk64(self->fs->io, where, 1, block) != 0)
        return NULL;
    return g_strndup(block, length);
}

/* Walks from @path's first component to its last. @follow: follow a link at the end. Returns: the inode; 0: none */
static ext2_ino_t
look_up(XpvExt *self, const char *path, gboolean follow, struct ext2_inode *ret_inode)
{
    ext2_ino_t at = EXT2_ROOT_INO;
    g_autofree char *rest = g_strdup(path);
    if (ext2fs_read_inode(self->fs, at, ret_inode) != 0)
        return 0;
    for (guint links = 0;;) {
        const char *name = rest + strspn(rest, "/");
        if (*name == '\0')
            return at;
        gsize length = strcspn(name, "/");
        g_autofree char *component = g_strndup(name, length);
        g_autofree char *behind = g_strdup(name + length);
        Search wanted = { .ext = self, .name = component };
        run_search(&wanted, at);
        if (ext2fs_read_inode(self->fs, wanted.found, ret_inode) != 0)
            return 0;
        if (!LINUX_S_ISLNK(ret_inode->i_mode) || (!follow && behind[strspn(behind, "/")] == '\0')) {
            at = wanted.found;
            g_free(rest);
            rest = g_steal_pointer(&behind);
            continue;
        }
        g_autofree char *target = ++links <= LINKS_MAX ? read_target(self, wanted.found, ret_inode) : NULL;
        if (!target)
            return 0;
        at = *target == '/' ? EXT2_ROOT_INO : at;
        g_free(rest);
        rest = g_strconcat(target, behind, NULL);
        if (strlen(rest) > PATH_LENGTH_MAX || ext2fs_read_inode(self->fs, at, ret_inode) != 0)
            return 0;
    }
}

gboolean
xpv_ext_has(XpvExt *ext, const char *path)
{
    struct ext2_inode inode;
    return look_up(ext, path, TRUE, &inode) != 0;
}

typedef struct {
    XpvExt *ext;
    XpvMedium *file;
    guint64 size;
} Mapping;

/* Blocks come in the file's order, with holes between them. */
static int /* NOLINTNEXTLINE(readability-non-const-parameter): the type is libext2fs's */
on_block(ext2_filsys fs, blk64_t *block, e2_blkcnt_t number, blk64_t reference, int offset, void *data)
{
    Mapping *mapping = data;
    guint64 at = (guint64)number * fs->blocksize;
    if (at >= mapping->size)
        return BLOCK_ABORT;
    guint64 length = MIN(fs->blocksize, mapping->size - at), there = xpv_medium_size(mapping->file);
    /* Of a block before the last one, the length of the hole between them wraps, which is refused. */
    if (!xpv_medium_append(mapping->file, NULL, 0, at - there) ||
        !xpv_medium_append(mapping->file, mapping->ext->medium, *block * fs->blocksize, length))
        return BLOCK_ABORT;
    return 0;
}

static XpvMedium *
map_file(XpvExt *self, ext2_ino_t number, guint64 size)
{
    g_autoptr(XpvMedium) file = xpv_medium_new_empty();
    Mapping mapping = { self, file, size };
    ext2fs_block_iterate3(self->fs, number, BLOCK_FLAG_DATA_ONLY | BLOCK_FLAG_READ_ONLY, NULL, on_block, &mapping);
    guint64 there = xpv_medium_size(file);
    if (there < size && !xpv_medium_append(file, NULL, 0, size - there))
        return NULL;
    return g_steal_pointer(&file);
}

XpvMedium *
xpv_ext_file(XpvExt *ext, const char *path, gint64 *ret_changed_at, GError **error)
{
    struct ext2_inode inode;
    ext2_ino_t number = look_up(ext, path, TRUE, &inode);
    if (number == 0 || !LINUX_S_ISREG(inode.i_mode)) {
        g_set_error(error, XPV_INSPECT_ERROR, XPV_INSPECT_ERROR_ABSENT, "there is no file %s", path);
        return NULL;
    }
    if (EXT2_I_SIZE(&inode) > FILE_MAX) {
        xpv_inspect_fail(error, "%s has %" G_GUINT64_FORMAT " bytes, and at most %u are read", path,
                         (guint64)EXT2_I_SIZE(&inode), FILE_MAX);
        return NULL;
    }
    if (inode.i_flags & EXT4_INLINE_DATA_FL) {
        xpv_inspect_fail(error, "%s is stored within its inode, which cannot be read", path);
        return NULL;
    }
    if (ret_changed_at)
        *ret_changed_at = MAX(inode.i_mtime, inode.i_ctime);
    return map_file(ext, number, EXT2_I_SIZE(&inode));
}

char *
xpv_ext_text(XpvExt *ext, const char *path, gsize max, gint64 *ret_changed_at, GError **error)
{
    g_autoptr(XpvMedium) file = xpv_ext_file(ext, path, ret_changed_at, error);
    if (!file)
        return NULL;
    gsize length = (gsize)MIN(xpv_medium_size(file), max);
    g_autofree char *text = g_malloc0(length + 1);
    if (!xpv_medium_read(file, 0, text, length, error)) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    return g_steal_pointer(&text);
}

char *
xpv_ext_link(XpvExt *ext, const char *path)
{
    struct ext2_inode inode;
    ext2_ino_t number = look_up(ext, path, FALSE, &inode);
    return number != 0 ? read_target(ext, number, &inode) : NULL;
}

GPtrArray *
xpv_ext_list(XpvExt *ext, const char *path, const char *prefix, guint max)
{
    Search wanted = { .ext = ext, .prefix = prefix, .names = g_ptr_array_new_with_free_func(g_free), .max = max };
    struct ext2_inode inode;
    ext2_ino_t number = look_up(ext, path, TRUE, &inode);
    if (number != 0)
        run_search(&wanted, number);
    return wanted.names;
}
