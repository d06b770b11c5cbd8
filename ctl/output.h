/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard output and standard error. */
#pragma once

#include <glib.h>
#include <stdio.h>

#include "ctl/object.h"

typedef struct {
    FILE *stream;
    gboolean is_terminal;
    guint width; /* of the terminal; 0: not known, or no terminal: nothing is cut */
    gboolean colour;
    int error; /* errno of the first write that failed; there are no writes after it */
} XpvCtlOutput;

void xpv_ctl_output_init(XpvCtlOutput *output, FILE *stream);

/* xpv_ctl_output_measure: measures the width again, as the terminal may have been resized. */
void xpv_ctl_output_measure(XpvCtlOutput *output);

/* xpv_ctl_output_write: writes and flushes. Returns: FALSE from the first failure on: the reader may be gone. */
gboolean xpv_ctl_output_write(XpvCtlOutput *output, const char *text);

/* xpv_ctl_output_append: appends @text to @out, in @style if @output has colour. */
void xpv_ctl_output_append(const XpvCtlOutput *output, GString *out, const char *text, const char *style);

/* xpv_ctl_output_sheet: appends the line "Label: value" of a property.
 * @value: safe for a terminal; "" is shown as "-" */
void xpv_ctl_output_sheet(const XpvCtlOutput *output, GString *out, const XpvCtlInterface *interface, guint property,
                          const char *value, const char *style);

/* xpv_ctl_output_sentence: writes a line, broken at blanks if the terminal is too narrow.
 * @label: its beginning, in @style; "": none */
void xpv_ctl_output_sentence(XpvCtlOutput *output, const char *label, const char *style, const char *text);

/* xpv_ctl_complain: writes a sentence to standard error, made safe for a terminal. */
void xpv_ctl_complain(const char *sentence);
