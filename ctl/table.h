/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table whose columns line up. */
#pragma once

#include <glib.h>

typedef struct {
    const char *heading;
    guint minimum; /* the columns that are left of it at least where the terminal is too narrow; 0: it is never cut */
    guint rank;    /* where that does not do, it is left out, the lowest first; 0: it never is */
} XpvCtlColumn;

typedef struct _XpvCtlTable XpvCtlTable;

/* xpv_ctl_table_new: @columns: lives as long as the table */
XpvCtlTable *xpv_ctl_table_new(const XpvCtlColumn *columns, guint n_columns);
void xpv_ctl_table_free(XpvCtlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvCtlTable, xpv_ctl_table_free)

/* xpv_ctl_table_add: the next cell, row by row.
 * @text: (transfer full) fit for a terminal; "" is shown as "-", but for a last column
 * @style: escape sequence to print it in, static; "": none */
void xpv_ctl_table_add(XpvCtlTable *table, char *text, const char *style);

/* xpv_ctl_table_render: the rows that were added since the last time, which line up with those before. Where they do
 * not fit, what is widest is cut first, the last column before others as wide.
 * @width: of the terminal; 0: nothing is cut
 * @colour: whether styles are used
 * Returns: (transfer full) lines; the first time, with the headings first */
char *xpv_ctl_table_render(XpvCtlTable *table, guint width, gboolean colour);
