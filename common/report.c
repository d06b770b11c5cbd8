/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/report.h"

#include <string.h>

#include "common/guide.h"
#include "common/text.h"

/* A report, from large to small; each level is a function or two below.
 *
 *   report   line by line; punctuation around each word is dropped (split_words())
 *   line     uname -a | banner | { kernel | architecture } and then anything; other lines are ignored
 *   uname -a "Linux" [ host | "version" ] release … [ "SMP" ] … architecture …
 *   banner   "Kernel" release "on" "an" architecture
 *   kernel   as kernel.c has it
 *
 * An architecture narrows the kernels before it, back to the previous architecture. If no kernel is before it,
 * it narrows all that follow.
 */

struct _XpvReport {
    char *text;
    guint n_kernels;
    XpvKernel kernels[];
};

/* One kernel in a line. */
typedef struct {
    XpvKernel kernel;
    gboolean is_smp; /* uname -v */
    XpvArch machine; /* uname -m */
} Name;

/* The parts of a report that have been read. */
typedef struct {
    GArray *names;
    guint n_narrowed; /* the number of names that an architecture follows */
    XpvArch first;    /* an architecture before all names */
} Reading;

/* Characters that people's tools put around a report. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define QUOTES "\"'`“”„‘’‚«»"
#define BEFORE QUOTES ">" BYTE_ORDER_MARK
#define BEHIND QUOTES ",;:." BYTE_ORDER_MARK

static void
narrow(Reading *reading, XpvArch machine)
{
    if (reading->names->len == 0 && reading->first == XPV_ARCH_UNKNOWN)
        reading->first = machine;
    for (guint i = reading->n_narrowed; i < reading->names->len; i++)
        g_array_index(reading->names, Name, i).machine = machine;
    reading->n_narrowed = reading->names->len;
}

/* uname -a, or -s with -r; or /proc/version, which has "version" in the place of the host. */
static void
parse_uname(Reading *reading, const char *const *words, guint n)
{
    Name name = { 0 };
    guint release = n > 2 && xpv_kernel_parse_release(words[2], &name.kernel) ? 2 : 1;
    if (n < 2 || (release == 1 && !xpv_kernel_parse_release(words[1], &name.kernel)))
        return;
    const char *const *rest = words + release + 1;
    name.is_smp = g_strv_contains(rest, "SMP");
    g_array_append_val(reading->names, name);

    /* -m is the first of -m, -p and -i; -p says "athlon" on any AMD processor, whatever the kernel. */
    XpvArch machine;
    while (*rest && !xpv_kernel_parse_arch(*rest, &machine))
        rest++;
    if (*rest)
        narrow(reading, machine);
}

/* getty's banner: "Kernel \r on an \m". */
static void
parse_banner(Reading *reading, const char *const *words, guint n)
{
    Name name = { 0 };
    XpvArch machine;
    if (n < 5 || !g_str_equal(words[2], "on") || !g_str_equal(words[3], "an") ||
        !xpv_kernel_parse_release(words[1], &name.kernel))
        return;
    g_array_append_val(reading->names, name);
    if (xpv_kernel_parse_arch(words[4], &machine))
        narrow(reading, machine);
}

static void
parse_kernels(Reading *reading, const char *const *words)
{
    XpvArch machine;
    for (guint n = 1; *words; words += n, n = 1) {
        Name name = { 0 };
        if (xpv_kernel_parse_arch(*words, &machine)) {
            narrow(reading, machine);
            continue;
        }
        XpvKernelKind kind = xpv_kernel_parse(words, &name.kernel, &n);
        if (kind == XPV_KERNEL_KIND_OTHER)
            return;
        if (kind == XPV_KERNEL_KIND_IMAGE)
            g_array_append_val(reading->names, name);
    }
}

/* A line as a person sees it on a terminal: without escape sequences, and cleaned as for publishing; but a tab and a
 * carriage return separate words. */
static char *
clean_line(const char *start, gsize length)
{
    g_autoptr(GString) line = g_string_new_len(start, (gssize)length);
    xpv_text_drop_escapes(line);
    for (gsize i = 0; i < line->len; i++) {
        if (line->str[i] == '\t' || line->str[i] == '\r')
            line->str[i] = ' ';
    }
    return xpv_text_clean(line->str, (gssize)line->len, 0);
}

/* Adds a word without the characters around it, unless nothing is left. */
static void
add_word(GStrvBuilder *words, const char *start, const char *end)
{
    while (start < end && g_utf8_strchr(BEFORE, -1, g_utf8_get_char(start)))
        start = g_utf8_next_char(start);
    while (start < end && g_utf8_strchr(BEHIND, -1, g_utf8_get_char(g_utf8_prev_char(end))))
        end = g_utf8_prev_char(end);
    g_autofree char *word = g_strndup(start, (gsize)(end - start));
    if (*word != '\0')
        g_strv_builder_add(words, word);
}

static GStrv
split_words(const char *start, gsize length)
{
    g_autofree char *line = clean_line(start, length);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    const char *word = line;
    for (const char *p = line; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_isspace(c) || c == ',' || c == ';') {
            add_word(words, word, p);
            word = g_utf8_next_char(p);
        }
    }
    add_word(words, word, word + strlen(word));
    return g_strv_builder_end(words);
}

