/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/table.h"

#include "ctl/layout.h"
#include "ctl/style.h"

#define GAP 2

typedef struct {
    char *text;
    const char *style;
} Cell;

struct _XpvCtlTable {
    const XpvCtlColumn *columns;
    guint n_columns;
    GArray *cells; /* of Cell, row by row: those that are not rendered yet */
    guint *widths; /* of each column: its widest cell so far */
};

static void
clear_cell(gpointer data)
{
    Cell *cell = data;
    g_free(cell->text);
}

XpvCtlTable *
xpv_ctl_table_new(const XpvCtlColumn *columns, guint n_columns)
{
    XpvCtlTable *table = g_new0(XpvCtlTable, 1);
    table->columns = columns;
    table->n_columns = n_columns;
    table->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
    g_array_set_clear_func(table->cells, clear_cell);
    table->widths = g_new0(guint, n_columns);
    for (guint i = 0; i < n_columns; i++)
        xpv_ctl_table_add(table, g_strdup(columns[i].heading), XPV_CTL_STYLE_HEADING);
    return table;
}

void
xpv_ctl_table_free(XpvCtlTable *table)
{
    if (!table)
        return;
    g_array_unref(table->cells);
    g_free(table->widths);
    g_free(table);
}

void
xpv_ctl_table_add(XpvCtlTable *table, char *text, const char *style)
{
    guint column = table->cells->len % table->n_columns;
    if (*text == '\0' && column < table->n_columns - 1) {
        g_free(text);
        text = g_strdup("-");
    }
    table->widths[column] = MAX(table->widths[column], xpv_ctl_layout_width(text));
    Cell cell = { text, style };
    g_array_append_val(table->cells, cell);
}

/* The width of a table with columns of @widths; 0: a column is left out. */
static guint
total_width(const XpvCtlTable *table, const guint *widths)
{
    guint total = 0;
    for (guint i = 0; i < table->n_columns; i++) {
        if (widths[i] > 0)
            total += widths[i] + (total > 0 ? GAP : 0);
    }
    return total;
}

/* The widths of the columns if each is cut as far as possible. */
static guint *
minimal_widths(const XpvCtlTable *table)
{
    guint *widths = g_memdup2(table->widths, table->n_columns * sizeof *widths);
    for (guint i = 0; i < table->n_columns; i++) {
        if (table->columns[i].minimum > 0)
            widths[i] = MIN(widths[i], table->columns[i].minimum);
    }
    return widths;
}

/* Leaves out columns until the others can be cut to @available. */
static void
leave_out(const XpvCtlTable *table, guint *widths, guint available)
{
    g_autofree guint *minimal = minimal_widths(table);
    for (guint rank = 1; rank <= table->n_columns && total_width(table, minimal) > available; rank++) {
        for (guint i = 0; i < table->n_columns; i++) {
            if (table->columns[i].rank == rank)
                widths[i] = minimal[i] = 0;
        }
    }
}

/* Returns: the index of the widest column that may be cut, the last one of several; -1: none may be cut. */
static int
widest_column(const XpvCtlTable *table, const guint *widths)
{
    int widest = -1;
    for (guint i = 0; i < table->n_columns; i++) {
        guint minimum = table->columns[i].minimum;
        if (minimum > 0 && widths[i] > minimum && (widest < 0 || widths[i] >= widths[widest]))
            widest = (int)i;
    }
    return widest;
}

static void
cut(const XpvCtlTable *table, guint *widths, guint available)
{
    int widest;
    for (guint total = total_width(table, widths); total > available && (widest = widest_column(table, widths)) >= 0;
         total--)
        widths[widest]--;
}

static void
append_cell(const XpvCtlOutput *output, GString *out, const Cell *cell, guint width)
{
    g_autofree char *text = xpv_ctl_layout_cut(cell->text, width);
    xpv_ctl_output_append(output, out, text, cell->style);
    xpv_ctl_layout_pad(out, xpv_ctl_layout_width(text), width + GAP);
}

char *
xpv_ctl_table_render(XpvCtlTable *table, const XpvCtlOutput *output)
{
    g_autofree guint *widths = g_memdup2(table->widths, table->n_columns * sizeof *widths);
    if (output->width > 0) {
        leave_out(table, widths, output->width);
        cut(table, widths, output->width);
    }

    GString *out = g_string_new(NULL);
    for (guint i = 0; i < table->cells->len; i++) {
        guint column = i % table->n_columns;
        if (widths[column] > 0)
            append_cell(output, out, &g_array_index(table->cells, Cell, i), widths[column]);
        if (column == table->n_columns - 1)
            xpv_ctl_layout_end_line(out);
    }
    g_array_set_size(table->cells, 0);
    return g_string_free(out, FALSE);
}
