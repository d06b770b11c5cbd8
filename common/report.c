/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/report.h"

#include <string.h>

#include "common/guide.h"
#include "common/text.h"

struct _XpvReport {
    char *text;
    guint n_kernels;
    XpvKernel kernels[];
};

/* What a word of a report says of a kernel. */
typedef struct {
    XpvKernel kernel;
    gboolean is_package; /* "kernel-…": its architecture is the package's, not the machine's */
} Name;

/* What else its line says. */
typedef struct {
    XpvArch machine; /* uname -m */
    gboolean smp;    /* uname -v */
} Machine;

#define DIGITS "0123456789"

static gboolean
parse_arch(const char *word, XpvArch *ret_arch)
{
    /* "i32e" is how table 12.1 spells it; the others are how machines call themselves. */
    static const struct {
        const char *word;
        XpvArch arch;
    } aliases[] = { { "i32e", XPV_ARCH_IA32E }, { "amd64", XPV_ARCH_X86_64 }, { "i486", XPV_ARCH_I386 } };

    for (guint i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (g_str_equal(word, aliases[i].word)) {
            *ret_arch = aliases[i].arch;
            return TRUE;
        }
    }
    return *word != '\0' && xpv_arch_from_word(word, ret_arch);
}

/* The flavour of a bootable image's package, from the @length bytes between "kernel" and the version: "", "-smp". */
static gboolean
parse_package_flavour(const char *start, gsize length, XpvFlavour *ret_flavour)
{
    g_autofree char *word = g_strndup(length > 0 ? start + 1 : start, length > 0 ? length - 1 : 0);
    return (length == 0 || *word != '\0') && xpv_flavour_from_word(word, ret_flavour);
}

/* Where the version begins in "kernel-NAME-VERSION…": at the first "-" before a digit, as no part of a kernel package's
 * name begins with one. */
static const char *
find_version(const char *name)
{
    while ((name = strchr(name, '-')) && !g_ascii_isdigit(name[1]))
        name++;
    return name;
}

/* The length of a version ("2.6.18") at the start of @text; 0 where there is none. */
static gsize
version_length(const char *text)
{
    const char *end = text;
    guint numbers = 0;
    for (;;) {
        gsize digits = strspn(end, DIGITS);
        if (digits == 0)
            return 0;
        end += digits;
        numbers++;
        if (*end != '.')
            break;
        end++;
    }
    return numbers >= 2 && strchr("-+_~", *end) ? (gsize)(end - text) : 0;
}

static const XpvRhel *
find_rhel(const char *version, gsize length)
{
    guint n;
    const XpvRhel *rhels = xpv_guide_rhels(&n);
    for (guint i = 0; i < n; i++) {
        if (strlen(rhels[i].version) == length && strncmp(rhels[i].version, version, length) == 0)
            return &rhels[i];
    }
    return NULL;
}

/* Skips what RHEL and its rebuilds write after the dist: "el5_11", ".el5.centos.plus". */
static const char *
skip_rebuild_suffix(const char *text)
{
    if (*text == '_' && g_ascii_isdigit(text[1]))
        text += 1 + strspn(text + 1, DIGITS);
    if (g_str_has_prefix(text, ".centos"))
        text += strlen(".centos");
    if (g_str_has_prefix(text, ".plus"))
        text += strlen(".plus");
    return text;
}

/* The flavour that uname -r adds to VERSION-RELEASE, up to "." or the end. Oracle's and MRG's own kernels ("el5uek",
 * "el5rt") are no kernels of RHEL. */
static gboolean
parse_suffix_flavour(const char *word, XpvFlavour *flavour)
{
    XpvFlavour suffix;
    if (*word == '\0')
        return TRUE;
    if (!xpv_flavour_from_word(word, &suffix) || suffix == XPV_FLAVOUR_UEK || suffix == XPV_FLAVOUR_RT ||
        (*flavour != XPV_FLAVOUR_NONE && *flavour != suffix))
        return FALSE;
    *flavour = suffix;
    return TRUE;
}

