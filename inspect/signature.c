/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/signature.h"

#include <string.h>

#define LONGEST 16U

static const struct {
    guint64 offset;
    const char *bytes;
    gsize length;
    XpvSignature signature;
    const char *name;
} signatures[] = {
    { 0, "LUKS\xba\xbe", 6, XPV_SIGNATURE_OTHER, "encrypted (LUKS)" },
    { 0, "HM\x01\x00", 4, XPV_SIGNATURE_OTHER, "LVM1" },
    { 0, "HM\x02\x00", 4, XPV_SIGNATURE_OTHER, "LVM1" },
    { 0, "XFSB", 4, XPV_SIGNATURE_OTHER, "XFS" },
    { 3, "NTFS    ", 8, XPV_SIGNATURE_NTFS, "NTFS" },
    { 24, "LVM2 001", 8, XPV_SIGNATURE_LVM2, "LVM2" }, /* in one of the first four sectors */
    { 512 + 24, "LVM2 001", 8, XPV_SIGNATURE_LVM2, "LVM2" },
    { 1024 + 24, "LVM2 001", 8, XPV_SIGNATURE_LVM2, "LVM2" },
    { 1536 + 24, "LVM2 001", 8, XPV_SIGNATURE_LVM2, "LVM2" },
    { 1024 + 56, "\x53\xef", 2, XPV_SIGNATURE_EXT, "ext" },
    { 54, "FAT12   ", 8, XPV_SIGNATURE_OTHER, "FAT" },
    { 54, "FAT16   ", 8, XPV_SIGNATURE_OTHER, "FAT" },
    { 82, "FAT32   ", 8, XPV_SIGNATURE_OTHER, "FAT" },
    { 32768, "JFS1", 4, XPV_SIGNATURE_OTHER, "JFS" },
    { 65536 + 52, "ReIsErFs", 8, XPV_SIGNATURE_OTHER, "ReiserFS" },
    { 65536 + 52, "ReIsEr2Fs", 9, XPV_SIGNATURE_OTHER, "ReiserFS" },
    { 65536 + 64, "_BHRfS_M", 8, XPV_SIGNATURE_OTHER, "Btrfs" },
    { 65536, "\x01\x16\x19\x70", 4, XPV_SIGNATURE_OTHER, "GFS" },
    /* Formats of a whole image. They are only named in the error; the image is not read in this format. */
    { 0, "QFI\xfb", 4, XPV_SIGNATURE_OTHER, "an image in the format qcow2" },
    { 0, "KDMV", 4, XPV_SIGNATURE_OTHER, "an image in the format vmdk" },
    { 0, "# Disk DescriptorFile", 16, XPV_SIGNATURE_OTHER, "an image in the format vmdk" },
    { 0, "conectix", 8, XPV_SIGNATURE_OTHER, "an image in the format vhd" },
    { 0, "vhdxfile", 8, XPV_SIGNATURE_OTHER, "an image in the format vhdx" },
    { 64, "\x7f\x10\xda\xbe", 4, XPV_SIGNATURE_OTHER, "an image in the format vdi" },
};

XpvSignature
xpv_signature_of(const XpvMedium *medium, const char **ret_name)
{
    for (guint i = 0; i < G_N_ELEMENTS(signatures); i++) {
        char bytes[LONGEST];
        gsize length = signatures[i].length;
        g_assert(length <= sizeof bytes);
        if (!xpv_medium_read(medium, signatures[i].offset, bytes, length, NULL) ||
            memcmp(bytes, signatures[i].bytes, length) != 0)
            continue;
        *ret_name = signatures[i].name;
        return signatures[i].signature;
    }
    *ret_name = "";
    return XPV_SIGNATURE_NONE;
}
