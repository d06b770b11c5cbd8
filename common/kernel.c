/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/kernel.h"

#include <string.h>

#include "common/guide.h"

/* A name, from large to small; each level is a function or two below.
 *
 *   kernel       package | yum's two words | image | release
 *   package      [ epoch ":" ] "kernel" [ "-" flavour ] "-" [ epoch ":" ] release [ ".rpm" ]
 *   yum's        "kernel" [ "-" flavour ] "." architecture, [ epoch ":" ] release
 *   image        [ folder "/" ] "vmlinuz-" release
 *   release      version "-" numbers "." dist { [ "." | "-" ] tag | flavour | architecture }, or any other version
 */

#define DIGITS "0123456789"

/* Tags that rebuilds add after the dist: CentOS's "el5.centos.plus", Scientific's "EL.cern". */
static const char *const tags[] = { "centos", "plus", "c4", "cern" };

/* The length of "2.6.18" at the start of @text, of "53.1.4" or of "8"; 0 where there is none. */
static gsize
numbers_length(const char *text)
{
    gsize length = strspn(text, DIGITS);
    while (length > 0 && text[length] == '.' && g_ascii_isdigit(text[length + 1]))
        length += 1 + strspn(text + length + 1, DIGITS);
    return length;
}

/* The length of a kernel's version at the start of @text; 0 where there is none. */
static gsize
version_length(const char *text)
{
    gsize length = numbers_length(text);
    return memchr(text, '.', length) && strchr("-+_~", text[length]) ? length : 0;
}

static const char *
skip_epoch(const char *text)
{
    gsize length = strspn(text, DIGITS);
    return length > 0 && text[length] == ':' ? text + length + 1 : text;
}

/* Finds the version in "kernel-NAME-VERSION…": it follows the first "-" before a digit, as no part of a kernel
 * package's name begins with a digit. */
static const char *
find_version(const char *name)
{
    while ((name = strchr(name, '-')) && !g_ascii_isdigit(name[1]))
        name++;
    return name ? name + 1 : NULL;
}

/* The length of the longest architecture at the start of @text; 0 where there is none. */
static gsize
match_arch(const char *text, XpvArch *ret_arch)
{
    /* Table 12.1 spells ia32e "i32e"; uname -m prints the others. */
    static const struct {
        const char *word;
        XpvArch arch;
    } aliases[] = { { "i32e", XPV_ARCH_IA32E }, { "amd64", XPV_ARCH_X86_64 }, { "i486", XPV_ARCH_I386 } };
    gsize longest = 0;

    for (guint i = 0; i < XPV_ARCH_MAX + G_N_ELEMENTS(aliases); i++) {
        XpvArch arch = i < XPV_ARCH_MAX ? (XpvArch)i : aliases[i - XPV_ARCH_MAX].arch;
        const char *word = i < XPV_ARCH_MAX ? xpv_arch_to_word(arch) : aliases[i - XPV_ARCH_MAX].word;
        if (strlen(word) > longest && g_str_has_prefix(text, word)) {
            longest = strlen(word);
            *ret_arch = arch;
        }
    }
    return longest;
}

gboolean
xpv_kernel_parse_arch(const char *word, XpvArch *ret_arch)
{
    return *word != '\0' && match_arch(word, ret_arch) == strlen(word);
}

/* The length of the longest flavour at the start of @text; 0 where there is none. */
static gsize
match_flavour(const char *text, XpvFlavour *ret_flavour)
{
    gsize longest = 0;
    for (XpvFlavour flavour = XPV_FLAVOUR_NONE; flavour < XPV_FLAVOUR_MAX; flavour++) {
        gsize length = strlen(xpv_flavour_to_word(flavour));
        if (length > longest && g_ascii_strncasecmp(text, xpv_flavour_to_word(flavour), length) == 0) {
            longest = length;
            *ret_flavour = flavour;
        }
    }
    return longest;
}

