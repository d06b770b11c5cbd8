/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/capabilities.h"

#include "common/xml.h"

/* RHEL 5's libvirt does not name the vendor. But it names the feature for full virtualization, which differs between
 * the vendors. */
static char *
vendor_of_features(xmlNode *features)
{
    if (xpv_xml_find_child(features, "vmx"))
        return g_strdup("Intel");
    return xpv_xml_find_child(features, "svm") ? g_strdup("AMD") : NULL;
}

char *
xpv_capabilities_vendor(const char *text)
{
    g_autoptr(xmlDoc) doc = xpv_xml_read(text);
    xmlNode *host = doc ? xpv_xml_find_child(xmlDocGetRootElement(doc), "host") : NULL;
    xmlNode *cpu = xpv_xml_find_child(host, "cpu");
    char *vendor = xpv_xml_copy_text(xpv_xml_find_child(cpu, "vendor"), 0);
    return vendor ? g_strstrip(vendor) : vendor_of_features(xpv_xml_find_child(cpu, "features"));
}
