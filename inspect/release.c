/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/release.h"

#include <string.h>

#include "common/text.h"

const XpvReleaseFile xpv_release_files[] = {
    { "/etc/oracle-release", NULL },
    { "/etc/enterprise-release", NULL },
    { "/etc/redhat-release", NULL },
    { "/etc/os-release", NULL },
    { "/usr/lib/os-release", NULL },
    { "/etc/debian_version", "debian" },
    { "/etc/SuSE-release", "suse" },
    { "/etc/slackware-version", "slackware" },
    { "/etc/gentoo-release", "gentoo" },
    { "/etc/arch-release", "arch" },
    { NULL, NULL },
};

/* Beginnings of the line in a release file. */
static const struct {
    const char *prefix;
    const char *distribution;
} systems[] = {
    { "Red Hat Enterprise Linux", "rhel" },
    { "CentOS", "centos" },
    { "Oracle", "oracle" },
    { "Enterprise Linux Enterprise Linux", "oracle" },
    { "Scientific", "scientific" },
};

static XpvRelease *
release_new(const char *distribution, const char *release)
{
    XpvRelease *self = g_new(XpvRelease, 1);
    *self = (XpvRelease){
        xpv_text_clean(distribution, -1, XPV_TEXT_PUBLISHED_MAX),
        xpv_text_clean(release, -1, XPV_TEXT_PUBLISHED_MAX),
    };
    return self;
}

void
xpv_release_free(XpvRelease *release)
{
    g_free(release->distribution);
    g_free(release->release);
    g_free(release);
}

/* "3 (Taroon Update 9)" is 3.9, "5.4 (Tikanga)" 5.4, and "4 (Nahant)" 4.0. */
static char *
number_of(const char *text)
{
    gsize length = strspn(text, "0123456789.");
    g_autofree char *number = g_strndup(text, length);
    const char *update = strstr(text, "Update ");
    if (length == 0 || strchr(number, '.'))
        return g_steal_pointer(&number);
    gsize digits = update ? strspn(update + strlen("Update "), "0123456789") : 0;
    return digits > 0 ? g_strdup_printf("%s.%.*s", number, (int)digits, update + strlen("Update "))
                      : g_strdup_printf("%s.0", number);
}

/* "Red Hat Enterprise Linux AS release 3 (Taroon Update 9)" */
static XpvRelease *
read_line(const char *line)
{
    const char *release = strstr(line, "release ");
    g_autofree char *number = release ? number_of(release + strlen("release ")) : g_strdup("");
    for (guint i = 0; i < G_N_ELEMENTS(systems); i++) {
        if (g_str_has_prefix(line, systems[i].prefix))
            return release_new(systems[i].distribution, number);
    }
    g_autofree char *word = g_ascii_strdown(line, (gssize)strcspn(line, " "));
    return *word != '\0' && release ? release_new(word, number) : NULL;
}

/* "VERSION_ID="12"". Returns: (transfer full) "" if there is none */
static char *
assigned(const char *text, const char *key)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        if (!g_str_has_prefix(lines[i], key) || lines[i][strlen(key)] != '=')
            continue;
        char *value = g_strstrip(lines[i]) + strlen(key) + 1;
        gsize length = strlen(value);
        gboolean is_quoted = length >= 2 && strchr("\"'", *value) && value[length - 1] == *value;
        return is_quoted ? g_strndup(value + 1, length - 2) : g_strdup(value);
    }
    return g_strdup("");
}

static XpvRelease *
read_assignments(const char *text)
{
    static const char *const same[][2] = { { "ol", "oracle" }, { "redhat", "rhel" } };
    g_autofree char *id = assigned(text, "ID");
    g_autofree char *version = assigned(text, "VERSION_ID");
    for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
        if (g_str_equal(id, same[i][0]))
            return release_new(same[i][1], version);
    }
    return *id != '\0' ? release_new(id, version) : NULL;
}

XpvRelease *
xpv_release_read(const XpvReleaseFile *file, const char *text)
{
    g_autofree char *line = g_strndup(text, strcspn(text, "\r\n"));
    g_strstrip(line);
    if (file->system)
        return release_new(file->system, g_str_equal(file->system, "debian") ? line : "");
    if (g_str_has_suffix(file->path, "/os-release"))
        return read_assignments(text);
    return read_line(line);
}
