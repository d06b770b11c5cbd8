/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/ssh-source.h"

#include <string.h>

#include "common/host.h"

#define FORM                                                                                                           \
    "^ssh://([A-Za-z0-9._+][A-Za-z0-9._+-]*@)?"                                                                        \
    "(?|([A-Za-z0-9._][A-Za-z0-9._-]*)|\\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\\])"                                   \
    "(?::([0-9]{1,5}))?(/.+)$"

/* What libvirt passes to ssh, and ssh's own configuration can say. */
static const char *const refused_parameters[] = { "command",   "keyfile", "known_hosts", "known_hosts_verify",
                                                  "no_verify", "sshauth" };

void
xpv_ssh_source_free(XpvSshSource *source)
{
    g_free(source->destination);
    g_free(source->port);
    g_free(source->path);
    g_free(source);
}

XpvSshSource *
xpv_ssh_source_parse(const char *source, GError **error)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_autoptr(GRegex) form = g_regex_new(FORM, G_REGEX_RAW | G_REGEX_DOTALL | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
    if (!g_regex_match(form, source, 0, &match)) {
        g_set_error(error, G_URI_ERROR, G_URI_ERROR_FAILED,
                    "it is not ssh://USER@HOST:PORT/PATH, whose user and host have only letters, digits, “.”, “_”, “+” "
                    "and “-”");
        return NULL;
    }
    g_autofree char *user = g_match_info_fetch(match, 1);
    g_autofree char *host = g_match_info_fetch(match, 2);
    XpvSshSource *parsed = g_new0(XpvSshSource, 1);
    parsed->destination = g_strconcat(user, host, NULL);
    parsed->port = g_match_info_fetch(match, 3);
    parsed->path = g_match_info_fetch(match, 4);
    return parsed;
}

static gboolean
check_parameters(const char *query, GError **error)
{
    g_autoptr(GHashTable) parameters = g_uri_parse_params(query, -1, "&", G_URI_PARAMS_NONE, error);
    for (guint i = 0; parameters && i < G_N_ELEMENTS(refused_parameters); i++) {
        if (!g_hash_table_contains(parameters, refused_parameters[i]))
            continue;
        g_set_error(error, G_URI_ERROR, G_URI_ERROR_BAD_QUERY, "the URI has “%s=”; set that in ssh_config(5) instead",
                    refused_parameters[i]);
        return FALSE;
    }
    return parameters != NULL;
}

char *
xpv_ssh_source_prefix(const char *uri, GError **error)
{
    if (xpv_uri_is_local(uri))
        return g_strdup("");
    g_autoptr(GUri) parsed = g_uri_parse(uri, G_URI_FLAGS_NONE, error);
    if (!parsed)
        return NULL;
    if (!g_str_has_suffix(g_uri_get_scheme(parsed), "+ssh")) {
        g_set_error(error, G_URI_ERROR, G_URI_ERROR_BAD_SCHEME, "the transport is not ssh");
        return NULL;
    }
    if (g_uri_get_query(parsed) && !check_parameters(g_uri_get_query(parsed), error))
        return NULL;
    const char *user = g_uri_get_userinfo(parsed), *host = g_uri_get_host(parsed);
    gboolean is_ipv6 = strchr(host, ':') != NULL;
    g_autofree char *port = g_uri_get_port(parsed) > 0 ? g_strdup_printf(":%d", g_uri_get_port(parsed)) : g_strdup("");
    g_autofree char *prefix = g_strconcat(XPV_SSH_SOURCE_SCHEME, user ? user : "", user ? "@" : "", is_ipv6 ? "[" : "",
                                          host, is_ipv6 ? "]" : "", port, NULL);
    g_autofree char *example = g_strconcat(prefix, "/x", NULL);
    g_autoptr(XpvSshSource) source = xpv_ssh_source_parse(example, error);
    if (!source)
        return NULL;
    if (!g_str_equal(source->path, "/x")) {
        g_set_error(error, G_URI_ERROR, G_URI_ERROR_BAD_HOST, "the user or the host has a slash");
        return NULL;
    }
    return g_steal_pointer(&prefix);
}
