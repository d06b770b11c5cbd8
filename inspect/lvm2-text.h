/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LVM2's text that describes a volume group.
 *
 *   section = name "{" { section | setting } "}"      value = integer | string | "[" [ value { "," value } ] "]"
 *   setting = name "=" value                          a comment goes from "#" to the end of the line
 *
 * The whole text is the inside of a section. A list in a list is refused; LVM2 writes none. */
#pragma once

#include <glib.h>

/* LVM2 writes no longer text. */
#define XPV_LVM2_TEXT_MAX (4U * 1024 * 1024)

/* A section, a setting, or a value of a list (which has no name). */
typedef struct _XpvLvm2Node XpvLvm2Node;

/* xpv_lvm2_text_parse: @text: any bytes. Returns: (nullable) (transfer full) the outermost section
 * Errors: XPV_INSPECT_ERROR_UNREADABLE, with the line */
XpvLvm2Node *xpv_lvm2_text_parse(const char *text, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_lvm2_node_free(XpvLvm2Node *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvLvm2Node, xpv_lvm2_node_free)

/* xpv_lvm2_node_name: "" for a value of a list. */
const char *xpv_lvm2_node_name(const XpvLvm2Node *node);

/* xpv_lvm2_node_children: the first member of a section, or value of a list, and the next one. */
const XpvLvm2Node *xpv_lvm2_node_children(const XpvLvm2Node *node);
const XpvLvm2Node *xpv_lvm2_node_next(const XpvLvm2Node *node);

/* xpv_lvm2_node_get: the member with this name. @section: (nullable). Returns: (nullable) */
const XpvLvm2Node *xpv_lvm2_node_get(const XpvLvm2Node *section, const char *name);

/* xpv_lvm2_node_is_section, _string, _integer: the value of a node of that kind; else FALSE, NULL, @fallback. @node:
 * (nullable)
 */
gboolean xpv_lvm2_node_is_section(const XpvLvm2Node *node);
const char *xpv_lvm2_node_string(const XpvLvm2Node *node);
guint64 xpv_lvm2_node_integer(const XpvLvm2Node *node, guint64 fallback);
