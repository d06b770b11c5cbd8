/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/error.h"

#include <errno.h>

G_DEFINE_QUARK(xpv_inspect_error, xpv_inspect_error)

gboolean
xpv_inspect_fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_propagate_error(error, g_error_new_valist(XPV_INSPECT_ERROR, XPV_INSPECT_ERROR_UNREADABLE, format, arguments));
    va_end(arguments);
    return FALSE;
}

gboolean
xpv_inspect_fail_by_errno(GError **error, const char *format, ...)
{
    int failure = errno;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(failure), "%s: %s", what, g_strerror(failure));
    return FALSE;
}
