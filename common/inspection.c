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

static JsonArray *
texts_to_json(const GPtrArray *texts)
{
    JsonArray *array = json_array_sized_new(texts->len);
    for (guint i = 0; i < texts->len; i++)
        json_array_add_string_element(array, texts->pdata[i]);
    return array;
}

static JsonArray *
disks_to_json(const GPtrArray *disks)
{
    JsonArray *array = json_array_sized_new(disks->len);
    for (guint i = 0; i < disks->len; i++) {
        const XpvInspectionDisk *disk = disks->pdata[i];
        JsonObject *members = json_object_new();
        json_object_set_string_member(members, "source", disk->source);
        json_object_set_string_member(members, "format", disk->format);
        json_object_set_boolean_member(members, "boot", disk->boot);
        json_object_set_string_member(members, "error", disk->error);
        json_array_add_object_element(array, members);
    }
    return array;
}

static JsonArray *
kernels_to_json(const GPtrArray *kernels)
{
    JsonArray *array = json_array_sized_new(kernels->len);
    for (guint i = 0; i < kernels->len; i++) {
        const XpvInspectionKernel *kernel = kernels->pdata[i];
        JsonObject *members = json_object_new();
        json_object_set_string_member(members, "package", kernel->package);
        json_object_set_string_member(members, "release", kernel->release);
        json_object_set_string_member(members, "architecture", kernel->architecture);
        json_object_set_boolean_member(members, "default", kernel->is_default);
        json_object_set_boolean_member(members, "in_grub", kernel->in_grub);
        json_object_set_int_member(members, "installed_at", kernel->installed_at);
        json_array_add_object_element(array, members);
    }
    return array;
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

char *
xpv_inspection_to_json(const XpvInspection *inspection)
{
    g_autoptr(JsonObject) members = json_object_new();
    json_object_set_array_member(members, "disks", disks_to_json(inspection->disks));
    json_object_set_string_member(members, "release", inspection->release);
    json_object_set_string_member(members, "distribution", inspection->distribution);
    json_object_set_string_member(members, "default_kernel", inspection->default_kernel);
    json_object_set_array_member(members, "kernels", kernels_to_json(inspection->kernels));
    json_object_set_array_member(members, "driver_packages", texts_to_json(inspection->driver_packages));
    json_object_set_array_member(members, "driver_aliases", texts_to_json(inspection->driver_aliases));
    json_object_set_boolean_member(members, "needs_recovery", inspection->needs_recovery);
    json_object_set_array_member(members, "errors", texts_to_json(inspection->errors));
    json_object_set_int_member(members, "inspected_at", inspection->inspected_at);
    json_object_set_int_member(members, "boot_changed_at", inspection->boot_changed_at);
    json_object_set_int_member(members, "mounted_at", inspection->mounted_at);
    json_object_set_int_member(members, "serial", inspection->serial);
    return xpv_json_line(members);
}

static gboolean G_GNUC_PRINTF(2, 3) fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *sentence = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, XPV_INSPECTION_ERROR, 0, sentence);
    return FALSE;
}

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
        return fail(error, "it is no object");
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

/* Reads an object, member after member. After the first wrong one, the error is set and nothing more is read. */
typedef struct {
    JsonObject *members;
    GError **error;
    gboolean is_sound;
} Reader;

/* Returns: (nullable) a value of that type */
static JsonNode *
take(Reader *reader, const char *key, GType type)
{
    JsonNode *node = reader->is_sound ? json_object_get_member(reader->members, key) : NULL;
    if (node && json_node_get_value_type(node) == type)
        return node;
    if (reader->is_sound)
        reader->is_sound = fail(reader->error, "its member “%s” is missing or of another type", key);
    return NULL;
}

static void
take_text(Reader *reader, const char *key, char **text)
{
    JsonNode *node = take(reader, key, G_TYPE_STRING);
    if (!node)
        return;
    g_free(*text);
    *text = clean(json_node_get_string(node));
}

static void
take_boolean(Reader *reader, const char *key, gboolean *value)
{
    JsonNode *node = take(reader, key, G_TYPE_BOOLEAN);
    if (node)
        *value = json_node_get_boolean(node);
}

static void
take_number(Reader *reader, const char *key, gint64 max, gint64 *ret_number)
{
    JsonNode *node = take(reader, key, G_TYPE_INT64);
    gint64 number = node ? json_node_get_int(node) : 0;
    if (number < 0 || number > max)
        reader->is_sound = fail(reader->error, "its member “%s” is out of range", key);
    else
        *ret_number = number;
}

static void
take_seconds(Reader *reader, const char *key, gint64 *ret_seconds)
{
    take_number(reader, key, SECONDS_MAX, ret_seconds);
}

