/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks that name their input, and reports of hostile guests. */
#pragma once

#include <string.h>

#include "common/text.h"

/* expect: whether two texts are the same. If not, the test fails with a message that names the input, and goes on. */
static inline gboolean
expect(const char *input, const char *got, const char *expected)
{
    if (g_strcmp0(got, expected) == 0)
        return TRUE;
    g_autofree char *safe_input = g_strescape(input, NULL);
    g_autofree char *safe_got = g_strescape(got ? got : "(null)", NULL);
    g_test_message("\"%s\"", safe_input);
    g_test_message("     got \"%s\"", safe_got);
    g_test_message("expected \"%s\"", expected);
    g_test_fail();
    return FALSE;
}

/* expect_true: whether @what holds of an input. */
static inline gboolean
expect_true(const char *input, gboolean holds, const char *what)
{
    return holds || expect(input, "not so", what);
}

/* expect_words: joins a set of words. */
static inline char *
expect_words(const char *const *words, const char *separator)
{
    return words[0] ? g_strjoinv(separator, (char **)words) : g_strdup("-");
}

/* is_publishable: whether sd-bus and a terminal accept the text: UTF-8 without control characters and noncharacters. */
static inline gboolean
is_publishable(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return FALSE;
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe)
            return FALSE;
    }
    return TRUE;
}

/* hostile_report: makes the next report of a hostile guest: noise, or a real report with some bytes changed, removed or
 * repeated. The same seed gives the same reports.
 * Returns: (transfer full) @ret_length bytes, and a NUL that is not counted. */
static inline char *
hostile_report(GRand *rand, gsize *ret_length)
{
    static const char *const real[] = {
        "kernel-PAE-2.6.18-53.1.4.el5.i686.rpm",
        "kernel-2.4.21-32.0.1.EL.i686\nkernel-smp-2.4.21-50.EL.ia32e\r\nkernel-devel-2.6.9-67.EL.x86_64\n",
        "2.6.18-194.8.1.el5.centos.plusPAE",
        "2.4.21-50.ELsmp i686",
        "Linux naboo 2.4.21-50.ELsmp #1 SMP Tue May 8 17:18:29 EDT 2007 i686 i686 i386 GNU/Linux",
        "Linux xxxxx 2.4.21-37.EL #1 SMP Wed Sep 7 13:32:18 EDT 2005 x86_64 x86_64 x86_64 GNU/Linux",
        "vmlinuz-2.6.9-89.0.11.ELlargesmp",
        "6.1.0-18-amd64",
    };
    static const char spice[] = "\n\r\t \0-.-.EL5el_0189\x1b\x7f\xc2\x80\xff\xef\xbf\xbf%s%n/'\"<&";
    GString *report = g_string_new(NULL);

    if (g_rand_int_range(rand, 0, 4) == 0) {
        for (gint n = g_rand_int_range(rand, 0, 300); n > 0; n--)
            g_string_append_c(report, (char)g_rand_int_range(rand, 0, 256));
    } else {
        g_string_append(report, real[g_rand_int_range(rand, 0, G_N_ELEMENTS(real))]);
        for (gint n = g_rand_int_range(rand, 0, 5); n > 0 && report->len > 0; n--) {
            gsize at = (gsize)g_rand_int_range(rand, 0, (gint32)report->len);
            gsize length = (gsize)g_rand_int_range(rand, 1, 8);
            length = MIN(length, report->len - at);
            switch (g_rand_int_range(rand, 0, 4)) {
            case 0:
                report->str[at] = spice[g_rand_int_range(rand, 0, sizeof(spice) - 1)];
                break;
            case 1:
                g_string_insert_c(report, (gssize)at, spice[g_rand_int_range(rand, 0, sizeof(spice) - 1)]);
                break;
            case 2:
                g_string_erase(report, (gssize)at, (gssize)length);
                break;
            default: {
                g_autofree char *again = g_strndup(report->str + at, length);
                for (gint times = 1 << g_rand_int_range(rand, 0, 12); times > 0; times--)
                    g_string_insert(report, (gssize)at, again);
            }
            }
        }
    }
    *ret_length = report->len;
    return g_string_free(report, FALSE);
}
