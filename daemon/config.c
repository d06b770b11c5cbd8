/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config.h"

#include <string.h>

#include "common/build.h"
#include "common/facts.h"
#include "common/key-file.h"
#include "common/names.h"

G_DEFINE_QUARK(xpv_config_error, xpv_config_error)

typedef struct _Key Key;

struct _Key {
    const char *name;
    const char *argument;
    const char *description;
    gsize offset; /* in XpvConfig */
    gboolean (*set)(const Key *key, XpvConfig *config, const char *value, GError **error);
    guint minimum;
    guint maximum;
};

static gboolean
set_uri(const Key *key, XpvConfig *config, const char *value, GError **error)
{
    if (*value == '\0') {
        g_set_error_literal(error, XPV_CONFIG_ERROR, XPV_CONFIG_ERROR_INVALID, "a libvirt URI cannot be empty");
        return FALSE;
    }
    g_free(config->uri);
    config->uri = g_strdup(value);
    return TRUE;
}

static gboolean
set_fact(const Key *key, XpvConfig *config, const char *value, GError **error)
{
    XpvHost scratch = { 0 };
    if (!xpv_facts_set(&scratch, NULL, key->name, value, error))
        return FALSE;
    char **member = G_STRUCT_MEMBER_P(config, key->offset);
    g_free(*member);
    *member = g_strdup(value);
    return TRUE;
}

static gboolean
set_seconds(const Key *key, XpvConfig *config, const char *value, GError **error)
{
    guint64 seconds;
    if (!g_ascii_string_to_unsigned(value, 10, key->minimum, key->maximum, &seconds, NULL)) {
        g_set_error(error, XPV_CONFIG_ERROR, XPV_CONFIG_ERROR_INVALID, "%s takes whole seconds from %u to %u, not “%s”",
                    key->name, key->minimum, key->maximum, value);
        return FALSE;
    }
    G_STRUCT_MEMBER(guint, config, key->offset) = (guint)seconds;
    return TRUE;
}

#define MEMBER(name) offsetof(XpvConfig, name)

/* clang-format off */
static const Key keys[] = {
    { "uri", "URI", "libvirt connection (xen:///system)", MEMBER(uri), set_uri, 0, 0 },
    { "host-kernel", "RELEASE", "The host's kernel, as uname -r prints it there", MEMBER(host_kernel), set_fact, 0, 0 },
    { "host-processor", "WORD", "The host's processor: intel or amd", MEMBER(host_processor), set_fact, 0, 0 },
    { "host-architecture", "WORD", "The host's kernel: i686, x86_64 or ia64", MEMBER(host_architecture), set_fact, 0, 0 },
    { "grace", "SECONDS", "How long a started guest has to report (120)", MEMBER(grace), set_seconds, 0, 86400 },
    { "call-timeout", "SECONDS", "How long a call of libvirt may take (30)", MEMBER(call_timeout), set_seconds, 1, 3600 },
};
/* clang-format on */

static const Key *
find_key(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (g_str_equal(keys[i].name, name))
            return &keys[i];
    }
    return NULL;
}

static gboolean
take_option(const char *option, const char *value, gpointer data, GError **error)
{
    XpvOptions *options = data;
    g_hash_table_replace(options->values, g_strdup(option + strlen("--")), g_strdup(value));
    return TRUE;
}

XpvOptions *
xpv_options_parse(int *argc, char ***argv, GError **error)
{
    g_autoptr(XpvOptions) options = g_new0(XpvOptions, 1);
    options->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    g_autofree GOptionEntry *entries = g_new0(GOptionEntry, G_N_ELEMENTS(keys) + 3);
    guint n = 0;
    for (; n < G_N_ELEMENTS(keys); n++)
        entries[n] = (GOptionEntry){ keys[n].name,    0, 0, G_OPTION_ARG_CALLBACK, take_option, keys[n].description,
                                     keys[n].argument };
    entries[n++] =
        (GOptionEntry){ "config", 0, 0, G_OPTION_ARG_CALLBACK, take_option, "Another configuration file", "FILE" };
    entries[n++] = (GOptionEntry){ "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL };

    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    GOptionGroup *group = g_option_group_new("main", "", "", options, NULL);
    g_option_group_add_entries(group, entries);
    g_option_context_set_main_group(context, group);
    g_option_context_set_summary(context,
                                 "Checks which fully virtualized guests of this Xen host can load their\n"
                                 "para-virtualized drivers, and publishes that on D-Bus as org.xenpv.Compat1.");
    g_option_context_set_description(context, "The configuration file is " XPV_CONFIG_PATH ".\n"
                                              "xenpv-compatd(8) and xenpv-compatd.conf(5) tell more.\n");
    if (!g_option_context_parse(context, argc, argv, error))
        return NULL;
    if (*argc > 1) {
        g_set_error(error, XPV_CONFIG_ERROR, XPV_CONFIG_ERROR_INVALID, "Unexpected argument “%s”", (*argv)[1]);
        return NULL;
    }
    return g_steal_pointer(&options);
}

void
xpv_options_free(XpvOptions *options)
{
    if (!options)
        return;
    g_clear_pointer(&options->values, g_hash_table_unref);
    g_free(options);
}

/* The line of a key, which GKeyFile does not tell. If the key is there twice, the last one counts. Returns: 0 if it is
 * not there. */
static guint
line_of(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    gsize length = strlen(key);
    guint found = 0;
    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strchug(lines[i]);
        if (strncmp(line, key, length) == 0 && (g_ascii_isspace(line[length]) || strchr("=]", line[length])))
            found = i + 1;
    }
    return found;
}

