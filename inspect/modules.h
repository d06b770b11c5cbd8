/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a guest's modules.conf or modprobe.conf says of the para-virtualized drivers. */
#pragma once

#include <glib.h>

/* How much of the file is read, and how many of its aliases are told. */
#define XPV_MODULES_TEXT_MAX 65536U
#define XPV_MODULES_ALIASES_MAX 32U

/* xpv_modules_aliases: appends the lines that load one of them: "alias eth0 xen-vnif".
 * @text: any bytes
 * @aliases: (element-type utf8) */
void xpv_modules_aliases(const char *text, GPtrArray *aliases);
