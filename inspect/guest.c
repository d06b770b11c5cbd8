/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inspect/guest.h"

#include <string.h>

#include "common/text.h"
#include "inspect/error.h"
#include "inspect/kernels.h"
#include "inspect/menu.h"
#include "inspect/modules.h"
#include "inspect/release.h"
#include "inspect/rpm-database.h"
#include "inspect/storage.h"

#define IMAGE_PREFIX "vmlinuz-"
#define IMAGES_MAX 256U
#define CONFIG_MAX (256U * 1024)

/* The first bytes of each header, which have the package's name, except in one of a million. Only a kernel's header is
 * read further. */
#define HEADER_BEGIN 4096U
#define PACKAGES_MAX 256U

typedef struct {
    XpvInspection *inspection;
    const XpvStorage *storage;
    const XpvFileSystem *boot; /* NULL: not found */
    const char *boot_folder;   /* in it: "" or "/boot" */
    const XpvFileSystem *root;
    XpvMenu *menu;
    GPtrArray *images;   /* uname -r of each in /boot */
    GPtrArray *packages; /* of XpvRpmPackage, bootable */
} Guest;

static const XpvFileSystem *
file_system_at(const Guest *guest, guint i)
{
    return guest->storage->file_systems->pdata[i];
}

/* @ret_changed_at: (nullable)
 * Returns: (nullable) NULL: there is no such file, or it cannot be read, which is added to the errors */
static char *
read_text(const Guest *guest, const XpvFileSystem *file_system, const char *path, gsize max, gint64 *ret_changed_at)
{
    g_autoptr(GError) error = NULL;
    char *text = xpv_ext_text(file_system->ext, path, max, ret_changed_at, &error);
    if (!text && !g_error_matches(error, XPV_INSPECT_ERROR, XPV_INSPECT_ERROR_ABSENT))
        xpv_inspection_add_error(guest->inspection, "%s: %s", file_system->place, error->message);
    return text;
}

/* A file that says which kernel starts. The folder of the kernels does not count, because RHEL 3 and 4 write in it at
 * each boot (System.map, kernel.h), and so does kdump on RHEL 5. */
static char *
read_boot_text(const Guest *guest, const XpvFileSystem *file_system, const char *path)
{
    gint64 changed_at = 0;
    char *text = read_text(guest, file_system, path, XPV_MENU_TEXT_MAX, &changed_at);
    if (text)
        guest->inspection->boot_changed_at = MAX(guest->inspection->boot_changed_at, changed_at);
    return text;
}

/* The files of boot loaders; the first that exists is read. Their paths are below /boot or, if that is a file system of
 * its own, below its root. */
static const struct {
    const char *folder;
    const char *path;
    XpvMenu *(*read)(const char *text);
} menus[] = {
    { "", "/grub/grub.conf", xpv_menu_read_grub },
    { "", "/grub/menu.lst", xpv_menu_read_grub },
    { "/boot", "/boot/grub/grub.conf", xpv_menu_read_grub },
    { "/boot", "/boot/grub/menu.lst", xpv_menu_read_grub },
    { "/boot", "/boot/efi/EFI/redhat/elilo.conf", xpv_menu_read_elilo },
    { "/boot", "/boot/efi/efi/redhat/elilo.conf", xpv_menu_read_elilo },
    { "/boot", "/etc/elilo.conf", xpv_menu_read_elilo },
};

static gboolean
find_menu_in(Guest *guest, const XpvFileSystem *file_system)
{
    for (guint i = 0; i < G_N_ELEMENTS(menus); i++) {
        g_autofree char *text = read_boot_text(guest, file_system, menus[i].path);
        if (!text)
            continue;
        guest->menu = menus[i].read(text);
        guest->boot = file_system;
        guest->boot_folder = menus[i].folder;
        return TRUE;
    }
    return FALSE;
}

static void
find_menu(Guest *guest)
{
    for (guint i = 0; i < guest->storage->file_systems->len; i++) {
        if (find_menu_in(guest, file_system_at(guest, i)))
            break;
    }
    if (!guest->menu || !guest->menu->is_saved)
        return;
    g_autofree char *path = g_strconcat(guest->boot_folder, "/grub/default", NULL);
    g_autofree char *saved = read_boot_text(guest, guest->boot, path);
    xpv_menu_choose(guest->menu, saved ? saved : "0");
}

/* A menu may name a link: /vmlinuz, which points to vmlinuz-2.6.9-89.EL. */
static void
follow_links(Guest *guest)
{
    for (guint i = 0; guest->menu && i < guest->menu->entries->len; i++) {
        XpvMenuEntry *entry = guest->menu->entries->pdata[i];
        g_autofree char *release = xpv_menu_release(entry->kernel);
        g_autofree char *target =
            release || *entry->kernel == '\0' ? NULL : xpv_ext_link(guest->boot->ext, entry->kernel);
        if (!target)
            continue;
        g_free(entry->kernel);
        entry->kernel = xpv_text_clean(target, -1, XPV_TEXT_PUBLISHED_MAX);
    }
}