/* Parses RELEASE[FLAVOUR][.ARCH] of a kernel of @rhel. Returns: FALSE where it is none of its kernels. */
static gboolean
parse_release(const XpvRhel *rhel, const char *release, XpvKernel *kernel)
{
    g_autofree char *marker = g_strconcat(".", rhel->dist, NULL);
    const char *dist = strstr(release, marker);
    if (!g_ascii_isdigit(*release) || !dist)
        return FALSE;

    const char *end = skip_rebuild_suffix(dist + strlen(marker));
    gsize length = (gsize)(end - release);
    g_auto(GStrv) rest = g_strsplit(end, ".", 2);
    XpvArch arch = XPV_ARCH_UNKNOWN;
    if ((rest[0] && !parse_suffix_flavour(rest[0], &kernel->flavour)) ||
        (rest[0] && rest[1] && !parse_arch(rest[1], &arch)))
        return FALSE;

    kernel->major = rhel->major;
    kernel->update = xpv_guide_update(rhel, g_ascii_strtoull(release, NULL, 10));
    kernel->arch = arch;
    if (length < sizeof kernel->release)
        memcpy(kernel->release, release, length);
    return TRUE;
}

/* Returns: FALSE where @word is no kernel. */
static gboolean
parse_name(const char *word, Name *ret_name)
{
    g_autofree char *copy = g_strdup(word);
    Name name = { 0 };
    const char *version = copy;

    if (g_str_has_suffix(copy, ".rpm"))
        copy[strlen(copy) - strlen(".rpm")] = '\0';
    if (g_str_has_suffix(copy, ".src") || g_str_has_suffix(copy, ".nosrc") || g_str_has_suffix(copy, ".noarch"))
        return FALSE;
    if (g_str_has_prefix(version, "vmlinuz-"))
        version += strlen("vmlinuz-");

    if (g_str_has_prefix(version, "kernel-")) {
        const char *flavour = version + strlen("kernel");
        version = find_version(flavour);
        if (!version || !parse_package_flavour(flavour, (gsize)(version - flavour), &name.kernel.flavour))
            return FALSE;
        version++;
        name.is_package = TRUE;
    }

    gsize length = version_length(version);
    if (length == 0)
        return FALSE;
    const XpvRhel *rhel = find_rhel(version, length);
    const char *release = version + length;
    if (!rhel || *release != '-' || !parse_release(rhel, release + 1, &name.kernel))
        name.kernel = (XpvKernel){ 0 };
    *ret_name = name;
    return TRUE;
}

static void
parse_machine(const char *const *words, Machine *ret_machine)
{
    Machine machine = { 0 };
    for (; *words; words++) {
        /* -m is the first of -m, -p and -i; -p says "athlon" on any AMD processor, whatever the kernel. */
        if (machine.machine == XPV_ARCH_UNKNOWN && parse_arch(*words, &machine.machine))
            continue;
        if (g_str_equal(*words, "SMP"))
            machine.smp = TRUE;
    }
    *ret_machine = machine;
}

/* The packages that may be running where uname -m says @machine. */
static guint
archs_of_machine(XpvArch machine)
{
    switch ((int)machine) {
    case XPV_ARCH_I386:   /* what tools say that know of 32 bits only */
    case XPV_ARCH_ATHLON: /* uname -p of any AMD processor */
    case XPV_ARCH_I686:   /* an athlon kernel says so too */
        return XPV_BIT(XPV_ARCH_ATHLON) | XPV_BIT(XPV_ARCH_I386) | XPV_BIT(XPV_ARCH_I686);
    case XPV_ARCH_X86_64: /* an ia32e kernel says so too */
        return XPV_ARCHS_X86_64;
    default:
        return XPV_BIT(machine);
    }
}

/* The architectures that a kernel named without one can have. */
static guint
possible_archs(const XpvKernel *kernel, const Machine *machine)
{
    const guint ordinary = (XPV_ARCHS_X86 | XPV_BIT(XPV_ARCH_IA64)) & ~XPV_BIT(XPV_ARCH_I586);
    guint archs = xpv_guide_package_archs(kernel->major, kernel->flavour);

    if (machine->machine == XPV_ARCH_UNKNOWN)
        return archs;
    /* RHSA-2004:188 made ia32e for both Opteron and EM64T; it is the one RHEL 3 x86_64 kernel that is SMP by itself. */
    if (kernel->major == 3 && kernel->flavour == XPV_FLAVOUR_NONE && machine->machine == XPV_ARCH_X86_64 &&
        machine->smp)
        return XPV_BIT(XPV_ARCH_IA32E);

    guint fitting = archs & archs_of_machine(machine->machine);
    if (fitting)
        return fitting;
    return archs && (ordinary & XPV_BIT(machine->machine)) ? archs : XPV_BIT(machine->machine);
}