/* @start: the @length bytes between "kernel" and the version of a package: "", "-smp" */
static gboolean
parse_package_flavour(const char *start, gsize length, XpvFlavour *ret_flavour)
{
    *ret_flavour = XPV_FLAVOUR_NONE;
    return length == 0 || (length > 1 && match_flavour(start + 1, ret_flavour) == length - 1);
}

/* The dist at the start of @text, which marks a release of RHEL or a rebuild. CentOS 4's own kernels have no "EL".
 * Returns: (nullable) static */
static const char *
match_dist(const XpvRhel *rhel, const char *text)
{
    const char *const centos_4[] = { "plus.c4", "unsupported" };
    if (g_ascii_strncasecmp(text, rhel->dist, strlen(rhel->dist)) == 0)
        return rhel->dist;
    for (guint i = 0; rhel->major == 4 && i < G_N_ELEMENTS(centos_4); i++) {
        if (g_str_has_prefix(text, centos_4[i]))
            return centos_4[i];
    }
    return NULL;
}

/* Returns: (nullable) static */
static const char *
match_tag(const char *text)
{
    for (guint i = 0; i < G_N_ELEMENTS(tags); i++) {
        if (g_str_has_prefix(text, tags[i]))
            return tags[i];
    }
    return NULL;
}

/* Parses the text after the dist, and appends its tags to @release. Returns: FALSE if it is another build, such as the
 * kernels of Oracle and MRG ("el5uek", "el5rt"). */
