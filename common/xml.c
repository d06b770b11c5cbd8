/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/xml.h"

#include <libxml/parser.h>
#include <string.h>

void
xpv_xml_init(void)
{
    xmlInitParser();
}

/* libvirt writes no document type, and entities of a document type can grow without bound. */
static void
refuse_document_type(void *context, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
    xmlStopParser(context);
}

xmlDoc *
xpv_xml_read(const char *text)
{
    xmlParserCtxt *context = xmlNewParserCtxt();
    context->sax->internalSubset = refuse_document_type;
    xmlDoc *doc = xmlCtxtReadMemory(context, text, (int)strlen(text), NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS |
                                        XML_PARSE_COMPACT);
    xmlFreeParserCtxt(context);
    return doc;
}

gboolean
xpv_xml_is_element(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

xmlNode *
xpv_xml_find_child(xmlNode *parent, const char *name)
{
    xmlNode *node = parent ? parent->children : NULL;
    while (node && !xpv_xml_is_element(node, name))
        node = node->next;
    return node;
}

char *
xpv_xml_copy_text(xmlNode *node, gsize max)
{
    if (!node)
        return NULL;
    xmlChar *content = xmlNodeGetContent(node);
    gsize length = strlen((char *)content);
    char *copy = g_strndup((char *)content, max ? MIN(length, max) : length); /* it allocates all of this length */
    xmlFree(content);
    return copy;
}

char *
xpv_xml_copy_attribute(xmlNode *node, const char *name)
{
    xmlChar *value = node ? xmlGetProp(node, (const xmlChar *)name) : NULL;
    char *copy = g_strdup((char *)value);
    xmlFree(value);
    return copy;
}
