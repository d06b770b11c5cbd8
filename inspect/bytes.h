/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads integers of disks: at any address, in either byte order. */
#pragma once

#include <glib.h>
#include <string.h>

#define XPV_DEFINE_READER(name, type, to_host)                                                                         \
    static inline type name(const guint8 *bytes)                                                                       \
    {                                                                                                                  \
        type value;                                                                                                    \
        memcpy(&value, bytes, sizeof value);                                                                           \
        return to_host(value);                                                                                         \
    }

XPV_DEFINE_READER(xpv_le16, guint16, GUINT16_FROM_LE)
XPV_DEFINE_READER(xpv_le32, guint32, GUINT32_FROM_LE)
XPV_DEFINE_READER(xpv_le64, guint64, GUINT64_FROM_LE)
XPV_DEFINE_READER(xpv_be32, guint32, GUINT32_FROM_BE)
XPV_DEFINE_READER(xpv_be64, guint64, GUINT64_FROM_BE)