/* Returns: (nullable) of at most @max elements */
static JsonArray *
take_array(Reader *reader, const char *key, guint max)
{
    JsonNode *node = reader->is_sound ? json_object_get_member(reader->members, key) : NULL;
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    if (array && json_array_get_length(array) <= max)
        return array;
    if (reader->is_sound)
        reader->is_sound = fail(reader->error, "its member “%s” is missing, no list, or longer than %u", key, max);
    return NULL;
}

static void
take_texts(Reader *reader, const char *key, guint max, GPtrArray *texts)
{
    JsonArray *array = take_array(reader, key, max);
    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        if (json_node_get_value_type(node) != G_TYPE_STRING) {
            reader->is_sound = fail(reader->error, "its member “%s” has what is no text", key);
            return;
        }
        g_ptr_array_add(texts, clean(json_node_get_string(node)));
    }
}

/* Begins to read the object that is the array's element. Returns: FALSE if it is not an object */
static gboolean
open_element(Reader *outer, JsonArray *array, guint i, const char *key, Reader *ret_reader)
{
    JsonNode *node = json_array_get_element(array, i);
    if (!JSON_NODE_HOLDS_OBJECT(node))
        return outer->is_sound = fail(outer->error, "its member “%s” has what is no object", key);
    *ret_reader = (Reader){ json_node_get_object(node), outer->error, TRUE };
    return TRUE;
}

static void
take_disks(Reader *outer, XpvInspection *inspection)
{
    JsonArray *array = take_array(outer, "disks", DISKS_MAX);
    for (guint i = 0; array && outer->is_sound && i < json_array_get_length(array); i++) {
        Reader reader = { 0 };
        if (!open_element(outer, array, i, "disks", &reader))
            return;
        JsonNode *source = take(&reader, "source", G_TYPE_STRING);
        XpvInspectionDisk *disk = xpv_inspection_add_disk(inspection, source ? json_node_get_string(source) : "", "");
        take_text(&reader, "format", &disk->format);
        take_boolean(&reader, "boot", &disk->boot);
        take_text(&reader, "error", &disk->error);
        outer->is_sound = reader.is_sound;
    }
}

static void
take_kernels(Reader *outer, XpvInspection *inspection)
{
    JsonArray *array = take_array(outer, "kernels", KERNELS_MAX);
    for (guint i = 0; array && outer->is_sound && i < json_array_get_length(array); i++) {
        Reader reader = { 0 };
        if (!open_element(outer, array, i, "kernels", &reader))
            return;
        XpvInspectionKernel *kernel = xpv_inspection_kernel_new("", "", "");
        g_ptr_array_add(inspection->kernels, kernel);
        take_text(&reader, "package", &kernel->package);
        take_text(&reader, "release", &kernel->release);
        take_text(&reader, "architecture", &kernel->architecture);
        take_boolean(&reader, "default", &kernel->is_default);
        take_boolean(&reader, "in_grub", &kernel->in_grub);
        take_seconds(&reader, "installed_at", &kernel->installed_at);
        outer->is_sound = reader.is_sound;
    }
}

static XpvInspection *
read_object(JsonObject *members, GError **error)
{
    g_autoptr(XpvInspection) inspection = xpv_inspection_new();
    Reader reader = { members, error, TRUE };
    take_disks(&reader, inspection);
    take_text(&reader, "release", &inspection->release);
    take_text(&reader, "distribution", &inspection->distribution);
    take_text(&reader, "default_kernel", &inspection->default_kernel);
    take_kernels(&reader, inspection);
    take_texts(&reader, "driver_packages", TEXTS_MAX, inspection->driver_packages);
    take_texts(&reader, "driver_aliases", TEXTS_MAX, inspection->driver_aliases);
    take_boolean(&reader, "needs_recovery", &inspection->needs_recovery);
    take_texts(&reader, "errors", ERRORS_MAX, inspection->errors);
    take_seconds(&reader, "inspected_at", &inspection->inspected_at);
    take_seconds(&reader, "boot_changed_at", &inspection->boot_changed_at);
    take_seconds(&reader, "mounted_at", &inspection->mounted_at);
    take_number(&reader, "serial", G_MAXINT64, &inspection->serial);
    return reader.is_sound ? g_steal_pointer(&inspection) : NULL;
}

XpvInspection *
xpv_inspection_from_json(const char *text, gsize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) wrong = NULL;
    if (!g_utf8_validate_len(text, length, NULL)) {
        fail(error, "it is no UTF-8");
        return NULL;
    }
    if (!is_plain(text, length, error))
        return NULL;
    if (!json_parser_load_from_data(parser, text, (gssize)length, &wrong)) {
        fail(error, "it is no JSON: %s", wrong->message);
        return NULL;
    }
    return read_object(json_node_get_object(json_parser_get_root(parser)),
                       error); /* is_plain() has seen that it is one */
}
