/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of a guest's modules.conf or modprobe.conf about the para-virtualized drivers. */
#pragma once

#include <glib.h>

/* Longer files are cut, and so is a longer list of aliases. */
#define XPV_MODULES_TEXT_MAX 65536U
#define XPV_MODULES_ALIASES_MAX 32U

/* xpv_modules_aliases: appends the lines that load such a driver: "alias eth0 xen-vnif".
 * @text: any bytes
 * @aliases: (element-type utf8) */
void xpv_modules_aliases(const char *text, GPtrArray *aliases);