static void
list_images(Guest *guest, const XpvFileSystem *file_system, const char *folder)
{
    g_autofree char *path = g_strconcat(folder, "/", NULL);
    g_autoptr(GPtrArray) names = xpv_ext_list(file_system->ext, path, IMAGE_PREFIX, IMAGES_MAX);
    for (guint i = 0; i < names->len; i++) {
        char *release =
            xpv_text_clean((const char *)names->pdata[i] + strlen(IMAGE_PREFIX), -1, XPV_TEXT_PUBLISHED_MAX);
        g_ptr_array_add(guest->images, release);
    }
    if (names->len == 0 || guest->boot)
        return;
    guest->boot = file_system;
    guest->boot_folder = folder;
}

static void
find_images(Guest *guest)
{
    static const char *const folders[] = { "", "/boot" };
    if (guest->boot) {
        list_images(guest, guest->boot, guest->boot_folder);
        return;
    }
    for (guint i = 0; i < guest->storage->file_systems->len && !guest->boot; i++) {
        for (guint k = 0; k < G_N_ELEMENTS(folders) && !guest->boot; k++)
            list_images(guest, file_system_at(guest, i), folders[k]);
    }
}

/* If no database tells the architecture of a kernel, its configuration may. */
static void
ask_configurations(const Guest *guest)
{
    for (guint i = 0; guest->boot && i < guest->inspection->kernels->len; i++) {
        XpvInspectionKernel *kernel = guest->inspection->kernels->pdata[i];
        if (*kernel->architecture != '\0')
            continue;
        g_autofree char *path = g_strdup_printf("%s/config-%s", guest->boot_folder, kernel->release);
        g_autofree char *text = read_text(guest, guest->boot, path, CONFIG_MAX, NULL);
        if (!text)
            continue;
        g_free(kernel->architecture);
        kernel->architecture = g_strdup(xpv_kernels_architecture(text));
    }
}

static XpvRelease *
read_release(const Guest *guest, const XpvFileSystem *file_system)
{
    for (const XpvReleaseFile *file = xpv_release_files; file->path; file++) {
        g_autofree char *text = read_text(guest, file_system, file->path, XPV_RELEASE_TEXT_MAX, NULL);
        XpvRelease *release = text ? xpv_release_read(file, text) : NULL;
        if (release)
            return release;
    }
    return NULL;
}

/* Whether the command line of the kernel that starts by default names this file system as its root. */
static gboolean
is_started(const Guest *guest, const XpvFileSystem *file_system)
{
    const XpvMenuEntry *entry =
        guest->menu && guest->menu->entries->len > 0 ? guest->menu->entries->pdata[guest->menu->chosen] : NULL;
    g_autofree char *label = xpv_ext_label(file_system->ext);
    g_autofree char *by_label = g_strconcat("LABEL=", label, NULL);
    g_autofree char *by_volume = g_strconcat("/dev/", file_system->volume, NULL);
    g_autofree char *mapped = g_strdelimit(g_strdup(file_system->volume), "/", '-');
    g_autofree char *by_mapper = g_strconcat("/dev/mapper/", mapped, NULL);
    return entry && (g_str_equal(entry->root, by_label) || g_str_equal(entry->root, by_volume) ||
                     g_str_equal(entry->root, by_mapper));
}

/* If several systems are installed, the one that starts; else the first. */
static void
find_root(Guest *guest)
{
    gboolean found = FALSE;
    for (guint i = 0; i < guest->storage->file_systems->len && !found; i++) {
        const XpvFileSystem *file_system = file_system_at(guest, i);
        g_autoptr(XpvRelease) release = read_release(guest, file_system);
        found = release && is_started(guest, file_system);
        if (!release || (guest->root && !found))
            continue;
        guest->root = file_system;
        g_free(guest->inspection->release);
        g_free(guest->inspection->distribution);
        guest->inspection->release = g_steal_pointer(&release->release);
        guest->inspection->distribution = g_steal_pointer(&release->distribution);
    }
}

/* Debian's os-release has only the first part of the number. */
static void
refine_debian(const Guest *guest)
{
    if (!guest->root || !g_str_equal(guest->inspection->distribution, "debian"))
        return;
    g_autofree char *text = read_text(guest, guest->root, "/etc/debian_version", XPV_RELEASE_TEXT_MAX, NULL);
    if (!text || !g_ascii_isdigit(*text))
        return;
    g_free(guest->inspection->release);
    guest->inspection->release = xpv_text_clean(text, -1, XPV_TEXT_PUBLISHED_MAX);
}

