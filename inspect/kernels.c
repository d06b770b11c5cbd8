/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/kernels.h"

#include <string.h>

#include "common/words.h"

#define KERNEL "kernel"
#define DRIVER "kmod-xenpv"

gboolean
xpv_kernels_is_bootable(const char *package_name)
{
    XpvFlavour flavour;
    if (g_str_equal(package_name, KERNEL))
        return TRUE;
    return g_str_has_prefix(package_name, KERNEL "-") &&
           xpv_flavour_from_word(package_name + strlen(KERNEL "-"), &flavour) && flavour != XPV_FLAVOUR_NONE;
}

gboolean
xpv_kernels_is_driver(const char *package_name)
{
    return g_str_equal(package_name, DRIVER) || g_str_has_prefix(package_name, DRIVER "-");
}

const char *
xpv_kernels_architecture(const char *config)
{
    static const struct {
        const char *option;
        const char *architecture;
    } options[] = {
        { "CONFIG_MK7=y", "athlon" },
        { "CONFIG_M686=y", "i686" },
        { "CONFIG_M386=y", "i386" },
        { "CONFIG_IA64=y", "ia64" },
    };
    g_auto(GStrv) lines = g_strsplit_set(config, "\r\n", -1);
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        if (g_strv_contains((const char *const *)lines, options[i].option))
            return options[i].architecture;
    }
    return "";
}

static gboolean
contains(const GPtrArray *texts, const char *text)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *)texts, text, g_str_equal, NULL);
}

/* uname -r of a package's kernel. From RHEL 6 on, it ends with the architecture, except for some kernels that were made
 * for RHEL 5. So the names in /boot decide first. */
static char *
release_of(const XpvRpmPackage *package, const GPtrArray *images)
{
    const char *flavour = g_str_equal(package->name, KERNEL) ? "" : package->name + strlen(KERNEL "-");
    const char *dot = *flavour ? "." : "";
    g_autofree char *plain = g_strdup_printf("%s-%s", package->version, package->release);
    char *candidates[] = {
        g_strconcat(plain, g_str_has_suffix(plain, flavour) ? "" : flavour, NULL),
        g_strconcat(plain, ".", package->architecture, NULL),
        g_strconcat(plain, ".", package->architecture, dot, flavour, NULL),
        g_strconcat(plain, ".", package->architecture, *flavour ? "+" : "", flavour, NULL),
    };
    guint chosen = g_str_has_prefix(plain, "2.4.") || strstr(plain, ".el5") || strstr(plain, ".EL") ? 0 : 1;
    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++) {
        if (contains(images, candidates[i])) {
            chosen = i;
            break;
        }
    }
    char *release = g_steal_pointer(&candidates[chosen]);
    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++)
        g_free(candidates[i]);
    return release;
}

/* G_MAXUINT: it is not in the menu */
static guint
place_in_menu(const GPtrArray *menu_releases, const char *release)
{
    guint index;
    return g_ptr_array_find_with_equal_func((GPtrArray *)menu_releases, release, g_str_equal, &index) ? index
                                                                                                      : G_MAXUINT;
}

/* In the order of the menu; then of their installation. */
static gint
compare(gconstpointer a, gconstpointer b, gpointer data)
{
    const XpvInspectionKernel *one = *(XpvInspectionKernel *const *)a, *other = *(XpvInspectionKernel *const *)b;
    guint place = place_in_menu(data, one->release), other_place = place_in_menu(data, other->release);
    if (place != other_place)
        return place < other_place ? -1 : 1;
    if (one->installed_at != other->installed_at)
        return one->installed_at < other->installed_at ? -1 : 1;
    int by_package = strcmp(one->package, other->package);
    return by_package != 0 ? by_package : strcmp(one->release, other->release);
}

/* One for each entry, at the same index; "" if the entry starts no kernel. */
static GPtrArray *
releases_of_menu(const XpvMenu *menu)
{
    GPtrArray *releases = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; menu && i < menu->entries->len; i++) {
        const XpvMenuEntry *entry = menu->entries->pdata[i];
        char *release = xpv_menu_release(entry->kernel);
        g_ptr_array_add(releases, release ? release : g_strdup(""));
    }
    return releases;
}

static void
add(XpvInspection *inspection, const char *package, const char *release, const char *architecture, gint64 installed_at)
{
    XpvInspectionKernel *kernel = xpv_inspection_kernel_new(package, release, architecture);
    kernel->installed_at = installed_at;
    g_ptr_array_add(inspection->kernels, kernel);
}

static void
add_packages(XpvInspection *inspection, const GPtrArray *packages, const GPtrArray *images)
{
    for (guint i = 0; i < packages->len; i++) {
        const XpvRpmPackage *package = packages->pdata[i];
        g_autofree char *nvra = xpv_rpm_package_nvra(package);
        g_autofree char *release = release_of(package, images);
        add(inspection, nvra, release, package->architecture, package->installed_at);
    }
}

static gboolean
has_release(const XpvInspection *inspection, const char *release)
{
    for (guint i = 0; i < inspection->kernels->len; i++) {
        const XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        if (g_str_equal(kernel->release, release))
            return TRUE;
    }
    return FALSE;
}

/* If two packages have the same vmlinuz, it is not known whose it is. */
static void
mark(XpvInspection *inspection, const GPtrArray *menu_releases, const char *chosen)
{
    guint n = 0;
    const char *package = "";
    for (guint i = 0; i < inspection->kernels->len; i++) {
        XpvInspectionKernel *kernel = inspection->kernels->pdata[i];
        kernel->in_grub = contains(menu_releases, kernel->release);
        kernel->is_default = *chosen != '\0' && g_str_equal(kernel->release, chosen);
        if (kernel->is_default && *kernel->package != '\0') {
            package = kernel->package;
            n++;
        }
    }
    g_free(inspection->default_kernel);
    inspection->default_kernel = g_strdup(n == 1 ? package : chosen);
    if (n == 0 && *chosen != '\0' && !has_release(inspection, chosen))
        xpv_inspection_add_error(inspection, "%s, which the boot loader starts, is not installed", chosen);
}

void
xpv_kernels_merge(XpvInspection *inspection, const GPtrArray *packages, const GPtrArray *images, const XpvMenu *menu)
{
    g_autoptr(GPtrArray) menu_releases = releases_of_menu(menu);
    add_packages(inspection, packages, images);
    for (guint i = 0; i < images->len; i++) {
        if (!has_release(inspection, images->pdata[i]))
            add(inspection, "", images->pdata[i], "", 0);
    }
    g_ptr_array_sort_with_data(inspection->kernels, compare, menu_releases);
    if (inspection->kernels->len > XPV_KERNELS_MAX) {
        g_ptr_array_set_size(inspection->kernels, XPV_KERNELS_MAX);
        xpv_inspection_add_error(inspection, "more than %u kernels are installed; the rest is left out",
                                 XPV_KERNELS_MAX);
    }
    mark(inspection, menu_releases, menu_releases->len > 0 ? menu_releases->pdata[menu->chosen] : "");
}
