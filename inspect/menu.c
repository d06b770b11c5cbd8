/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/menu.h"

#include <string.h>

#include "common/text.h"

/* Longer ones are cut. */
#define PATH_MAX_LENGTH 256U

static void
entry_free(gpointer data)
{
    XpvMenuEntry *entry = data;
    g_free(entry->kernel);
    g_free(entry->root);
    g_free(entry);
}

static XpvMenu *
menu_new(void)
{
    XpvMenu *menu = g_new0(XpvMenu, 1);
    menu->entries = g_ptr_array_new_with_free_func(entry_free);
    return menu;
}

void
xpv_menu_free(XpvMenu *menu)
{
    g_ptr_array_unref(menu->entries);
    g_free(menu);
}

/* Returns: (nullable) NULL if there are enough */
static XpvMenuEntry *
add_entry(XpvMenu *menu)
{
    if (menu->entries->len >= XPV_MENU_ENTRIES_MAX)
        return NULL;
    XpvMenuEntry *entry = g_new(XpvMenuEntry, 1);
    *entry = (XpvMenuEntry){ g_strdup(""), g_strdup("") };
    g_ptr_array_add(menu->entries, entry);
    return entry;
}

static void
set(char **value, const char *text)
{
    g_free(*value);
    *value = xpv_text_clean(text, -1, PATH_MAX_LENGTH);
}

/* If there is no such entry, GRUB 0.97 starts the first one. */
static void
choose(XpvMenu *menu, guint64 number)
{
    menu->chosen = number < menu->entries->len ? (guint)number : 0;
}

static guint64
leading_number(const char *text)
{
    return g_ascii_strtoull(text + strspn(text, " \t"), NULL, 10);
}

void
xpv_menu_choose(XpvMenu *menu, const char *text)
{
    choose(menu, leading_number(text));
}

/* "kernel --type=linux (hd0,0)/vmlinuz-2.6.9-89.EL ro root=LABEL=/": the path, and the root of the command line. */
static void
take_kernel(XpvMenuEntry *entry, const char *arguments)
{
    g_auto(GStrv) words = g_strsplit_set(arguments, " \t", -1);
    gboolean has_path = FALSE;
    for (guint i = 0; words[i]; i++) {
        const char *path = words[i];
        if (*path == '(' && strchr(path, ')'))
            path = strchr(path, ')') + 1;
        if (!has_path && *path != '\0' && !g_str_has_prefix(path, "--")) {
            set(&entry->kernel, path);
            has_path = TRUE;
        } else if (g_str_has_prefix(words[i], "root=")) {
            set(&entry->root, words[i] + strlen("root="));
        }
    }
}

/* With a hypervisor, the kernel is the first module. */
static void
take_module(XpvMenuEntry *entry, const char *arguments)
{
    g_autofree char *name = g_path_get_basename(entry->kernel);
    if (g_str_has_prefix(name, "xen"))
        take_kernel(entry, arguments);
}

/* A word ends at a blank or "=". Returns: (nullable) the text after it; NULL: the line does not begin with it */
static const char *
arguments_of(const char *line, const char *word)
{
    gsize length = strlen(word);
    if (strncmp(line, word, length) != 0 || (line[length] != '\0' && !strchr(" \t=", line[length])))
        return NULL;
    return line + length + strspn(line + length, " \t=");
}

XpvMenu *
xpv_menu_read_grub(const char *text)
{
    XpvMenu *menu = menu_new();
    XpvMenuEntry *entry = NULL;
    guint64 number = 0;
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *line = lines[i] + strspn(lines[i], " \t"), *arguments;
        if (arguments_of(line, "title")) {
            entry = add_entry(menu);
            if (!entry)
                break;
        } else if (!entry && (arguments = arguments_of(line, "default"))) {
            menu->is_saved = g_str_has_prefix(arguments, "saved");
            number = leading_number(arguments);
        } else if (entry && (arguments = arguments_of(line, "kernel"))) {
            take_kernel(entry, arguments);
        } else if (entry && (arguments = arguments_of(line, "module"))) {
            take_module(entry, arguments);
        }
    }
    choose(menu, number);
    return menu;
}

/* "default=linux" and "label=linux", each with blanks or quotes around the value. */
static char *
elilo_value(const char *line, const char *key)
{
    const char *value = line + strlen(key);
    if (!g_str_has_prefix(line, key) || value[strspn(value, " \t")] != '=')
        return NULL;
    value += strspn(value, " \t") + 1;
    char *text = g_strstrip(g_strdup(value));
    gsize length = strlen(text);
    if (*text == '"' && text[length - 1] == '"') {
        text[length - 1] = '\0';
        memmove(text, text + 1, length - 1);
    }
    return text;
}

static void
take_elilo_line(XpvMenu *menu, const char *line, GPtrArray *labels, char **ret_default)
{
    XpvMenuEntry *entry = menu->entries->len > 0 ? menu->entries->pdata[menu->entries->len - 1] : NULL;
    g_autofree char *image = elilo_value(line, "image");
    g_autofree char *label = elilo_value(line, "label");
    g_autofree char *root = elilo_value(line, "root");
    g_autofree char *chosen = elilo_value(line, "default");
    if (image && (entry = add_entry(menu))) {
        set(&entry->kernel, image);
        g_ptr_array_add(labels, g_strdup(""));
    } else if (label && entry) {
        g_free(labels->pdata[labels->len - 1]);
        labels->pdata[labels->len - 1] = g_steal_pointer(&label);
    } else if (root && entry) {
        set(&entry->root, root);
    } else if (chosen && !entry) {
        g_free(*ret_default);
        *ret_default = g_steal_pointer(&chosen);
    }
}

XpvMenu *
xpv_menu_read_elilo(const char *text)
{
    XpvMenu *menu = menu_new();
    g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free); /* one for each entry */
    g_autofree char *chosen = g_strdup("");
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", -1);
    for (guint i = 0; lines[i]; i++)
        take_elilo_line(menu, lines[i] + strspn(lines[i], " \t"), labels, &chosen);
    for (guint i = 0; i < labels->len; i++) {
        if (g_str_equal(labels->pdata[i], chosen)) {
            choose(menu, i);
            break;
        }
    }
    return menu;
}

char *
xpv_menu_release(const char *kernel)
{
    g_autofree char *name = g_path_get_basename(kernel);
    static const char *const prefixes[] = { "vmlinuz-", "vmlinux-" };
    for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(name, prefixes[i]) && name[strlen(prefixes[i])] != '\0')
            return g_strdup(name + strlen(prefixes[i]));
    }
    return NULL;
}
