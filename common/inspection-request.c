/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/inspection-request.h"

#include <string.h>

#define GROUP "request"
#define URGENT "urgent"
#define SERIAL "serial"

/* From 1. */
static char *
group_of_disk(guint number)
{
    return g_strdup_printf("disk %u", number);
}

void
xpv_inspection_request_free(XpvInspectionRequest *request)
{
    g_ptr_array_unref(request->disks);
    g_free(request);
}

char *
xpv_inspection_request_to_text(const GPtrArray *disks, gboolean urgent, gint64 serial)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_key_file_set_boolean(file, GROUP, URGENT, urgent);
    g_key_file_set_int64(file, GROUP, SERIAL, serial);
    for (guint i = 0; i < MIN(disks->len, XPV_INSPECTION_REQUEST_DISKS_MAX); i++) {
        const XpvDomainDisk *disk = disks->pdata[i];
        g_autofree char *group = group_of_disk(i + 1);
        g_key_file_set_string(file, group, "source", disk->source);
        g_key_file_set_string(file, group, "format", disk->format);
        g_key_file_set_string(file, group, "target", disk->target);
        g_key_file_set_string(file, group, "bus", disk->bus);
    }
    return g_key_file_to_data(file, NULL, NULL);
}

/* After the first value that is missing or wrong, the error is set and nothing more is read. */
static char *
take(GKeyFile *file, const char *group, const char *key, GError **error)
{
    g_autofree char *value = *error ? NULL : g_key_file_get_string(file, group, key, error);
    return *error ? NULL : g_steal_pointer(&value);
}

static gboolean
take_disks(XpvInspectionRequest *request, GKeyFile *file, GError **error)
{
    for (guint number = 1;; number++) {
        g_autoptr(GError) wrong = NULL;
        g_autofree char *group = group_of_disk(number);
        if (!g_key_file_has_group(file, group))
            return TRUE;
        if (number > XPV_INSPECTION_REQUEST_DISKS_MAX) {
            g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_PARSE, "it has more than %u disks",
                        XPV_INSPECTION_REQUEST_DISKS_MAX);
            return FALSE;
        }
        g_autofree char *source = take(file, group, "source", &wrong);
        g_autofree char *format = take(file, group, "format", &wrong);
        g_autofree char *target = take(file, group, "target", &wrong);
        g_autofree char *bus = take(file, group, "bus", &wrong);
        if (wrong) {
            g_propagate_error(error, g_steal_pointer(&wrong));
            return FALSE;
        }
        g_ptr_array_add(request->disks, xpv_domain_disk_new(source, format, target, bus));
    }
}

XpvInspectionRequest *
xpv_inspection_request_from_text(const char *text, gsize length, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) wrong = NULL;
    if (length > XPV_INSPECTION_REQUEST_MAX || memchr(text, '\0', length)) {
        g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_PARSE, "it has %s",
                    length > XPV_INSPECTION_REQUEST_MAX ? "more bytes than any real one" : "a NUL byte");
        return NULL;
    }
    if (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, error))
        return NULL;
    g_autoptr(XpvInspectionRequest) request = g_new(XpvInspectionRequest, 1);
    request->disks = xpv_domain_disks_new();
    request->urgent = g_key_file_get_boolean(file, GROUP, URGENT, &wrong);
    if (!wrong)
        request->serial = g_key_file_get_int64(file, GROUP, SERIAL, &wrong);
    if (!wrong && request->serial <= 0)
        g_set_error(&wrong, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "its serial is not positive");
    if (wrong) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return NULL;
    }
    return take_disks(request, file, error) ? g_steal_pointer(&request) : NULL;
}
