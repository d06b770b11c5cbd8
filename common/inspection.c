/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/inspection.h"

#include "common/json.h"
#include "common/text.h"

/* At most so many of each are taken from JSON; the inspector writes fewer. */
#define DISKS_MAX 256U
#define KERNELS_MAX 512U
#define TEXTS_MAX 512U
#define ERRORS_MAX 64U

/* The depth of the deepest value, which is in a kernel in the list of kernels in the object. */
#define DEPTH_MAX 3U

/* The end of the year 9999, so that the same time in microseconds does not overflow. */
#define SECONDS_MAX G_GINT64_CONSTANT(253402300799)

G_DEFINE_QUARK(xpv_inspection_error, xpv_inspection_error)

static void
disk_free(gpointer data)
{
    XpvInspectionDisk *disk = data;
    g_free(disk->source);
    g_free(disk->format);
    g_free(disk->error);
    g_free(disk);
}

static void
kernel_free(gpointer data)
{
    XpvInspectionKernel *kernel = data;
    g_free(kernel->package);
    g_free(kernel->release);
    g_free(kernel->architecture);
    g_free(kernel);
}

XpvInspection *
xpv_inspection_new(void)
{
    XpvInspection *self = g_new(XpvInspection, 1);
    *self = (XpvInspection){
        .disks = g_ptr_array_new_with_free_func(disk_free),
        .release = g_strdup(""),
        .distribution = g_strdup(""),
        .default_kernel = g_strdup(""),
        .kernels = g_ptr_array_new_with_free_func(kernel_free),
        .driver_packages = g_ptr_array_new_with_free_func(g_free),
        .driver_aliases = g_ptr_array_new_with_free_func(g_free),
        .errors = g_ptr_array_new_with_free_func(g_free),
    };
    return self;
}

void
xpv_inspection_free(XpvInspection *inspection)
{
    g_ptr_array_unref(inspection->disks);
    g_free(inspection->release);
    g_free(inspection->distribution);
    g_free(inspection->default_kernel);
    g_ptr_array_unref(inspection->kernels);
    g_ptr_array_unref(inspection->driver_packages);
    g_ptr_array_unref(inspection->driver_aliases);
    g_ptr_array_unref(inspection->errors);
    g_free(inspection);
}

static char *
clean(const char *text)
{
    return xpv_text_clean(text, -1, XPV_TEXT_PUBLISHED_MAX);
}

XpvInspectionDisk *
xpv_inspection_add_disk(XpvInspection *inspection, const char *source, const char *format)
{
    XpvInspectionDisk *disk = g_new(XpvInspectionDisk, 1);
    *disk = (XpvInspectionDisk){ xpv_text_clean(source, -1, 0), clean(format), FALSE, g_strdup("") };
    g_ptr_array_add(inspection->disks, disk);
    return disk;
}

XpvInspectionKernel *
xpv_inspection_kernel_new(const char *package, const char *release, const char *architecture)
{
    XpvInspectionKernel *kernel = g_new0(XpvInspectionKernel, 1);
    kernel->package = clean(package);
    kernel->release = clean(release);
    kernel->architecture = clean(architecture);
    return kernel;
}

void
xpv_inspection_add_error(XpvInspection *inspection, const char *format, ...)
{
    va_list arguments;
    if (inspection->errors->len >= ERRORS_MAX)
        return;
    va_start(arguments, format);
    g_autofree char *sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(inspection->errors, xpv_text_clean(sentence, -1, 0));
}

void
xpv_inspection_put_error(XpvInspection *inspection, const char *sentence)
{
    if (!sentence)
        return;
    if (inspection->errors->len >= ERRORS_MAX)
        g_ptr_array_set_size(inspection->errors, ERRORS_MAX - 1);
    g_ptr_array_insert(inspection->errors, 0, xpv_text_clean(sentence, -1, 0));
}

gboolean
xpv_inspection_has_packages(const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->kernels->len; i++) {
        if (*((const XpvInspectionKernel *)inspection->kernels->pdata[i])->package != '\0')
            return TRUE;
    }
    return FALSE;
}

gboolean
xpv_inspection_lacks_disk(const XpvInspection *inspection)
{
    for (guint i = 0; i < inspection->disks->len; i++) {
        if (*((const XpvInspectionDisk *)inspection->disks->pdata[i])->error != '\0')
            return TRUE;
    }
    return FALSE;
}

gboolean
xpv_inspection_says_less(const XpvInspection *inspection, const XpvInspection *earlier)
{
    return (*inspection->default_kernel == '\0' && *earlier->default_kernel != '\0') ||
           (!xpv_inspection_has_packages(inspection) && xpv_inspection_has_packages(earlier)) ||
           (inspection->kernels->len == 0 && earlier->kernels->len > 0);
}

typedef enum { KIND_TEXT, KIND_BOOLEAN, KIND_NUMBER, KIND_TEXTS, KIND_DISKS, KIND_KERNELS } Kind;

/* A member of a JSON object, and of the struct that it is read into. */
typedef struct {
    const char *key;
    Kind kind;
    gsize offset;
    gint64 max; /* the greatest number; of a list, the most elements; of a text, the most characters, or 0: any */
} Member;

