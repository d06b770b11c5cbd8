/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard output and standard error. */
#pragma once

#include <glib.h>
#include <stdio.h>

#include "ctl/object.h"

typedef struct {
    FILE *stream;
    gboolean is_terminal;
    guint width; /* of the terminal; 0: not known, or none: nothing is cut */
    gboolean colour;
    int error; /* errno of the first write that failed; none is tried after it */
} XpvCtlOutput;

void xpv_ctl_output_init(XpvCtlOutput *output, FILE *stream);

/* xpv_ctl_output_measure: takes the width anew, for who goes on writing while the terminal may be resized. */
void xpv_ctl_output_measure(XpvCtlOutput *output);

/* xpv_ctl_output_write: writes and flushes. Returns: FALSE once that has failed: the reader may be gone. */
gboolean xpv_ctl_output_write(XpvCtlOutput *output, const char *text);

/* xpv_ctl_output_append: appends @text to @out in @style where @output has colour. */
void xpv_ctl_output_append(const XpvCtlOutput *output, GString *out, const char *text, const char *style);

/* xpv_ctl_output_sheet: appends the line "Label: value" of a property.
 * @value: fit for a terminal; "" is shown as "-" */
void xpv_ctl_output_sheet(const XpvCtlOutput *output, GString *out, const XpvCtlInterface *interface, guint property,
                          const char *value, const char *style);

/* xpv_ctl_output_sentence: writes a line, broken at blanks where a terminal is too narrow.
 * @label: what it begins with, in @style; "": nothing */
void xpv_ctl_output_sentence(XpvCtlOutput *output, const char *label, const char *style, const char *text);

/* xpv_ctl_complain: a sentence on standard error, made fit for a terminal. */
void xpv_ctl_complain(const char *sentence);