static gboolean
refuse(const char *path, const char *text, const char *where, GError *cause, GError **error)
{
    g_set_error(error, XPV_CONFIG_ERROR, XPV_CONFIG_ERROR_INVALID, "%s:%u: %s", path, line_of(text, where),
                cause->message);
    g_error_free(cause);
    return FALSE;
}

static gboolean
apply_key_file(XpvConfig *config, GKeyFile *file, const char *text, GError **error)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    for (guint i = 0; groups[i]; i++) {
        if (!g_str_equal(groups[i], XPV_CONFIG_GROUP)) {
            g_autofree char *where = g_strconcat("[", groups[i], NULL);
            return refuse(config->path, text, where,
                          g_error_new(XPV_CONFIG_ERROR, XPV_CONFIG_ERROR_INVALID,
                                      "there is no group [%s]; the group is [" XPV_CONFIG_GROUP "]", groups[i]),
                          error);
        }
    }

    g_auto(GStrv) names = g_key_file_get_keys(file, XPV_CONFIG_GROUP, NULL, NULL);
    for (guint i = 0; names && names[i]; i++) {
        g_autoptr(GError) cause = NULL;
        const Key *key = find_key(names[i]);
        g_autofree char *value = key ? g_key_file_get_string(file, XPV_CONFIG_GROUP, names[i], &cause) : NULL;
        if (!key)
            g_set_error(&cause, XPV_CONFIG_ERROR, XPV_CONFIG_ERROR_INVALID, "there is no key “%s”", names[i]);
        else if (!cause) /* GLib may return a value although it sets an error */
            key->set(key, config, value, &cause);
        if (cause)
            return refuse(config->path, text, names[i], g_steal_pointer(&cause), error);
    }
    return TRUE;
}

static gboolean
apply_file(XpvConfig *config, gboolean may_be_missing, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    if (xpv_key_file_load(file, config->path, G_KEY_FILE_KEEP_TRANSLATIONS, &text, &cause))
        return apply_key_file(config, file, text, error);
    if (may_be_missing && g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
    g_set_error(error, XPV_CONFIG_ERROR, XPV_CONFIG_ERROR_INVALID, "%s: %s",
                cause->domain == G_FILE_ERROR ? "Cannot read the configuration" : config->path, cause->message);
    return FALSE;
}

XpvConfig *
xpv_config_load(const XpvOptions *options, GError **error)
{
    g_autoptr(XpvConfig) config = g_new0(XpvConfig, 1);
    const char *named = g_hash_table_lookup(options->values, "config");
    config->path = g_strdup(named ? named : XPV_CONFIG_PATH);
    config->uri = g_strdup("xen:///system");
    config->grace = 120;
    config->call_timeout = 30;
    if (!apply_file(config, named == NULL, error))
        return NULL;

    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *value = g_hash_table_lookup(options->values, keys[i].name);
        if (value && !keys[i].set(&keys[i], config, value, error)) {
            g_prefix_error(error, "--%s=%s: ", keys[i].name, value);
            return NULL;
        }
    }
    return g_steal_pointer(&config);
}

void
xpv_config_free(XpvConfig *config)
{
    if (!config)
        return;
    g_free(config->path);
    g_free(config->uri);
    g_free(config->host_kernel);
    g_free(config->host_processor);
    g_free(config->host_architecture);
    g_free(config);
}