static const Member disk_members[] = {
    { "source", KIND_TEXT, offsetof(XpvInspectionDisk, source), 0 },
    { "format", KIND_TEXT, offsetof(XpvInspectionDisk, format), XPV_TEXT_PUBLISHED_MAX },
    { "boot", KIND_BOOLEAN, offsetof(XpvInspectionDisk, boot), 1 },
    { "error", KIND_TEXT, offsetof(XpvInspectionDisk, error), XPV_TEXT_PUBLISHED_MAX },
    { .key = NULL },
};

static const Member kernel_members[] = {
    { "package", KIND_TEXT, offsetof(XpvInspectionKernel, package), XPV_TEXT_PUBLISHED_MAX },
    { "release", KIND_TEXT, offsetof(XpvInspectionKernel, release), XPV_TEXT_PUBLISHED_MAX },
    { "architecture", KIND_TEXT, offsetof(XpvInspectionKernel, architecture), XPV_TEXT_PUBLISHED_MAX },
    { "default", KIND_BOOLEAN, offsetof(XpvInspectionKernel, is_default), 1 },
    { "in_grub", KIND_BOOLEAN, offsetof(XpvInspectionKernel, in_grub), 1 },
    { "installed_at", KIND_NUMBER, offsetof(XpvInspectionKernel, installed_at), SECONDS_MAX },
    { .key = NULL },
};

static const Member inspection_members[] = {
    { "disks", KIND_DISKS, offsetof(XpvInspection, disks), DISKS_MAX },
    { "release", KIND_TEXT, offsetof(XpvInspection, release), XPV_TEXT_PUBLISHED_MAX },
    { "distribution", KIND_TEXT, offsetof(XpvInspection, distribution), XPV_TEXT_PUBLISHED_MAX },
    { "default_kernel", KIND_TEXT, offsetof(XpvInspection, default_kernel), XPV_TEXT_PUBLISHED_MAX },
    { "kernels", KIND_KERNELS, offsetof(XpvInspection, kernels), KERNELS_MAX },
    { "driver_packages", KIND_TEXTS, offsetof(XpvInspection, driver_packages), TEXTS_MAX },
    { "driver_aliases", KIND_TEXTS, offsetof(XpvInspection, driver_aliases), TEXTS_MAX },
    { "needs_recovery", KIND_BOOLEAN, offsetof(XpvInspection, needs_recovery), 1 },
    { "errors", KIND_TEXTS, offsetof(XpvInspection, errors), ERRORS_MAX },
    { "inspected_at", KIND_NUMBER, offsetof(XpvInspection, inspected_at), SECONDS_MAX },
    { "boot_changed_at", KIND_NUMBER, offsetof(XpvInspection, boot_changed_at), SECONDS_MAX },
    { "mounted_at", KIND_NUMBER, offsetof(XpvInspection, mounted_at), SECONDS_MAX },
    { "serial", KIND_NUMBER, offsetof(XpvInspection, serial), G_MAXINT64 },
    { .key = NULL },
};

/* The elements of lists of objects. */
static const struct {
    const Member *members;
    gsize size; /* of the struct */
} elements[] = {
    [KIND_DISKS] = { disk_members, sizeof(XpvInspectionDisk) },
    [KIND_KERNELS] = { kernel_members, sizeof(XpvInspectionKernel) },
};

/* Objects are no deeper than these tables. NOLINTBEGIN(misc-no-recursion) */
static JsonObject *write_object(gconstpointer object, const Member *members);

static JsonArray *
write_list(const GPtrArray *list, Kind kind)
{
    JsonArray *array = json_array_sized_new(list->len);
    for (guint i = 0; i < list->len; i++) {
        if (kind == KIND_TEXTS)
            json_array_add_string_element(array, list->pdata[i]);
        else
            json_array_add_object_element(array, write_object(list->pdata[i], elements[kind].members));
    }
    return array;
}

static JsonObject *
write_object(gconstpointer object, const Member *members)
{
    JsonObject *json = json_object_new();
    for (const Member *member = members; member->key; member++) {
        if (member->kind == KIND_TEXT)
            json_object_set_string_member(json, member->key, G_STRUCT_MEMBER(char *, object, member->offset));
        else if (member->kind == KIND_BOOLEAN)
            json_object_set_boolean_member(json, member->key, G_STRUCT_MEMBER(gboolean, object, member->offset));
        else if (member->kind == KIND_NUMBER)
            json_object_set_int_member(json, member->key, G_STRUCT_MEMBER(gint64, object, member->offset));
        else
            json_object_set_array_member(
                json, member->key, write_list(G_STRUCT_MEMBER(GPtrArray *, object, member->offset), member->kind));
    }
    return json;
}

char *
xpv_inspection_to_json(const XpvInspection *inspection)
{
    g_autoptr(JsonObject) json = write_object(inspection, inspection_members);
    return xpv_json_line(json);
}

static gboolean G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(XPV_INSPECTION_ERROR, 0, format, arguments));
    va_end(arguments);
    return FALSE;
}

