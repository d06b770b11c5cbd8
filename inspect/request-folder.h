/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder of requests. Each file gets another name before the domain's disks are read, so that a file that comes
 * meanwhile is a new request. If the program ends before it has answered, the next one finds the request again. Nothing
 * may stay in the folder, or the path unit would start the inspector again and again: a file that is not a request is
 * removed, with a message. */
#pragma once

#include <glib.h>

typedef struct _XpvRequestFolder XpvRequestFolder;

typedef struct {
    char *uuid;
    char *text; /* (nullable) any bytes; empty: the domain is gone; NULL: it cannot be read */
    gsize length;
    GError *error; /* why it cannot be read */
} XpvTakenRequest;

/* xpv_request_folder_open: requests that were taken but not answered become requests again, unless there is a newer one
 * for the same domain.
 * Returns: (nullable)
 * Errors: G_FILE_ERROR, with a sentence that names the folder */
XpvRequestFolder *xpv_request_folder_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void xpv_request_folder_free(XpvRequestFolder *folder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvRequestFolder, xpv_request_folder_free)

/* xpv_request_folder_take: takes an urgent request, or else any.
 * @busy: a set of UUIDs, whose requests stay for later
 * @ret_request: (nullable) NULL: there is none
 * Errors: G_FILE_ERROR: the folder cannot be read, or a file in it can be neither renamed nor removed */
gboolean xpv_request_folder_take(XpvRequestFolder *folder, GHashTable *busy, XpvTakenRequest **ret_request,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_request_folder_end: the request of that domain that was taken is answered. Errors: G_FILE_ERROR */
gboolean xpv_request_folder_end(XpvRequestFolder *folder, const char *uuid, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void xpv_taken_request_free(XpvTakenRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XpvTakenRequest, xpv_taken_request_free)
