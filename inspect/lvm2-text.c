/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/lvm2-text.h"

#include <string.h>

#include "inspect/error.h"

/* LVM2's own texts are five levels deep; a group with thousands of segments has tens of thousands of nodes. */
#define DEPTH_MAX 16U
#define NODES_MAX 50000U

typedef enum { KIND_SECTION, KIND_LIST, KIND_STRING, KIND_INTEGER } Kind;

struct _XpvLvm2Node {
    Kind kind;
    const char *name; /* this and the text are in the tree's strings */
    const char *text; /* of a string; else NULL */
    guint64 integer;
    XpvLvm2Node *children, *last, *next;
};

typedef struct {
    XpvLvm2Node root; /* the first member, so that the root is the tree */
    GStringChunk *strings;
    GPtrArray *nodes; /* all but the root */
} Tree;

typedef enum {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_INTEGER,
    TOKEN_BROKEN, /* no token begins here, or a string has no end */
    /* other tokens are the character itself */
} Token;

typedef struct {
    Tree *tree;
    const char *next, *end;
    guint line;
    int token;        /* Token, or one of { } [ ] = , */
    const char *text; /* of a name or a string */
    guint64 integer;
} Parser;

static gboolean
is_name_character(char c)
{
    return g_ascii_isalnum(c) || strchr("._-/+", c);
}

static void
skip_blanks(Parser *self)
{
    for (; self->next < self->end; self->next++) {
        if (*self->next == '#') {
            const char *newline = memchr(self->next, '\n', (gsize)(self->end - self->next));
            self->next = newline ? newline : self->end - 1;
        }
        if (*self->next == '\n')
            self->line++;
        else if (!g_ascii_isspace(*self->next) && *self->next != '#')
            return;
    }
}

/* "\"" and "\\" stand for the second character. */
static int
take_string(Parser *self)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (self->next++; self->next < self->end && *self->next != '"'; self->next++) {
        if (*self->next == '\\' && self->next + 1 < self->end)
            self->next++;
        if (*self->next == '\n' || *self->next == '\0')
            return TOKEN_BROKEN;
        g_string_append_c(text, *self->next);
    }
    if (self->next >= self->end)
        return TOKEN_BROKEN;
    self->next++;
    self->text = g_string_chunk_insert_const(self->tree->strings, text->str);
    return TOKEN_STRING;
}

/* A name may begin with a digit, as a volume's may. A word of digits alone is an integer. */
static int
take_word(Parser *self)
{
    const char *start = self->next;
    while (self->next < self->end && *self->next != '\0' && is_name_character(*self->next))
        self->next++;
    g_autofree char *word = g_strndup(start, (gsize)(self->next - start));
    self->text = g_string_chunk_insert_const(self->tree->strings, word);
    const char *digits = *word == '-' || *word == '+' ? word + 1 : word;
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return TOKEN_NAME;
    /* No integer that matters is negative. */
    if (*word == '-' || !g_ascii_string_to_unsigned(digits, 10, 0, G_MAXUINT64, &self->integer, NULL))
        self->integer = G_MAXUINT64;
    return TOKEN_INTEGER;
}

static void
advance(Parser *self)
{
    skip_blanks(self);
    if (self->next >= self->end || *self->next == '\0') /* LVM2 counts the NUL at its end */
        self->token = TOKEN_END;
    else if (strchr("{}[]=,", *self->next))
        self->token = (guchar)*self->next++;
    else if (*self->next == '"')
        self->token = take_string(self);
    else
        self->token = is_name_character(*self->next) ? take_word(self) : TOKEN_BROKEN;
}

static gboolean
fail(const Parser *self, GError **error, const char *what)
{
    return xpv_inspect_fail(error, "LVM2's metadata cannot be understood in line %u: %s", self->line, what);
}

/* Returns: (nullable) NULL: there are too many */
static XpvLvm2Node *
add_node(Parser *self, XpvLvm2Node *parent, Kind kind, const char *name)
{
    if (self->tree->nodes->len >= NODES_MAX)
        return NULL;
    XpvLvm2Node *node = g_new0(XpvLvm2Node, 1);
    node->kind = kind;
    node->name = name;
    g_ptr_array_add(self->tree->nodes, node);
    if (parent->last)
        parent->last->next = node;
    else
        parent->children = node;
    parent->last = node;
    return node;
}

