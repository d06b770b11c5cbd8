/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads integers of disks: at any address, in either byte order. */
#pragma once

#include <glib.h>
#include <string.h>

static inline guint16
xpv_le16(const guint8 *bytes)
{
    guint16 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT16_FROM_LE(value);
}

static inline guint32
xpv_le32(const guint8 *bytes)
{
    guint32 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline guint64
xpv_le64(const guint8 *bytes)
{
    guint64 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_LE(value);
}

static inline guint32
xpv_be32(const guint8 *bytes)
{
    guint32 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_BE(value);
}

static inline guint64
xpv_be64(const guint8 *bytes)
{
    guint64 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_BE(value);
}
