/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/remedy.h"

#include <string.h>

#include "common/guide.h"

/* A command whose output means one kernel. Plain "rpm -q kernel" prints all installed kernels, not the running one, and
 * no architecture. */
#define ASK_GUEST "rpm -qf --qf '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}\\n' /boot/vmlinuz-$(uname -r)"
#define REPORT_EXACTLY "Report the output of this command in the guest: " ASK_GUEST "."

/* The ways to a supported kernel. */
typedef enum {
    WAY_STAY,      /* on this host, with a kernel of the same word size */
    WAY_MOVE,      /* on another host, with the same kernel if it is supported at all */
    WAY_REINSTALL, /* on this host, with the other word size */
    WAY_MAX
} WayKind;

/* A way that is open to every kernel that the report can mean. */
typedef struct {
    const XpvVariant *variant; /* of the kernel to run; NULL: there is no such way */
    gboolean installs;         /* the guest does not have that kernel yet */
    gboolean any_arch;         /* the packages differ in their architectures */
    gboolean any_package;      /* and in their flavours */
    guint hosts;               /* set of XpvArch: the hosts to move to */
    XpvProcessor processor;    /* their processor; XPV_PROCESSOR_MAX: the one that the kernel is compiled for */
} Way;

/* What all ways have in common. */
typedef struct {
    const XpvHost *host;
    const XpvRhel *rhel;
    gboolean is_old;      /* the guest's release is under its minimum */
    gboolean is_host_old; /* the host's release is under its minimum */
    const char *version;  /* of the packages to install; borrowed */
} Plan;

/* In bits; 0: not an x86 architecture. A kernel of the other size cannot run the installed programs, or needs packages
 * that the guest does not have. */
static guint
word_size(XpvArch arch)
{
    if (XPV_BIT(arch) & XPV_ARCHS_X86_64)
        return 64;
    return XPV_BIT(arch) & XPV_ARCHS_X86 ? 32 : 0;
}

static gboolean
fits_guest(const XpvVariant *variant, XpvArch arch, gboolean reinstalls)
{
    guint size = word_size(arch), other = word_size(variant->arch);
    if (size == 0 || other == 0)
        return !reinstalls && variant->arch == arch;
    return (size != other) == reinstalls;
}

static gboolean
fits_host(const XpvVariant *variant, guint major, const XpvHost *host)
{
    XpvProcessor processor = xpv_guide_processor(variant, major);
    guint required = xpv_guide_required_hosts(variant, major);
    return (host->architecture == XPV_ARCH_UNKNOWN || (required & XPV_BIT(host->architecture))) &&
           (processor == XPV_PROCESSOR_UNKNOWN || host->processor == XPV_PROCESSOR_UNKNOWN ||
            processor == host->processor);
}

/* Returns: (nullable) the row of a kernel that table 12.1 supports */
static const XpvVariant *
own_variant(const XpvKernel *kernel)
{
    const XpvVariant *variant = xpv_guide_variant(kernel->arch, kernel->flavour);
    return xpv_guide_supports(variant, kernel->major) ? variant : NULL;
}

static guint
likeness(const XpvVariant *variant, const XpvKernel *kernel)
{
    XpvProcessor processor = xpv_guide_processor(own_variant(kernel), kernel->major);
    XpvArch arch = kernel->arch == XPV_ARCH_I386 || kernel->arch == XPV_ARCH_I586 ? XPV_ARCH_I686 : kernel->arch;
    return 4U * (xpv_guide_processor(variant, kernel->major) == processor) +
           2U * ((variant->flavours & XPV_BIT(kernel->flavour)) != 0) + (variant->arch == arch);
}

/* The supported variant that is most like the guest's kernel.
 * @host: (nullable) NULL: on any host
 * Returns: (nullable) NULL if there is none */
static const XpvVariant *
find_variant(const XpvKernel *kernel, const XpvHost *host, gboolean reinstalls)
{
    guint n;
    const XpvVariant *variants = xpv_guide_variants(&n);
    const XpvVariant *best = NULL;
    for (guint i = 0; i < n; i++) {
        if (xpv_guide_supports(&variants[i], kernel->major) && fits_guest(&variants[i], kernel->arch, reinstalls) &&
            (!host || fits_host(&variants[i], kernel->major, host)) &&
            (!best || likeness(&variants[i], kernel) > likeness(best, kernel)))
            best = &variants[i];
    }
    return best;
}

static Way
find_way(WayKind kind, const XpvKernel *kernel, const XpvHost *host)
{
    const XpvVariant *own = own_variant(kernel);
    const XpvVariant *stays = find_variant(kernel, host, FALSE);
    Way way = { .variant = stays };
    if (kind == WAY_REINSTALL && !stays)
        way.variant = find_variant(kernel, host, TRUE);
    if (kind == WAY_MOVE) {
        way.variant = own || !stays ? find_variant(kernel, NULL, FALSE) : NULL;
        if (way.variant && fits_host(way.variant, kernel->major, host))
            way.variant = NULL;
    }
    if (way.variant) {
        way.installs = way.variant != own;
        way.hosts = xpv_guide_required_hosts(way.variant, kernel->major);
        way.processor = xpv_guide_processor(way.variant, kernel->major);
    }
    return way;
}

