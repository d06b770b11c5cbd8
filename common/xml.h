/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads libvirt's XML with libxml2, without trust. */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* xpv_xml_init: once, on the main thread, before any other thread reads XML. */
void xpv_xml_init(void);

/* xpv_xml_read: Returns: (nullable) NULL if it is not XML, or has a document type. */
xmlDoc *xpv_xml_read(const char *text);

gboolean xpv_xml_is_element(const xmlNode *node, const char *name);

/* xpv_xml_find_child: Returns: (nullable) the first element @name among the children of @parent (nullable). */
xmlNode *xpv_xml_find_child(xmlNode *parent, const char *name);

/* xpv_xml_copy_text: Returns: (nullable) a copy of at most @max bytes, 0: of all; NULL without a node. */
char *xpv_xml_copy_text(xmlNode *node, gsize max);

/* xpv_xml_copy_attribute: Returns: (nullable) NULL without a node, or without such an attribute. */
char *xpv_xml_copy_attribute(xmlNode *node, const char *name);
