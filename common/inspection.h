/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an inspection found on the disks of one guest, and its JSON: what xenpv-compat-inspect --json prints. */
#pragma once

#include <glib.h>

typedef struct {
    char *source;  /* as it was asked for, but cleaned */
    char *format;  /* "raw" */
    gboolean boot; /* it holds /boot */
    char *error;   /* "" if it could be opened */
} XpvInspectionDisk;

typedef struct {
    char *package; /* NAME-VERSION-RELEASE.ARCH; "" if no database tells */
    char *release; /* uname -r */
    char *architecture;
    gboolean is_default; /* the boot loader starts it unless told otherwise */
    gboolean in_grub;    /* the boot loader offers it */
    gint64 installed_at; /* seconds since the epoch; 0: not known */
} XpvInspectionKernel;

/* No member is NULL. Texts are cleaned. Those that are read from JSON are cut to XPV_TEXT_PUBLISHED_MAX characters,
 * except for a disk's source. */
typedef struct {
    GPtrArray *disks;           /* of XpvInspectionDisk, in the order in which they were given */
    char *release;              /* of the system: "3.9"; "" if not known */
    char *distribution;         /* "rhel", "centos", "oracle", "scientific", another word; "" where not known */
    char *default_kernel;       /* a package, or else uname -r; "" if not known */
    GPtrArray *kernels;         /* of XpvInspectionKernel */
    GPtrArray *driver_packages; /* of text: kmod-xenpv */
    GPtrArray *driver_aliases;  /* of text: lines of modules.conf or modprobe.conf */
    gboolean needs_recovery;    /* the last seconds may be missing, as a file system is mounted or was not unmounted */
    GPtrArray *errors;          /* of text: sentences without their end */
    gint64 inspected_at;        /* seconds since the epoch, when reading began; 0: nothing could be read */
    gint64 boot_changed_at;     /* when the boot loader's files were last changed, by the guest's clock; 0: not known */
    gint64 mounted_at; /* when the guest last mounted / or /boot, the earlier one, by its own clock; 0: not known */
    gint64 serial;     /* of the request that this answers; 0: of none */
} XpvInspection;

XpvInspection *xpv_inspection_new(void);
void xpv_inspection_free(XpvInspection *inspection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvInspection, xpv_inspection_free)

/* xpv_inspection_add_disk: Returns: owned by the inspection */
XpvInspectionDisk *xpv_inspection_add_disk(XpvInspection *inspection, const char *source, const char *format);

/* xpv_inspection_kernel_new: texts are cleaned. */
XpvInspectionKernel *xpv_inspection_kernel_new(const char *package, const char *release, const char *architecture);

/* xpv_inspection_add_error: the sentence is cleaned. It is dropped if there are very many already. */
void xpv_inspection_add_error(XpvInspection *inspection, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* xpv_inspection_put_error: puts the cause of the other errors before them. The last error is dropped if there are very
 * many.
 * @sentence: (nullable) is cleaned; NULL: nothing happens */
void xpv_inspection_put_error(XpvInspection *inspection, const char *sentence);

/* xpv_inspection_has_packages: whether a database of packages was read, with at least one kernel in it. */
gboolean xpv_inspection_has_packages(const XpvInspection *inspection);

/* xpv_inspection_lacks_disk: whether a disk could not be opened. */
gboolean xpv_inspection_lacks_disk(const XpvInspection *inspection);

/* xpv_inspection_says_less: whether it lacks what an earlier one tells: the default kernel, packages, or any kernel. */
gboolean xpv_inspection_says_less(const XpvInspection *inspection, const XpvInspection *earlier);

/* xpv_inspection_to_json: one line, with every key. Returns: (transfer full) ends with a newline */
char *xpv_inspection_to_json(const XpvInspection *inspection);

/* xpv_inspection_from_json: @text: any bytes, a stranger's.
 * Returns: (nullable)
 * Errors: XPV_INSPECTION_ERROR: it is not such JSON; the sentence names what is wrong */
XpvInspection *xpv_inspection_from_json(const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#define XPV_INSPECTION_ERROR (xpv_inspection_error_quark())
GQuark xpv_inspection_error_quark(void);