static gboolean
parse_suffix(const char *text, XpvKernel *kernel, GString *release)
{
    XpvFlavour flavour = XPV_FLAVOUR_NONE;
    while (*text) {
        text += *text == '.' || *text == '-';
        const char *tag = match_tag(text);
        gsize length = tag ? strlen(tag) : 0;
        if (tag)
            g_string_append_printf(release, ".%s", tag);
        else if (flavour == XPV_FLAVOUR_NONE)
            length = match_flavour(text, &flavour);
        if (length == 0 && kernel->arch == XPV_ARCH_UNKNOWN)
            length = match_arch(text, &kernel->arch);
        if (length == 0)
            return FALSE;
        text += length;
    }
    if (flavour == XPV_FLAVOUR_NONE)
        return TRUE;
    gboolean fits = kernel->flavour == XPV_FLAVOUR_NONE || kernel->flavour == flavour;
    kernel->flavour = flavour;
    return fits && flavour != XPV_FLAVOUR_UEK && flavour != XPV_FLAVOUR_RT;
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

/* Whether the name of another kernel is in @text, as when two lines were joined without a blank. */
static gboolean
has_run_together(const char *text)
{
    guint n;
    const XpvRhel *rhels = xpv_guide_rhels(&n);
    for (guint i = 0; i < n; i++) {
        g_autofree char *version = g_strconcat(rhels[i].version, "-", NULL);
        if (strstr(text, version))
            return TRUE;
    }
    return strstr(text, "kernel") != NULL;
}

/* Parses RELEASE of a kernel with RHEL's version. If it is another build, the kernel is not covered. */
static XpvKernelKind
parse_rhel_release(const XpvRhel *rhel, const char *text, XpvKernel *ret_kernel)
{
    XpvKernel kernel = { .major = rhel->major, .flavour = ret_kernel->flavour };
    gsize numbers = numbers_length(text);
    const char *dist = numbers > 0 && text[numbers] == '.' ? match_dist(rhel, text + numbers + 1) : NULL;
    *ret_kernel = (XpvKernel){ 0 };
    if (!dist)
        return XPV_KERNEL_KIND_IMAGE;

    g_autoptr(GString) release = g_string_new_len(text, (gssize)numbers);
    const char *suffix = text + numbers + 1 + strlen(dist);
    g_string_append_printf(release, ".%s", dist);
    if (!parse_suffix(suffix, &kernel, release))
        return has_run_together(suffix) ? XPV_KERNEL_KIND_OTHER : XPV_KERNEL_KIND_IMAGE;
    /* An architecture after uname -r is the machine's, as in later releases; but no machine calls itself one of these
     * two. */
    kernel.is_exact = kernel.arch == XPV_ARCH_ATHLON || kernel.arch == XPV_ARCH_IA32E;
    kernel.update = xpv_guide_update(rhel, g_ascii_strtoull(text, NULL, 10));
    if (release->len < sizeof kernel.release)
        memcpy(kernel.release, release->str, release->len);
    *ret_kernel = kernel;
    return XPV_KERNEL_KIND_IMAGE;
}

/* @kernel: has the package's flavour */
static XpvKernelKind
parse_release(const char *text, XpvKernel *kernel)
{
    gsize length = version_length(text);
    const XpvRhel *rhel = find_rhel(text, length);
    if (length == 0)
        return XPV_KERNEL_KIND_OTHER;
    if (rhel && text[length] == '-')
        return parse_rhel_release(rhel, text + length + 1, kernel);
    *kernel = (XpvKernel){ 0 };
    return XPV_KERNEL_KIND_IMAGE;
}

/* @word: has a version */
static XpvKernelKind
parse_package(const char *word, XpvKernel *kernel)
{
    static const char *const no_images[] = { ".src", ".nosrc", ".noarch" };
    g_autofree char *text = g_strdup(word);
    if (g_str_has_suffix(text, ".rpm"))
        text[strlen(text) - strlen(".rpm")] = '\0';
    for (guint i = 0; i < G_N_ELEMENTS(no_images); i++) {
        if (g_str_has_suffix(text, no_images[i]))
            return XPV_KERNEL_KIND_NO_IMAGE;
    }
    const char *flavour = text + strlen("kernel");
    const char *version = find_version(flavour);
    if (!version || !parse_package_flavour(flavour, (gsize)(version - 1 - flavour), &kernel->flavour))
        return XPV_KERNEL_KIND_NO_IMAGE;
    XpvKernelKind kind = parse_release(skip_epoch(version), kernel);
    kernel->is_exact = kernel->arch != XPV_ARCH_UNKNOWN;
    return kind;
}

/* yum writes NAME.ARCH and VERSION-RELEASE.
 * Returns: (transfer full) (nullable) both words as a package; NULL: @words does not begin with such a pair. */
static char *
join_yum_words(const char *const *words)
{
    const char *dot = strrchr(words[0], '.');
    XpvArch arch;
    if (!dot || find_version(words[0]) || !(xpv_kernel_parse_arch(dot + 1, &arch) || g_str_equal(dot + 1, "noarch")))
        return NULL;
    if (!(g_str_has_prefix(words[0], "kernel.") || g_str_has_prefix(words[0], "kernel-")) || !words[1] ||
        version_length(skip_epoch(words[1])) == 0)
        return NULL;
    return g_strdup_printf("%.*s-%s%s", (int)(dot - words[0]), words[0], words[1], dot);
}

static const char *
skip_image(const char *word)
{
    const char *slash = strrchr(word, '/');
    const char *name = slash ? slash + 1 : word;
    return g_str_has_prefix(name, "vmlinuz-") ? name + strlen("vmlinuz-") : word;
}

XpvKernelKind
xpv_kernel_parse(const char *const *words, XpvKernel *ret_kernel, guint *ret_n)
{
    const char *package = skip_epoch(words[0]);
    g_autofree char *joined = join_yum_words(words);
    *ret_kernel = (XpvKernel){ 0 };
    *ret_n = joined ? 2 : 1;
    if (joined)
        return parse_package(joined, ret_kernel);
    if (g_str_has_prefix(package, "kernel-") && find_version(package))
        return parse_package(package, ret_kernel);
    return parse_release(skip_image(words[0]), ret_kernel);
}

gboolean
xpv_kernel_parse_release(const char *word, XpvKernel *ret_kernel)
{
    *ret_kernel = (XpvKernel){ 0 };
    return parse_release(word, ret_kernel) == XPV_KERNEL_KIND_IMAGE;
}

gboolean
xpv_kernel_is_same(const XpvKernel *a, const XpvKernel *b)
{
    return a->major == b->major && a->update == b->update && a->flavour == b->flavour && a->arch == b->arch &&
           strcmp(a->release, b->release) == 0;
}
