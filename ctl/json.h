/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object as JSON, on one line. */
#pragma once

#include "ctl/object.h"

/* xpv_ctl_json_key: snake case of a property's name: "required_host_architectures". */
char *xpv_ctl_json_key(const char *property);

/* xpv_ctl_json_line: strings are as they were sent; characters that control a terminal are escaped.
 * @event: (nullable): a first key "event"
 * @place: the properties to print
 * Returns: (transfer full) ends with a newline */
char *xpv_ctl_json_line(const char *event, const XpvCtlObject *object, XpvCtlPlace place);

/* xpv_ctl_json_pair: as xpv_ctl_json_line(), the properties of both objects in one. */
char *xpv_ctl_json_pair(const XpvCtlObject *first, const XpvCtlObject *second, XpvCtlPlace place);