/* Restricts @way to what another kernel's way of the same kind allows, too; that may be nothing. */
static void
share(WayKind kind, Way *way, const Way *other)
{
    gboolean differs = way->variant != other->variant;
    way->installs = way->installs || other->installs;
    way->any_arch = way->any_arch || differs;
    way->any_package = way->any_package ||
                       (differs && other->variant && way->variant && way->variant->package != other->variant->package);
    if (way->processor != other->processor)
        way->processor = XPV_PROCESSOR_MAX;
    if (!other->variant || (way->installs && way->any_package) || (kind == WAY_REINSTALL && differs) ||
        (kind == WAY_MOVE && way->hosts != other->hosts))
        way->variant = NULL;
}

static Way
find_shared_way(WayKind kind, const XpvCandidates *candidates, const XpvHost *host)
{
    Way way = find_way(kind, candidates->kernels[0], host);
    for (guint i = 1; way.variant && i < candidates->n; i++) {
        Way other = find_way(kind, candidates->kernels[i], host);
        share(kind, &way, &other);
    }
    return way;
}

/* Returns: (nullable) */
static char *
package_of(const Plan *plan, const Way *way)
{
    if (way->any_package)
        return NULL;
    char *package = xpv_guide_package(way->variant, plan->version);
    if (way->any_arch)
        *strrchr(package, '.') = '\0';
    return package;
}

/* "RHEL 4.6 or newer"; but "RHEL 3.9", as there is no newer one. */
static char *
first_release(const XpvRhel *rhel)
{
    gboolean is_last = rhel->minimum_update + 1 == rhel->n_bases;
    return g_strdup_printf("RHEL %u.%u%s", rhel->major, rhel->minimum_update, is_last ? "" : " or newer");
}

/* Returns: (nullable) */
static char *
guest_step(const Plan *plan, const Way *way, const char *guest, gboolean names_package)
{
    g_autofree char *package = package_of(plan, way);
    g_autofree char *release = first_release(plan->rhel);
    gboolean named = package && (names_package || way->installs);
    if (plan->is_old)
        return g_strdup_printf("update %s to %s%s%s%s", guest, release, named ? " (" : "", named ? package : "",
                               named ? ")" : "");
    return way->installs ? g_strdup_printf("install %s in %s", package, guest) : NULL;
}

static char *
reinstall_step(const Plan *plan, const Way *way, const char *guest)
{
    g_autofree char *package = package_of(plan, way);
    g_autofree char *release = first_release(plan->rhel);
    return g_strdup_printf("reinstall %s as %u-bit%s%s (%s)", guest, word_size(way->variant->arch),
                           plan->is_old ? " " : "", plan->is_old ? release : "", package);
}

static char *
move_step(const Plan *plan, const Way *way, const char *guest)
{
    static const char *const processors[] = {
        [XPV_PROCESSOR_UNKNOWN] = "",
        [XPV_PROCESSOR_INTEL] = " with an Intel processor",
        [XPV_PROCESSOR_AMD] = " with an AMD processor",
        [XPV_PROCESSOR_MAX] = " with the processor that its kernel is compiled for",
    };
    g_autofree char *archs = xpv_archs_in_words(way->hosts);
    g_autofree char *release = first_release(xpv_guide_rhel(XPV_GUIDE_HOST_MAJOR));
    return g_strdup_printf("run %s on an %s host%s%s%s", guest, archs, plan->is_host_old ? " of " : "",
                           plan->is_host_old ? release : "", processors[way->processor]);
}

static char *
host_step(const Plan *plan)
{
    const XpvRhel *rhel = xpv_guide_rhel(XPV_GUIDE_HOST_MAJOR);
    g_autofree char *release = first_release(rhel);
    g_autofree char *version = xpv_guide_version(rhel, XPV_GUIDE_HOST_MINIMUM_UPDATE);
    const char *arch = xpv_arch_to_word(plan->host->architecture);
    return g_strdup_printf("update the host to %s (kernel-xen-%s%s%s)", release, version, *arch ? "." : "", arch);
}

/* One or two steps in words: "run the guest on an i686 host". */
static char *
describe_way(WayKind kind, const Plan *plan, const Way *way, gboolean is_first)
{
    const char *guest = is_first ? "the guest" : "it";
    g_autofree char *first =
        kind == WAY_REINSTALL ? reinstall_step(plan, way, guest) : guest_step(plan, way, guest, kind == WAY_STAY);
    g_autofree char *second = NULL;
    if (kind == WAY_MOVE)
        second = move_step(plan, way, first ? "it" : guest);
    else if (plan->is_host_old)
        second = host_step(plan);
    return g_strconcat(first ?: "", first && second ? " and " : "", second ?: "", NULL);
}