static gboolean read_object(JsonObject *json, const Member *members, gpointer object, GError **error);

/* @node: (nullable); @list: gets the elements */
static gboolean
read_list(JsonNode *node, const Member *member, GPtrArray *list, GError **error)
{
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    if (!array || json_array_get_length(array) > member->max)
        return fail(error, "its member “%s” is missing, is not a list, or is longer than %u", member->key,
                    (guint)member->max);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        if (member->kind == KIND_TEXTS) {
            if (json_node_get_value_type(element) != G_TYPE_STRING)
                return fail(error, "its member “%s” has an element that is not text", member->key);
            g_ptr_array_add(list, clean(json_node_get_string(element)));
            continue;
        }
        if (!JSON_NODE_HOLDS_OBJECT(element))
            return fail(error, "its member “%s” has an element that is not an object", member->key);
        gpointer object = g_malloc0(elements[member->kind].size);
        g_ptr_array_add(list, object);
        if (!read_object(json_node_get_object(element), elements[member->kind].members, object, error))
            return FALSE;
    }
    return TRUE;
}

/* @place: of the value in its struct */
static gboolean
read_scalar(JsonNode *node, const Member *member, gpointer place, GError **error)
{
    static const GType types[] = {
        [KIND_TEXT] = G_TYPE_STRING, [KIND_BOOLEAN] = G_TYPE_BOOLEAN, [KIND_NUMBER] = G_TYPE_INT64
    };
    if (!node || json_node_get_value_type(node) != types[member->kind])
        return fail(error, "its member “%s” is missing or of another type", member->key);
    if (member->kind == KIND_TEXT) {
        g_free(*(char **)place);
        *(char **)place = xpv_text_clean(json_node_get_string(node), -1, (gsize)member->max);
    } else if (member->kind == KIND_BOOLEAN) {
        *(gboolean *)place = json_node_get_boolean(node);
    } else {
        gint64 number = json_node_get_int(node);
        if (number < 0 || number > member->max)
            return fail(error, "its member “%s” is out of range", member->key);
        *(gint64 *)place = number;
    }
    return TRUE;
}

/* @object: its lists exist */
static gboolean
read_object(JsonObject *json, const Member *members, gpointer object, GError **error)
{
    for (const Member *member = members; member->key; member++) {
        JsonNode *node = json_object_get_member(json, member->key);
        gboolean is_list = member->kind >= KIND_TEXTS;
        if (is_list ? !read_list(node, member, G_STRUCT_MEMBER(GPtrArray *, object, member->offset), error)
                    : !read_scalar(node, member, G_STRUCT_MEMBER_P(object, member->offset), error))
            return FALSE;
    }
    return TRUE;
}
/* NOLINTEND(misc-no-recursion) */

/* Half of a character, escaped: "\\ud800". JsonParser leaks memory over it, and we write none. */
static gboolean
is_half(const char *text, gsize length)
{
    return length >= 4 && text[0] == '\\' && text[1] == 'u' && g_ascii_tolower(text[2]) == 'd' && text[3] >= '8';
}

/* JsonParser calls itself for each level, accepts comments and other text that is not JSON, and leaks a value that is
 * followed by another. So outside of strings, only what we write ourselves is accepted. */
static gboolean
is_plain(const char *text, gsize length, GError **error)
{
    guint depth = 0;
    gboolean in_string = FALSE;
    gboolean has_ended = FALSE;
    if (length == 0 || *text != '{')
        return fail(error, "it is not an object");
    for (gsize i = 0; i < length; i++) {
        if (in_string && is_half(text + i, length - i))
            return fail(error, "it has half of a character");
        if (in_string) {
            in_string = text[i] != '"';
            i += text[i] == '\\';
            continue;
        }
        if (has_ended && text[i] != '\n')
            return fail(error, "it goes on after its end");
        in_string = text[i] == '"';
        depth += text[i] == '{' || text[i] == '[';
        if (depth > DEPTH_MAX)
            return fail(error, "it is more than %u levels deep", DEPTH_MAX);
        if (text[i] == '}' || text[i] == ']')
            has_ended = depth <= 1 || --depth == 0;
        if (!in_string && !g_ascii_isalnum(text[i]) && !strchr("{}[]:,-+. \n", text[i]))
            return fail(error, "it has the byte 0x%02x outside of a string", (guint8)text[i]);
    }
    return TRUE;
}

XpvInspection *
xpv_inspection_from_json(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) wrong = NULL;
    if (!g_utf8_validate_len(text, length, NULL)) {
        fail(error, "it is not valid UTF-8");
        return NULL;
    }
    if (!is_plain(text, length, error))
        return NULL;
    if (!json_parser_load_from_data(parser, text, (gssize)length, &wrong)) {
        fail(error, "it is not JSON: %s", wrong->message);
        return NULL;
    }
    JsonObject *json = json_node_get_object(json_parser_get_root(parser)); /* is_plain() has seen that it is one */
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    return read_object(json, inspection_members, inspection, error) ? g_steal_pointer(&inspection) : NULL;
}