static void
parse_line(Reading *reading, const char *start, gsize length)
{
    g_auto(GStrv) words = split_words(start, length);
    guint n = g_strv_length(words);
    const char *const *line = (const char *const *)words;
    if (n > 0 && g_str_equal(words[0], "Linux"))
        parse_uname(reading, line, n);
    else if (n > 0 && g_str_equal(words[0], "Kernel"))
        parse_banner(reading, line, n);
    else
        parse_kernels(reading, line);
}

/* The architectures of packages for which uname -m prints @machine. */
static guint
archs_of_machine(XpvArch machine)
{
    switch ((int)machine) {
    case XPV_ARCH_I386:   /* some tools print it for any 32-bit machine */
    case XPV_ARCH_ATHLON: /* uname -p prints it for any AMD processor */
    case XPV_ARCH_I686:   /* an athlon kernel prints it, too */
        return XPV_BIT(XPV_ARCH_ATHLON) | XPV_BIT(XPV_ARCH_I386) | XPV_BIT(XPV_ARCH_I686);
    case XPV_ARCH_X86_64: /* an ia32e kernel prints it, too */
        return XPV_ARCHS_X86_64;
    default:
        return XPV_BIT(machine);
    }
}

/* The architectures that a kernel can have if its name has none. */
static guint
possible_archs(const XpvKernel *kernel, XpvArch machine, gboolean is_smp)
{
    const guint ordinary = (XPV_ARCHS_X86 | XPV_BIT(XPV_ARCH_IA64)) & ~XPV_BIT(XPV_ARCH_I586);
    guint archs = xpv_guide_package_archs(kernel->major, kernel->flavour);

    if (machine == XPV_ARCH_UNKNOWN)
        return archs;
    /* RHSA-2004:188 made ia32e for both Opteron and EM64T. It is the only 64-bit kernel of RHEL 3 that is SMP without
     * saying so in its name. */
    if (kernel->major == 3 && kernel->flavour == XPV_FLAVOUR_NONE && machine == XPV_ARCH_X86_64 && is_smp)
        return XPV_BIT(XPV_ARCH_IA32E);

    guint fitting = archs & archs_of_machine(machine);
    if (fitting)
        return fitting;
    return archs && (ordinary & XPV_BIT(machine)) ? archs : XPV_BIT(machine);
}

/* Adds a kernel to the set. "rpm -q" prints some twice. */
static void
add_kernel(GArray *kernels, const XpvKernel *kernel)
{
    for (guint i = 0; i < kernels->len; i++) {
        XpvKernel *known = &g_array_index(kernels, XpvKernel, i);
        if (xpv_kernel_is_same(known, kernel)) {
            known->is_exact = known->is_exact || kernel->is_exact;
            return;
        }
    }
    g_array_append_val(kernels, *kernel);
}

/* Adds every kernel that a name can mean. @first: an architecture before all names */
static void
add_kernels(GArray *kernels, const Name *name, XpvArch first)
{
    XpvKernel kernel = name->kernel;
    if (!xpv_kernel_is_covered(&kernel) || kernel.is_exact) {
        add_kernel(kernels, &kernel);
        return;
    }

    XpvArch machine = kernel.arch != XPV_ARCH_UNKNOWN ? kernel.arch : name->machine ? name->machine : first;
    guint archs = possible_archs(&kernel, machine, name->is_smp);
    if (archs == 0)
        archs = XPV_BIT(XPV_ARCH_UNKNOWN);
    for (guint arch = 0; arch < XPV_ARCH_MAX; arch++) {
        if (archs & XPV_BIT(arch)) {
            kernel.arch = (XpvArch)arch;
            add_kernel(kernels, &kernel);
        }
    }
}

static GArray *
parse_lines(const char *data, gsize size)
{
    g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(Name));
    Reading reading = { .names = names };
    gsize read = MIN(size, XPV_REPORT_MAX);
    for (gsize start = 0; start < read;) {
        const char *newline = memchr(data + start, '\n', read - start);
        gsize end = newline ? (gsize)(newline - data) : read;
        gboolean cut = end == read && size > read && data[read] != '\n';
        if (!cut)
            parse_line(&reading, data + start, end - start);
        start = end + 1;
    }

    GArray *kernels = g_array_new(FALSE, FALSE, sizeof(XpvKernel));
    for (guint i = 0; i < names->len; i++)
        add_kernels(kernels, &g_array_index(names, Name, i), reading.first);
    return kernels;
}

XpvReport *
xpv_report_parse(const char *data, gssize length)
{
    gsize size = length < 0 ? strlen(data) : (gsize)length;
    g_autofree char *text = xpv_text_clean(data, (gssize)MIN(size, XPV_REPORT_MAX), XPV_TEXT_PUBLISHED_MAX);
    if (*text == '\0')
        return NULL;

    g_autoptr(GArray) kernels = parse_lines(data, size);
    XpvReport *report = g_malloc0(sizeof *report + kernels->len * sizeof(XpvKernel));
    report->text = g_steal_pointer(&text);
    report->n_kernels = kernels->len;
    if (kernels->len > 0)
        memcpy(report->kernels, kernels->data, kernels->len * sizeof(XpvKernel));
    return report;
}

void
xpv_report_free(XpvReport *report)
{
    if (!report)
        return;
    g_free(report->text);
    g_free(report);
}

const char *
xpv_report_text(const XpvReport *report)
{
    return report->text;
}

const XpvKernel *
xpv_report_kernels(const XpvReport *report, guint *ret_n)
{
    *ret_n = report->n_kernels;
    return report->kernels;
}
