/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON on one line, without characters that control a terminal. */
#pragma once

#include <json-glib/json-glib.h>

/* xpv_json_line: @members: (transfer none). Returns: (transfer full) ends with a newline */
char *xpv_json_line(JsonObject *members);