static gboolean
is_same(const XpvKernel *a, const XpvKernel *b)
{
    return a->major == b->major && a->update == b->update && a->flavour == b->flavour && a->arch == b->arch &&
           strcmp(a->release, b->release) == 0;
}

/* Kernels are a set: "rpm -q" names some twice. */
static void
add_kernel(GArray *kernels, const XpvKernel *kernel)
{
    for (guint i = 0; i < kernels->len; i++) {
        if (is_same(&g_array_index(kernels, XpvKernel, i), kernel))
            return;
    }
    g_array_append_val(kernels, *kernel);
}

static void
add_kernels(GArray *kernels, const Name *name, const Machine *machine)
{
    XpvKernel kernel = name->kernel;
    /* Behind uname -r an architecture is the machine's, as later releases write it; but no machine is these two. */
    gboolean is_exact = kernel.arch == XPV_ARCH_ATHLON || kernel.arch == XPV_ARCH_IA32E ||
                        (name->is_package && kernel.arch != XPV_ARCH_UNKNOWN);
    if (!xpv_kernel_is_covered(&kernel) || is_exact) {
        add_kernel(kernels, &kernel);
        return;
    }

    Machine known = *machine;
    if (kernel.arch != XPV_ARCH_UNKNOWN)
        known.machine = kernel.arch;
    guint archs = possible_archs(&kernel, &known);
    if (archs == 0)
        archs = XPV_BIT(XPV_ARCH_UNKNOWN);
    for (guint arch = 0; arch < XPV_ARCH_MAX; arch++) {
        if (archs & XPV_BIT(arch)) {
            kernel.arch = (XpvArch)arch;
            add_kernel(kernels, &kernel);
        }
    }
}

/* The words of a line as a person would see it: what is dropped for publishing is dropped here, but a tab parts words.
 */
static GStrv
split_words(const char *start, gsize length)
{
    g_autofree char *copy = g_memdup2(start, length);
    for (gsize i = 0; i < length; i++) {
        if (copy[i] == '\t')
            copy[i] = ' ';
    }
    g_autofree char *line = xpv_text_clean(copy, (gssize)length, 0);
    g_auto(GStrv) pieces = g_strsplit(line, " ", -1);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    for (guint i = 0; pieces[i]; i++) {
        if (*pieces[i] != '\0')
            g_strv_builder_add(words, pieces[i]);
    }
    return g_strv_builder_end(words);
}

static void
parse_line(const char *start, gsize length, GArray *kernels)
{
    g_auto(GStrv) words = split_words(start, length);
    guint n = g_strv_length(words);
    guint release = 0;
    Name name;
    if (n > 1 && g_str_equal(words[0], "Linux")) /* uname -a, or -s with -r: the host's name may stand between */
        release = n > 2 && parse_name(words[2], &name) ? 2 : 1;
    if (n == 0 || !parse_name(words[release], &name))
        return;

    Machine machine;
    parse_machine((const char *const *)words + release + 1, &machine);
    add_kernels(kernels, &name, &machine);

    /* Packages that were printed a line each, and whose lines somebody has joined. */
    for (guint i = release + 1; i < n; i++) {
        if (parse_name(words[i], &name) && name.is_package)
            add_kernels(kernels, &name, &machine);
    }
}

XpvReport *
xpv_report_parse(const char *data, gssize length)
{
    gsize size = length < 0 ? strlen(data) : (gsize)length;
    gsize read = MIN(size, XPV_REPORT_MAX);
    g_autofree char *text = xpv_text_clean(data, (gssize)read, XPV_TEXT_PUBLISHED_MAX);
    if (*text == '\0')
        return NULL;

    g_autoptr(GArray) kernels = g_array_new(FALSE, FALSE, sizeof(XpvKernel));
    for (gsize start = 0; start < read;) {
        const char *newline = memchr(data + start, '\n', read - start);
        gsize end = newline ? (gsize)(newline - data) : read;
        gboolean cut = end == read && size > read && data[read] != '\n';
        if (!cut)
            parse_line(data + start, end - start, kernels);
        start = end + 1;
    }

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
