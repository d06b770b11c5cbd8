/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for people. */
#pragma once

#include <glib.h>

/* xpv_output_to_locale: converts text to the user's character set. Returns: (transfer full) */
char *xpv_output_to_locale(const char *text);

/* xpv_output_complain: prints a sentence on standard error, cleaned. */
void xpv_output_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);
