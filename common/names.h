/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All well-known strings of the public interface: bus names, paths, interfaces, namespaces, groups of key files. */
#pragma once

#define XPV_BUS_NAME "org.xenpv.Compat1"
#define XPV_ERROR_PREFIX XPV_BUS_NAME ".Error."
#define XPV_ERROR_NO_SUCH_DOMAIN XPV_ERROR_PREFIX "NoSuchDomain"
#define XPV_ERROR_INVALID_ARGS XPV_ERROR_PREFIX "InvalidArgs"
#define XPV_ERROR_NOT_CONNECTED XPV_ERROR_PREFIX "NotConnected"

#define XPV_ROOT_PATH "/org/xenpv/Compat1"
#define XPV_DOMAIN_PREFIX XPV_ROOT_PATH "/domain"
#define XPV_MANAGER_INTERFACE "org.xenpv.Compat1.Manager"
#define XPV_DOMAIN_INTERFACE "org.xenpv.Compat1.Domain"

#define XPV_METADATA_NAMESPACE "urn:xenpv:compat:1"

#define XPV_CONFIG_GROUP "xenpv-compatd"
