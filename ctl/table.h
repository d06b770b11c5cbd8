/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table whose columns line up. */
#pragma once

#include "ctl/output.h"

typedef struct {
    const char *heading;
    guint minimum; /* its width if the terminal is too narrow; 0: it is never cut */
    guint rank;    /* if that is not enough, the column with the lowest rank is left out first; 0: never */
} XpvCtlColumn;

typedef struct _XpvCtlTable XpvCtlTable;

/* xpv_ctl_table_new: @columns: lives as long as the table */
XpvCtlTable *xpv_ctl_table_new(const XpvCtlColumn *columns, guint n_columns);
void xpv_ctl_table_free(XpvCtlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvCtlTable, xpv_ctl_table_free)

/* xpv_ctl_table_add: the next cell, row by row.
 * @text: (transfer full) safe for a terminal; "" is shown as "-", except in the last column
 * @style: escape sequence to print it in, static; "": none */
void xpv_ctl_table_add(XpvCtlTable *table, char *text, const char *style);

/* xpv_ctl_table_render: the rows that were added since the last call, lined up with the earlier ones. If they do not
 * fit, the widest column is cut first, the last one of several.
 * @output: whose width and colour count
 * Returns: (transfer full) lines; the first time, with the headings first */
char *xpv_ctl_table_render(XpvCtlTable *table, const XpvCtlOutput *output);
