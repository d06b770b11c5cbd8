/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The menu of a boot loader. */
#pragma once

#include <glib.h>

typedef struct {
    char *kernel; /* the path of its kernel on the boot loader's device, "/vmlinuz-2.6.9-89.EL"; "" where it has none */
    char *root;   /* of the kernel's command line: "LABEL=/", "/dev/VolGroup00/LogVol00"; "" where it has none */
} XpvMenuEntry;

typedef struct {
    GPtrArray *entries; /* of XpvMenuEntry */
    guint chosen;       /* the default entry; in range if there is any entry */
    gboolean is_saved;  /* another file names the default entry: xpv_menu_choose() */
} XpvMenu;

/* More entries are not read. */
#define XPV_MENU_ENTRIES_MAX 256U

/* A longer file of a boot loader is cut. */
#define XPV_MENU_TEXT_MAX 65536U

/* xpv_menu_read_grub: grub.conf or menu.lst, of GRUB 0.9x. @text: any bytes */
XpvMenu *xpv_menu_read_grub(const char *text);

/* xpv_menu_read_elilo: elilo.conf. @text: any bytes */
XpvMenu *xpv_menu_read_elilo(const char *text);

void xpv_menu_free(XpvMenu *menu);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvMenu, xpv_menu_free)

/* xpv_menu_choose: sets the default entry by the text of GRUB's file “default”, which counts from 0. @text: any bytes
 */
void xpv_menu_choose(XpvMenu *menu, const char *text);

/* xpv_menu_release: uname -r of a kernel, by its file name: "2.6.9-89.EL" of "/vmlinuz-2.6.9-89.EL".
 * Returns: (transfer full) (nullable) NULL: the name does not tell */
char *xpv_menu_release(const char *kernel);
