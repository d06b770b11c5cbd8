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
    GArray *cells; /* Cell, row by row */
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
    g_free(table);
}

void
xpv_ctl_table_add(XpvCtlTable *table, char *text, const char *style)
{
    gboolean is_last = (table->cells->len + 1) % table->n_columns == 0;
    if (*text == '\0' && !is_last) {
        g_free(text);
        text = g_strdup("-");
    }
    Cell cell = { text, style };
    g_array_append_val(table->cells, cell);
}

static guint *
natural_widths(const XpvCtlTable *table)
{
    guint *widths = g_new0(guint, table->n_columns);
    for (guint i = 0; i < table->cells->len; i++) {
        guint width = xpv_ctl_layout_width(g_array_index(table->cells, Cell, i).text);
        widths[i % table->n_columns] = MAX(widths[i % table->n_columns], width);
    }
    return widths;
}

/* Returns: the index of the widest column that may be cut, the last of equals; -1: none may. */
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
fit_widths(const XpvCtlTable *table, guint *widths, guint available)
{
    guint total = (table->n_columns - 1) * GAP;
    for (guint i = 0; i < table->n_columns; i++)
        total += widths[i];

    for (int widest; total > available && (widest = widest_column(table, widths)) >= 0; total--)
        widths[widest]--;
}

static void
append_cell(GString *out, const Cell *cell, guint width, gboolean colour)
{
    g_autofree char *text = xpv_ctl_layout_cut(cell->text, width);
    if (colour && *cell->style != '\0')
        g_string_append_printf(out, "%s%s" XPV_CTL_STYLE_END, cell->style, text);
    else
        g_string_append(out, text);
    xpv_ctl_layout_pad(out, xpv_ctl_layout_width(text), width + GAP);
}

static void
end_row(GString *out)
{
    while (out->len > 0 && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
}

char *
xpv_ctl_table_render(const XpvCtlTable *table, guint width, gboolean colour)
{
    g_autofree guint *widths = natural_widths(table);
    if (width > 0)
        fit_widths(table, widths, width);

    GString *out = g_string_new(NULL);
    for (guint i = 0; i < table->cells->len; i++) {
        guint column = i % table->n_columns;
        append_cell(out, &g_array_index(table->cells, Cell, i), widths[column], colour);
        if (column == table->n_columns - 1)
            end_row(out);
    }
    return g_string_free(out, FALSE);
}
