/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/ext-io.h"

#include <stdio.h>

char *
xpv_ext_io_name(XpvMedium *medium)
{
    return g_strdup_printf("%p", (void *)medium);
}

static errcode_t
open_channel(const char *name, int flags, io_channel *ret_channel)
{
    void *medium;
    if (sscanf(name, "%p", &medium) != 1)
        return EXT2_ET_BAD_DEVICE_NAME;
    io_channel channel = g_new0(struct struct_io_channel, 1);
    channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
    channel->manager = (io_manager)&xpv_ext_io_manager; /* nobody writes to it */
    channel->name = g_strdup(name);
    channel->block_size = 1024;
    channel->refcount = 1;
    channel->private_data = xpv_medium_ref(medium);
    *ret_channel = channel;
    return 0;
}

static errcode_t
close_channel(io_channel channel)
{
    if (--channel->refcount > 0)
        return 0;
    xpv_medium_unref(channel->private_data);
    g_free(channel->name);
    g_free(channel);
    return 0;
}

static errcode_t
set_block_size(io_channel channel, int size)
{
    channel->block_size = size;
    return 0;
}

/* @count: blocks, or negative: bytes */
static errcode_t
read_blocks(io_channel channel, unsigned long long block, int count, void *data)
{
    guint64 size = (guint64)channel->block_size;
    guint64 length = count < 0 ? (guint64) - (gint64)count : (guint64)count * size;
    return xpv_medium_read(channel->private_data, block * size, data, length, NULL) ? 0 : EXT2_ET_SHORT_READ;
}

static errcode_t
read_blocks_32(io_channel channel, unsigned long block, int count, void *data)
{
    return read_blocks(channel, block, count, data);
}

static errcode_t
refuse_write(io_channel channel, unsigned long long block, int count, const void *data)
{
    return EXT2_ET_RO_FILSYS;
}

static errcode_t
refuse_write_32(io_channel channel, unsigned long block, int count, const void *data)
{
    return EXT2_ET_RO_FILSYS;
}

static errcode_t
flush(io_channel channel)
{
    return 0;
}

const struct struct_io_manager xpv_ext_io_manager = {
    .magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "xenpv-compat medium",
    .open = open_channel,
    .close = close_channel,
    .set_blksize = set_block_size,
    .read_blk = read_blocks_32,
    .write_blk = refuse_write_32,
    .flush = flush,
    .read_blk64 = read_blocks,
    .write_blk64 = refuse_write,
};