static gboolean
take_scalar(Parser *self, XpvLvm2Node *parent, const char *name, GError **error)
{
    if (self->token != TOKEN_STRING && self->token != TOKEN_INTEGER)
        return fail(self, error, "there is no value");
    XpvLvm2Node *node = add_node(self, parent, self->token == TOKEN_STRING ? KIND_STRING : KIND_INTEGER, name);
    if (!node)
        return fail(self, error, "it is too long");
    if (node->kind == KIND_STRING)
        node->text = self->text;
    else
        node->integer = self->integer;
    advance(self);
    return TRUE;
}

static gboolean
take_list(Parser *self, XpvLvm2Node *parent, const char *name, GError **error)
{
    XpvLvm2Node *list = add_node(self, parent, KIND_LIST, name);
    if (!list)
        return fail(self, error, "it is too long");
    for (advance(self); self->token != ']';) {
        if (!take_scalar(self, list, "", error))
            return FALSE;
        if (self->token == ',')
            advance(self);
        else if (self->token != ']')
            return fail(self, error, "a list has no end");
    }
    advance(self);
    return TRUE;
}

static gboolean
take_value(Parser *self, XpvLvm2Node *section, const char *name, GError **error)
{
    advance(self); /* from "=" */
    return self->token == '[' ? take_list(self, section, name, error) : take_scalar(self, section, name, error);
}

static gboolean
parse(Parser *self, GError **error)
{
    XpvLvm2Node *open[DEPTH_MAX] = { &self->tree->root };
    guint depth = 1;
    for (advance(self); self->token != TOKEN_END;) {
        if (self->token == '}' && depth > 1) {
            depth--;
            advance(self);
            continue;
        }
        if (self->token != TOKEN_NAME && self->token != TOKEN_INTEGER)
            return fail(self, error, "there is no name");
        const char *name = self->text;
        advance(self);
        if (self->token == '=') {
            if (!take_value(self, open[depth - 1], name, error))
                return FALSE;
            continue;
        }
        if (self->token != '{')
            return fail(self, error, "a name has neither value nor section");
        XpvLvm2Node *section = depth < DEPTH_MAX ? add_node(self, open[depth - 1], KIND_SECTION, name) : NULL;
        if (!section)
            return fail(self, error, "it is too deep or too long");
        open[depth++] = section;
        advance(self);
    }
    return depth == 1 ? TRUE : fail(self, error, "a section has no end");
}

XpvLvm2Node *
xpv_lvm2_text_parse(const char *text, gsize length, GError **error)
{
    Tree *tree = g_new0(Tree, 1);
    tree->root.name = "";
    tree->strings = g_string_chunk_new(4096);
    tree->nodes = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(XpvLvm2Node) root = &tree->root;
    Parser parser = { .tree = tree, .next = text, .end = text + length, .line = 1 };
    return parse(&parser, error) ? g_steal_pointer(&root) : NULL;
}

void
xpv_lvm2_node_free(XpvLvm2Node *root)
{
    Tree *tree = (Tree *)root;
    g_string_chunk_free(tree->strings);
    g_ptr_array_unref(tree->nodes);
    g_free(tree);
}

const char *
xpv_lvm2_node_name(const XpvLvm2Node *node)
{
    return node->name;
}

const XpvLvm2Node *
xpv_lvm2_node_children(const XpvLvm2Node *node)
{
    return node->children;
}

const XpvLvm2Node *
xpv_lvm2_node_next(const XpvLvm2Node *node)
{
    return node->next;
}

const XpvLvm2Node *
xpv_lvm2_node_get(const XpvLvm2Node *section, const char *name)
{
    for (const XpvLvm2Node *node = section ? section->children : NULL; node; node = node->next) {
        if (g_str_equal(node->name, name))
            return node;
    }
    return NULL;
}

gboolean
xpv_lvm2_node_is_section(const XpvLvm2Node *node)
{
    return node && node->kind == KIND_SECTION;
}

const char *
xpv_lvm2_node_string(const XpvLvm2Node *node)
{
    return node ? node->text : NULL;
}

guint64
xpv_lvm2_node_integer(const XpvLvm2Node *node, guint64 fallback)
{
    return node && node->kind == KIND_INTEGER ? node->integer : fallback;
}
