/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/system.h"

#include "common/guide.h"
#include "common/text.h"

/* Longer words are cut to so many characters. */
#define SYSTEM_NAME_MAX 128
#define SYSTEM_VERSION_MAX 16

/* The names below are normalized to small letters and digits: "Red Hat Enterprise Linux" is redhatenterpriselinux. */

/* Red Hat Enterprise Linux and its rebuilds. */
static const char *const covered[] = {
    "rhel", "redhat*", "centos*", "scientific*", "sl", "oracle", "oraclelinux*", "enterpriselinux*", "oel", "ol",
};

/* Names of an unknown system. */
static const char *const generic[] = { "", "unknown", "other", "linux", "gnulinux", "unix" };

static gboolean
matches(const char *const *patterns, guint n, const char *name)
{
    for (guint i = 0; i < n; i++) {
        if (g_pattern_match_simple(patterns[i], name))
            return TRUE;
    }
    return FALSE;
}

static char *
normalize(const char *name)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (; *name; name++) {
        if (g_ascii_isalnum(*name))
            g_string_append_c(text, g_ascii_tolower(*name));
    }
    return g_strdup(text->str);
}

/* @version: without a number in it, a RHEL or a rebuild may be covered or not */
static XpvSystemKind
classify(const char *name, const char *version)
{
    g_autofree char *normalized = normalize(name);
    if (matches(generic, G_N_ELEMENTS(generic), normalized))
        return XPV_SYSTEM_UNKNOWN;
    if (!matches(covered, G_N_ELEMENTS(covered), normalized))
        return XPV_SYSTEM_OTHER;
    guint64 major = g_ascii_isdigit(*version) ? g_ascii_strtoull(version, NULL, 10) : 0;
    if (major == 0)
        return XPV_SYSTEM_UNKNOWN;
    return major <= G_MAXUINT && xpv_guide_rhel((guint)major) ? XPV_SYSTEM_COVERED : XPV_SYSTEM_OTHER;
}

XpvSystem
xpv_system_from_name(const char *teller, const char *name, const char *version)
{
    g_autofree char *clean_name = xpv_text_clean(name ? name : "", -1, SYSTEM_NAME_MAX);
    g_autofree char *clean_version = xpv_text_clean(version ? version : "", -1, SYSTEM_VERSION_MAX);
    XpvSystemKind kind = classify(clean_name, clean_version);
    if (kind != XPV_SYSTEM_OTHER)
        return (XpvSystem){ .kind = kind };
    char *text = g_strjoin(*clean_version ? " " : "", clean_name, clean_version, NULL);
    return (XpvSystem){ kind, teller, text };
}

XpvSystem
xpv_system_from_osinfo(const char *id)
{
    g_autofree char *clean = xpv_text_clean(id, -1, SYSTEM_NAME_MAX);
    g_auto(GStrv) pieces = g_strsplit(clean, "/", 6); /* http: "" VENDOR NAME VERSION */
    guint n = g_strv_length(pieces);
    if (n < 4 || *pieces[1] != '\0' || g_str_equal(pieces[2], "libosinfo.org") || g_str_has_suffix(clean, "/unknown"))
        return (XpvSystem){ 0 };
    XpvSystemKind kind = classify(pieces[3], n > 4 ? pieces[4] : "");
    if (kind != XPV_SYSTEM_OTHER)
        return (XpvSystem){ .kind = kind };
    return (XpvSystem){ kind, "The domain's libosinfo metadata", g_steal_pointer(&clean) };
}

XpvSystem
xpv_system_copy(const XpvSystem *system)
{
    return (XpvSystem){ system->kind, system->teller, g_strdup(system->name) };
}

gboolean
xpv_system_equal(const XpvSystem *a, const XpvSystem *b)
{
    return a->kind == b->kind && g_strcmp0(a->teller, b->teller) == 0 && g_strcmp0(a->name, b->name) == 0;
}

void
xpv_system_clear(XpvSystem *system)
{
    g_clear_pointer(&system->name, g_free);
}