static void
on_record(XpvRpmRecord *record, gpointer data)
{
    Guest *guest = data;
    GPtrArray *drivers = guest->inspection->driver_packages;
    const GByteArray *bytes = xpv_rpm_record_read(record, HEADER_BEGIN);
    g_autofree char *name = xpv_rpm_header_name(bytes->data, bytes->len);
    if (name && !xpv_kernels_is_bootable(name) && !xpv_kernels_is_driver(name))
        return;
    bytes = xpv_rpm_record_read(record, XPV_RPM_HEADER_MAX);
    g_autoptr(XpvRpmPackage) package = xpv_rpm_header_parse(bytes->data, bytes->len);
    if (package && xpv_kernels_is_driver(package->name) && drivers->len < PACKAGES_MAX)
        g_ptr_array_add(drivers, xpv_rpm_package_nvra(package));
    else if (package && xpv_kernels_is_bootable(package->name) && guest->packages->len <= XPV_KERNELS_MAX)
        g_ptr_array_add(guest->packages, g_steal_pointer(&package));
    else if (!package && name)
        xpv_inspection_add_error(guest->inspection, "the rpm database's header of %s is damaged", name);
}

/* Returns: FALSE if there is none */
static gboolean
read_database(Guest *guest, const XpvFileSystem *file_system, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(XpvMedium) file = xpv_ext_file(file_system->ext, path, NULL, &error);
    if (!file && g_error_matches(error, XPV_INSPECT_ERROR, XPV_INSPECT_ERROR_ABSENT))
        return FALSE;
    if (!file || !xpv_rpm_database_visit(file, on_record, guest, &error))
        xpv_inspection_add_error(guest->inspection, "%s, %s: %s", file_system->place, path, error->message);
    return TRUE;
}

/* Returns: (nullable) the first file system that has one */
static const XpvFileSystem *
search_database(Guest *guest, const char *path)
{
    for (guint i = 0; i < guest->storage->file_systems->len; i++) {
        if (read_database(guest, file_system_at(guest, i), path))
            return file_system_at(guest, i);
    }
    return NULL;
}

/* The database is on the root, or on a file system for /var. A root without a release file is recognized by it. */
static void
find_database(Guest *guest)
{
    static const char in_root[] = "/var/lib/rpm/Packages", in_var[] = "/lib/rpm/Packages";
    gboolean found = guest->root ? read_database(guest, guest->root, in_root)
                                 : (guest->root = search_database(guest, in_root)) != NULL;
    if (!found)
        search_database(guest, in_var);
}

static void
find_aliases(const Guest *guest)
{
    static const char *const paths[] = { "/etc/modules.conf", "/etc/modprobe.conf" };
    for (guint i = 0; guest->root && i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *text = read_text(guest, guest->root, paths[i], XPV_MODULES_TEXT_MAX, NULL);
        if (text)
            xpv_modules_aliases(text, guest->inspection->driver_aliases);
    }
}

/* A later mount of one of them tells nothing of the boot. */
static gint64
find_mounted_at(const Guest *guest)
{
    gint64 boot = guest->boot ? xpv_ext_mounted_at(guest->boot->ext) : G_MAXINT64;
    gint64 root = guest->root ? xpv_ext_mounted_at(guest->root->ext) : G_MAXINT64;
    return guest->boot || guest->root ? MIN(boot, root) : 0;
}

static void
conclude(const Guest *guest)
{
    XpvInspection *inspection = guest->inspection;
    for (guint i = 0; i < guest->storage->file_systems->len; i++)
        inspection->needs_recovery |= xpv_ext_needs_recovery(file_system_at(guest, i)->ext);
    inspection->mounted_at = find_mounted_at(guest);
    if (guest->boot && guest->boot->disk < inspection->disks->len)
        ((XpvInspectionDisk *)inspection->disks->pdata[guest->boot->disk])->boot = TRUE;
    if (!guest->boot && !guest->root && guest->storage->has_ntfs) {
        g_free(inspection->distribution);
        inspection->distribution = g_strdup("windows");
    }
}

void
xpv_guest_inspect(XpvInspection *inspection, GPtrArray *disks)
{
    g_autoptr(XpvStorage) storage = xpv_storage_read(disks, inspection);
    g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) packages = g_ptr_array_new_with_free_func((GDestroyNotify)xpv_rpm_package_free);
    Guest guest = { .inspection = inspection, .storage = storage, .images = images, .packages = packages };
    find_menu(&guest);
    follow_links(&guest);
    find_images(&guest);
    find_root(&guest);
    refine_debian(&guest);
    find_database(&guest);
    find_aliases(&guest);
    xpv_kernels_merge(inspection, packages, images, guest.menu);
    ask_configurations(&guest);
    conclude(&guest);
    g_clear_pointer(&guest.menu, xpv_menu_free);
}