static Plan
make_plan(const XpvHost *host, const XpvCandidates *candidates)
{
    Plan plan = { .host = host, .rhel = xpv_guide_rhel(candidates->kernels[0]->major) };
    for (guint i = 0; i < candidates->n; i++)
        plan.is_old = plan.is_old || xpv_guide_is_too_old(plan.rhel, candidates->kernels[i]->update);
    plan.is_host_old = host->update >= 0 && host->update < XPV_GUIDE_HOST_MINIMUM_UPDATE;
    return plan;
}

/* VERSION-RELEASE of the kernels if they share one, else that of the first supported update. */
static char *
find_version(const Plan *plan, const XpvCandidates *candidates)
{
    const char *release = candidates->kernels[0]->release;
    gboolean keeps = !plan->is_old && *release != '\0';
    for (guint i = 0; i < candidates->n; i++)
        keeps = keeps && g_str_equal(candidates->kernels[i]->release, release);
    return keeps ? g_strconcat(plan->rhel->version, "-", release, NULL)
                 : xpv_guide_version(plan->rhel, plan->rhel->minimum_update);
}

/* Whether all are of one RHEL and have an architecture. Otherwise they share no remedy. */
static gboolean
are_alike(const XpvCandidates *candidates)
{
    for (guint i = 0; i < candidates->n; i++) {
        const XpvKernel *kernel = candidates->kernels[i];
        if (kernel->major != candidates->kernels[0]->major || kernel->arch == XPV_ARCH_UNKNOWN)
            return FALSE;
    }
    return TRUE;
}

/* Whether table 12.1 supports no kernel that could replace one of these. */
static gboolean
have_no_kernel(const XpvCandidates *candidates, const XpvHost *host)
{
    for (guint i = 0; i < candidates->n; i++) {
        const XpvKernel *kernel = candidates->kernels[i];
        if (find_variant(kernel, NULL, FALSE) || find_variant(kernel, host, TRUE))
            return FALSE;
    }
    return TRUE;
}

static char *
remedy_incompatible(const XpvHost *host, const XpvCandidates *candidates)
{
    if (!are_alike(candidates))
        return g_strdup(REPORT_EXACTLY);
    Plan plan = make_plan(host, candidates);
    g_autofree char *version = find_version(&plan, candidates);
    plan.version = version;
    guint archs = 0;
    for (guint i = 0; i < candidates->n; i++)
        archs |= XPV_BIT(candidates->kernels[i]->arch);
    g_autofree char *names = xpv_archs_in_words(archs);
    if (have_no_kernel(candidates, host))
        return g_strdup_printf("No supported kernel exists for RHEL %u on %s (table 12.1).", plan.rhel->major, names);

    g_autoptr(GPtrArray) ways = g_ptr_array_new_with_free_func(g_free);
    gboolean stays = FALSE;
    for (WayKind kind = WAY_STAY; kind < WAY_MAX; kind++) {
        Way way = find_shared_way(kind, candidates, host);
        stays = stays || (kind == WAY_STAY && way.variant);
        if (way.variant && !(kind == WAY_REINSTALL && stays))
            g_ptr_array_add(ways, describe_way(kind, &plan, &way, ways->len == 0));
    }
    if (ways->len == 0)
        return g_strdup(REPORT_EXACTLY);
    g_ptr_array_add(ways, NULL);
    g_autofree char *text = g_strjoinv(", or ", (char **)ways->pdata);
    *text = g_ascii_toupper(*text);
    return g_strconcat(text, ".", NULL);
}

static char *
remedy_drivers(const XpvJudgement *judgement)
{
    if (!(judgement->warnings & XPV_BIT(XPV_WARNING_DRIVERS_NOT_ACTIVE)))
        return g_strdup("");
    /* xen-platform-pci comes first: the others need its bus (unmodified_drivers/linux-2.6/README). */
    return g_strdup_printf("%s xen-platform-pci, xenbus, xen-vbd and xen-vnif in the guest, in this order.",
                           judgement->driver_source == XPV_DRIVER_SOURCE_BUILT_IN ? "Load"
                                                                                  : "Install kmod-xenpv and load");
}

char *
xpv_remedy(const XpvHost *host, const XpvCandidates *candidates, const XpvJudgement *judgement)
{
    if (judgement->verdict == XPV_VERDICT_COMPATIBLE)
        return remedy_drivers(judgement);
    if (judgement->verdict == XPV_VERDICT_INCOMPATIBLE)
        return remedy_incompatible(host, candidates);

    switch (g_bit_nth_lsf(judgement->reasons, -1)) {
    case XPV_REASON_KERNEL_NOT_REPORTED:
        return g_strdup(
            "Have the guest's agent report its kernel, or write the output of this command in the guest into "
            "the domain's metadata or kernels.conf: " ASK_GUEST ".");
    case XPV_REASON_KERNEL_UNRECOGNIZED:
    case XPV_REASON_KERNEL_AMBIGUOUS:
        return g_strdup(REPORT_EXACTLY);
    case XPV_REASON_HOST_UNKNOWN:
        return g_strdup("Set host-architecture to the architecture of the host's kernel: i686, x86_64 or ia64.");
    default:
        return g_strdup("");
    }
}
