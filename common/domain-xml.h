/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a domain's XML. */
#pragma once

#include "common/domain-disk.h"
#include "common/intern.h"
#include "common/system.h"
#include "common/words.h"

typedef struct {
    XpvInterned *uuid;
    char *name;
    XpvInterned *metadata_kernel; /* NULL: the metadata has no <kernel>; at most XPV_REPORT_MAX + 1 bytes */
    XpvInterned *boot_kernel;     /* file name of <os><kernel>; NULL: none */
    char *console_path;           /* the file of the first <serial type='file'>; NULL: none */
    gint id;                      /* -1: not running */
    XpvVirtualization virtualization;
    XpvArch arch;             /* of <os><type> */
    gboolean acknowledged;    /* the metadata has <acknowledged/> */
    GPtrArray *disks;         /* (nullable) of XpvDomainDisk, in the order of the XML */
    gboolean boots_from_disk; /* the first boot device is a hard disk */
    gboolean boot_disk_paravirtualized;
    guint declared_major; /* of RHEL, by libosinfo's metadata; 0: none */
    XpvSystem declared;   /* by libosinfo's metadata */
} XpvDomainXml;

#define XPV_DOMAIN_XML_ERROR (xpv_domain_xml_error_quark())
GQuark xpv_domain_xml_error_quark(void);

typedef enum { XPV_DOMAIN_XML_ERROR_INVALID } XpvDomainXmlError;

/* xpv_domain_xml_parse: reads <domain>. Any thread.
 * Errors: XPV_DOMAIN_XML_ERROR if it is not XML, or not a domain with name and UUID. */
XpvDomainXml *xpv_domain_xml_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_domain_xml_free(XpvDomainXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvDomainXml, xpv_domain_xml_free)
