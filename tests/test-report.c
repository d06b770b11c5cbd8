/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the text of a guest's report to the kernels that it can mean. */
#include "common/report.h"
#include "tests/guide.h"
#include "tests/invariants.h"

typedef struct {
    const char *report;
    const char *kernels; /* in the form of describe() */
} Case;

static gint
compare_kernels(gconstpointer a, gconstpointer b)
{
    return (gint)((const XpvKernel *)a)->arch - (gint)((const XpvKernel *)b)->arch;
}

/* describe: the kernels of a report in its order, "3.9 smp 50.EL athlon+i686; …". The architectures of a package are in
 * the enumeration's order, "?" if not known; "other" for a kernel that the Guide does not cover; "none"; "no
 * report". */
static char *
describe(const char *data, gssize length)
{
    g_autoptr(XpvReport) report = xpv_report_parse(data, length);
    if (!report)
        return g_strdup("no report");

    guint n;
    const XpvKernel *kernels = xpv_report_kernels(report, &n);
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0, end; i < n; i = end) {
        g_autoptr(GArray) group = g_array_new(FALSE, FALSE, sizeof(XpvKernel));
        for (end = i; end < n && kernels[end].major == kernels[i].major &&
                      (kernels[i].major == 0 ||
                       (kernels[end].update == kernels[i].update && kernels[end].flavour == kernels[i].flavour &&
                        g_str_equal(kernels[end].release, kernels[i].release)));
             end++)
            g_array_append_val(group, kernels[end]);
        if (kernels[i].major == 0) {
            g_ptr_array_add(parts, g_strdup("other"));
            continue;
        }

        const char *flavour = xpv_flavour_to_word(kernels[i].flavour);
        GString *part = g_string_new(NULL);
        g_string_printf(part, "%u.%d %s %s", kernels[i].major, kernels[i].update, *flavour ? flavour : "-",
                        kernels[i].release);
        g_array_sort(group, compare_kernels);
        for (guint j = 0; j < group->len; j++) {
            const char *arch = xpv_arch_to_word(g_array_index(group, XpvKernel, j).arch);
            g_string_append_printf(part, "%c%s", j == 0 ? ' ' : '+', *arch ? arch : "?");
        }
        g_ptr_array_add(parts, g_string_free(part, FALSE));
    }
    if (parts->len == 0)
        return g_strdup("none");
    g_ptr_array_add(parts, NULL);
    return g_strjoinv("; ", (char **)parts->pdata);
}

static void
test_cases(gconstpointer data)
{
    for (const Case *c = data; c->report; c++) {
        g_autofree char *got = describe(c->report, -1);
        expect(c->report, got, c->kernels);
    }
}

/* NAME-VERSION-RELEASE.ARCH */
static const Case packages[] = {
    { "kernel-PAE-2.6.18-53.1.4.el5.i686", "5.1 PAE 53.1.4.el5 i686" },
    { "kernel-PAE-2.6.18-53.1.4.el5.i686.rpm", "5.1 PAE 53.1.4.el5 i686" },
    { "kernel-2.4.21-50.EL.ia32e", "3.9 - 50.EL ia32e" },
    { "kernel-2.4.21-50.EL.i32e", "3.9 - 50.EL ia32e" },
    { "kernel-smp-2.4.21-50.EL.ia32e", "3.9 smp 50.EL ia32e" },
    { "kernel-smp-2.4.21-50.EL.i32e.rpm", "3.9 smp 50.EL ia32e" },
    { "kernel-2.4.21-32.EL.i586", "3.5 - 32.EL i586" },
    { "kernel-2.6.9-89.0.7.EL.ppc64", "4.8 - 89.0.7.EL ppc64" },
    { "kernel-2.6.9-34.EL.ppc64iseries", "4.3 - 34.EL ppc64iseries" },
    { "kernel-2.4.21-50.EL.ppc64pseries", "3.9 - 50.EL ppc64pseries" },
    { "kernel-2.6.9-34.EL.s390", "4.3 - 34.EL s390" },
    { "kernel-kdump-2.6.18-53.el5.s390x", "5.1 kdump 53.el5 s390x" },
    { "kernel-largesmp-2.4.21-50.EL.x86_64", "3.9 largesmp 50.EL x86_64" },
    { "  kernel-2.6.18-53.el5.ia64 \n", "5.1 - 53.el5 ia64" },

    /* Without .ARCH, a name means every package of that name. */
    { "kernel-2.4.21-50.EL", "3.9 - 50.EL athlon+i686+ia32e+x86_64+ia64" },
    { "kernel-smp-2.4.21-50.EL", "3.9 smp 50.EL athlon+i686+x86_64" },
    { "kernel-BOOT-2.4.21-50.EL", "3.9 BOOT 50.EL i386" },
    { "kernel-largesmp-2.6.9-67.EL", "4.6 largesmp 67.EL x86_64+ia64" },
    { "kernel-xenU-2.6.9-67.EL", "4.6 xenU 67.EL i686+x86_64" },
    { "kernel-xen-2.6.18-53.el5", "5.1 xen 53.el5 i686+x86_64+ia64" },
    { "kernel-debug-2.6.18-53.el5", "5.1 debug 53.el5 i686+x86_64" },
    { "kernel-PAE-2.6.18-53.el5.rpm", "5.1 PAE 53.el5 i686" },
    { "kernel-largesmp-2.4.21-50.EL", "3.9 largesmp 50.EL ?" },

    /* Rebuilt packages. */
    { "kernel-2.6.9-67.0.1.0.1.EL.i686", "4.6 - 67.0.1.0.1.EL i686" },
    { "kernel-2.6.18-53.1.6.0.1.el5.x86_64", "5.1 - 53.1.6.0.1.el5 x86_64" },
    { "kernel-2.6.18-194.8.1.el5.centos.plus.x86_64", "5.5 - 194.8.1.el5.centos.plus x86_64" },
    { "kernel-PAE-2.6.18-194.8.1.el5.centos.plus.i686", "5.5 PAE 194.8.1.el5.centos.plus i686" },
    { "kernel-PAE-2.6.18-194.8.1.el5.centos.plus.i686.rpm", "5.5 PAE 194.8.1.el5.centos.plus i686" },
    { "kernel-smp-2.6.9-42.0.10.plus.c4.i686", "4.4 smp 42.0.10.plus.c4 i686" },
    { "kernel-2.6.9-34.106.unsupported.x86_64", "4.3 - 34.106.unsupported x86_64" },
    { "kernel-smp-2.4.21-40.EL.cern.i686", "3.7 smp 40.EL.cern i686" },

    /* As yum prints them. */
    { "kernel.i686 0:2.6.18-92.1.17.el5", "5.2 - 92.1.17.el5 i686" },
    { "kernel-0:2.6.18-92.1.17.el5.i686", "5.2 - 92.1.17.el5 i686" },
    { "0:kernel-2.6.18-92.1.17.el5.i686", "5.2 - 92.1.17.el5 i686" },
    { "kernel-PAE-0:2.6.18-92.1.17.el5.i686", "5.2 PAE 92.1.17.el5 i686" },
    { "kernel.x86_64    2.6.18-194.el5    installed", "5.5 - 194.el5 x86_64" },
    { "kernel-smp.i686  2.6.9-67.EL  installed", "4.6 smp 67.EL i686" },
    { "  kernel.i686 0:2.6.18-92.1.17.el5      kernel-devel.i686 0:2.6.18-128.el5      kernel-xen.i686 "
      "0:2.6.18-194.el5  ",
      "5.2 - 92.1.17.el5 i686; 5.5 xen 194.el5 i686" },
    { "kernel-devel.i686 0:2.6.18-92.1.17.el5", "none" },
    { "kernel-headers.i386  2.6.18-92.1.17.el5  installed", "none" },
    { "kernel.i686", "none" },
    { "kernel.i686 installed", "none" },
    { "kernel.i686 i686", "none" },
    { "kernel 2.6.18-92.1.17.el5", "none" },
    { "0:2.6.18-92.1.17.el5", "none" },

    /* In upper or lower case. */
    { "kernel-pae-2.6.18-53.1.4.EL5.i686", "5.1 PAE 53.1.4.el5 i686" },
    { "kernel-SMP-2.4.21-50.el.i686", "3.9 smp 50.EL i686" },
    { 0 },
};

/* uname -r, with and without -m, and file names of images */
static const Case releases[] = {
    { "2.4.21-50.EL", "3.9 - 50.EL athlon+i686+ia32e+x86_64+ia64" },
    { "2.4.21-50.ELsmp", "3.9 smp 50.EL athlon+i686+x86_64" },
    { "2.4.21-40.ELhugemem", "3.7 hugemem 40.EL i686" },
    { "2.4.21-50.ELBOOT", "3.9 BOOT 50.EL i386" },
    { "2.6.9-67.EL", "4.6 - 67.EL i686+x86_64+ia64" },
    { "2.6.9-67.ELsmp", "4.6 smp 67.EL i686+x86_64" },
    { "2.6.9-67.ELhugemem", "4.6 hugemem 67.EL i686" },
    { "2.6.9-67.ELlargesmp", "4.6 largesmp 67.EL x86_64+ia64" },
    { "2.6.9-67.ELxenU", "4.6 xenU 67.EL i686+x86_64" },
    { "2.6.18-53.1.4.el5", "5.1 - 53.1.4.el5 i686+x86_64+ia64" },
    { "2.6.18-53.1.4.el5PAE", "5.1 PAE 53.1.4.el5 i686" },
    { "2.6.18-53.1.4.el5xen", "5.1 xen 53.1.4.el5 i686+x86_64+ia64" },
    { "2.6.18-53.1.4.el5debug", "5.1 debug 53.1.4.el5 i686+x86_64" },
    { "2.6.18-53.el5kdump", "5.1 kdump 53.el5 ?" },
    { "2.4.21-50.ELlargesmp", "3.9 largesmp 50.EL ?" },
    { "2.6.18-53.el5smp", "5.1 smp 53.el5 ?" },

    { "2.4.21-50.EL i686", "3.9 - 50.EL athlon+i686" },
    { "2.4.21-50.EL i386", "3.9 - 50.EL athlon+i686" },
    { "2.4.21-50.ELsmp i686", "3.9 smp 50.EL athlon+i686" },
    { "2.4.21-50.ELsmp i386", "3.9 smp 50.EL athlon+i686" },
    { "2.4.21-50.ELsmp x86_64", "3.9 smp 50.EL x86_64" },
    { "2.4.21-50.EL x86_64", "3.9 - 50.EL ia32e+x86_64" },
    { "2.4.21-50.EL ia64", "3.9 - 50.EL ia64" },
    { "2.4.21-50.ELBOOT i386", "3.9 BOOT 50.EL i386" },
    { "2.6.9-67.ELlargesmp ia64", "4.6 largesmp 67.EL ia64" },
    { "2.6.18-53.el5 i686", "5.1 - 53.el5 i686" },
    { "2.6.18-53.el5 i386", "5.1 - 53.el5 i686" },
    { "2.6.18-53.el5 x86_64\n", "5.1 - 53.el5 x86_64" },

    /* The architecture narrows the kernels, but always leaves one. */
    { "2.4.21-50.ELBOOT i686", "3.9 BOOT 50.EL i386" },
    { "2.4.21-50.ELhugemem x86_64", "3.9 hugemem 50.EL i686" },
    { "2.6.18-53.el5PAE x86_64", "5.1 PAE 53.el5 i686" },

    /* Architectures that only the report names. */
    { "2.4.21-32.EL i586", "3.5 - 32.EL i586" },
    { "2.6.9-67.EL ppc64", "4.6 - 67.EL ppc64" },
    { "2.6.18-53.el5 s390x", "5.1 - 53.el5 s390x" },
    { "2.6.18-53.el5kdump ppc64", "5.1 kdump 53.el5 ppc64" },
    { "2.4.21-50.ELlargesmp x86_64", "3.9 largesmp 50.EL x86_64" },
    { "2.6.18-53.el5smp i686", "5.1 smp 53.el5 i686" },

    /* Rebuilt packages. */
    { "2.6.9-67.0.1.0.1.EL", "4.6 - 67.0.1.0.1.EL i686+x86_64+ia64" },
    { "2.6.9-67.0.1.0.1.ELhugemem", "4.6 hugemem 67.0.1.0.1.EL i686" },
    { "2.4.21-57.0.0.0.1.ELsmp", "3.9 smp 57.0.0.0.1.EL athlon+i686+x86_64" },
    { "2.6.18-194.8.1.el5.centos.plus", "5.5 - 194.8.1.el5.centos.plus i686+x86_64+ia64" },
    { "2.6.18-194.8.1.el5.centos.plusPAE", "5.5 PAE 194.8.1.el5.centos.plus i686" },
    { "2.6.18-194.8.1.el5.centos.plusxen x86_64", "5.5 xen 194.8.1.el5.centos.plus x86_64" },

    { "2.6.9-42.0.10.plus.c4", "4.4 - 42.0.10.plus.c4 i686+x86_64+ia64" },
    { "2.6.9-42.0.10.plus.c4smp", "4.4 smp 42.0.10.plus.c4 i686+x86_64" },
    { "2.6.9-34.106.unsupportedsmp", "4.3 smp 34.106.unsupported i686+x86_64" },
    { "2.4.21-40.EL.cernsmp", "3.7 smp 40.EL.cern athlon+i686+x86_64" },
    { "2.4.21-40.EL.cern", "3.7 - 40.EL.cern athlon+i686+ia32e+x86_64+ia64" },

    /* The flavour and architecture follow the dist, directly or after a dot or dash, in upper or lower case. */
    { "2.6.9-78.EL.smp", "4.7 smp 78.EL i686+x86_64" },
    { "2.6.9-78.EL-smp", "4.7 smp 78.EL i686+x86_64" },
    { "2.6.9-78.ELsmp.i686", "4.7 smp 78.EL i686" },
    { "2.6.9-78.EL.i686", "4.7 - 78.EL i686" },
    { "2.4.21-50.EL.athlon", "3.9 - 50.EL athlon" },
    { "2.4.21-50.ELsmp.i686", "3.9 smp 50.EL athlon+i686" },
    { "2.6.18-8.EL5", "5.0 - 8.el5 i686+x86_64+ia64" },
    { "2.6.18-53.1.4.EL5pae", "5.1 PAE 53.1.4.el5 i686" },
    { "2.6.9-67.elSMP", "4.6 smp 67.EL i686+x86_64" },
    { "2.6.9-67.ELxenu", "4.6 xenU 67.EL i686+x86_64" },
    { "2.4.21-50.ELboot", "3.9 BOOT 50.EL i386" },

    { "/boot/vmlinuz-2.6.18-194.el5", "5.5 - 194.el5 i686+x86_64+ia64" },
    { "boot/efi/EFI/redhat/vmlinuz-2.6.18-194.el5PAE", "5.5 PAE 194.el5 i686" },
    { "/lib/modules/2.6.18-194.el5", "none" },
    { "vmlinuz-2.6.18-53.1.4.el5PAE", "5.1 PAE 53.1.4.el5 i686" },
    { "vmlinuz-2.4.21-50.ELsmp", "3.9 smp 50.EL athlon+i686+x86_64" },
    { "vmlinuz-6.1.0-18-amd64", "other" },
    { "vmlinuz", "none" },
    { 0 },
};

/* What people's tools put around a report is ignored. */
static void
test_around(void)
{
    static const struct {
        const char *before, *behind;
    } around[] = {
        { "", "," },
        { "", ";" },
        { "", ":" },
        { "", "." },
        { "\"", "\"" },
        { "'", "'" },
        { "`", "`" },
        { "“", "”" },
        { "\"", "\"," },
        { "\"", ".\"" },
        { "> ", "" },
        { ">> ", "" },
        { "> > \"", "\"" },
        { "\xef\xbb\xbf", "" },
        { "\xef\xbb\xbf> \"", "\",\r\n" },
        { "\x1b[1;31m", "\x1b[0m" },
        { "\x1b[31m\x1b[K", "\x1b[m\x1b[K\n" },
        { "\x1b(B\x1b[m", "\x1b(B" },
        { "\x1b]0;root@guest:~\a", "" },
        { "\x1b]0;root@guest:~\x1b\\", "\x1b" },
    };
    static const Case reports[] = {
        { "kernel-PAE-2.6.18-53.1.4.el5.i686", "5.1 PAE 53.1.4.el5 i686" },
        { "2.4.21-47.ELsmp", "3.8 smp 47.EL athlon+i686+x86_64" },
        { "/boot/vmlinuz-2.6.18-8.el5PAE", "5.0 PAE 8.el5 i686" },
        { "2.6.9-67.ELsmp i686", "4.6 smp 67.EL i686" },
        { "Kernel 2.6.9-42.ELsmp on an i686", "4.4 smp 42.EL i686" },
        { "Linux 2.4.21-9.ELhugemem", "3.1 hugemem 9.EL i686" },
        { "kernel.i686 0:2.6.18-92.1.17.el5", "5.2 - 92.1.17.el5 i686" },
        { "6.1.0-18-amd64", "other" },
        { "nonsense", "none" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(around); i++) {
        for (guint j = 0; j < G_N_ELEMENTS(reports); j++) {
            g_autofree char *text = g_strconcat(around[i].before, reports[j].report, around[i].behind, NULL);
            g_autofree char *both = g_strdup_printf("%s\n%s", text, text);
            g_autofree char *got = describe(text, -1);
            g_autofree char *got_both = describe(both, -1);
            expect(text, got, reports[j].kernels);
            expect(both, got_both, reports[j].kernels);
        }
    }
    /* Each is ignored by itself; within a word, only what is invisible. */
    static const Case inside[] = {
        { "\"2.6.18-8.el5PAE\", \"2.6.18-53.el5PAE\"", "5.0 PAE 8.el5 i686; 5.1 PAE 53.el5 i686" },
        { "> 2.6.9-67.ELsmp\n> i686\n", "4.6 smp 67.EL i686" },
        { "2.6.18-\x1b[01;31m8.el5\x1b[mPAE", "5.0 PAE 8.el5 i686" },
        { "2.6.18-8\".el5PAE", "other" },
        { 0 },
    };
    test_cases(inside);
}

/* uname -a: real ones, then misleading ones. */
static const Case unames[] = {
    { "Linux naboo 2.4.21-50.ELsmp #1 SMP Tue May 8 17:18:29 EDT 2007 i686 i686 i386 GNU/Linux",
      "3.9 smp 50.EL athlon+i686" },
    { "Linux xio06 2.4.21-9.ELhugemem #1 SMP Tue Apr 27 13:52:32 EDT 2004 i686 i686 i386 GNU/Linux",
      "3.1 hugemem 9.EL i686" },
    { "Linux s69819.wincent.com 2.4.21-47.EL #1 Wed Jul 5 20:39:00 EDT 2006 i686 athlon i386 GNU/Linux",
      "3.8 - 47.EL athlon+i686" },
    { "Linux xxxxx 2.4.21-37.EL #1 SMP Wed Sep 7 13:32:18 EDT 2005 x86_64 x86_64 x86_64 GNU/Linux",
      "3.6 - 37.EL ia32e" },
    { "Linux oshawa 2.4.21-20.ELsmp #2 SMP Wed Mar 23 18:32:06 EST 2005 x86_64 x86_64 x86_64 GNU/Linux",
      "3.3 smp 20.EL x86_64" },
    { "Linux sjc-ads-2122 2.6.9-89.0.11.ELlargesmp #1 SMP Mon Aug 31 11:05:24 EDT 2009 x86_64 x86_64 x86_64 GNU/Linux",
      "4.8 largesmp 89.0.11.EL x86_64" },
    { "Linux euis1 2.6.9-55.ELsmp #1 SMP Fri Apr 20 17:03:35 EDT 2007 i686 i686 i386 GNU/Linux", "4.5 smp 55.EL i686" },
    { "Linux rosebud08 2.6.9-42.EL #1 SMP Wed Jul 12 23:25:09 EDT 2006 ia64 ia64 ia64 GNU/Linux", "4.4 - 42.EL ia64" },
    { "Linux foo-host 2.6.9-103.ELxenU #1 SMP Wed Mar 14 16:31:15 CST 2012 i686 i686 i386 GNU/Linux",
      "4.9 xenU 103.EL i686" },
    { "Linux nascds10 2.6.9-78.0.0.0.1.ELhugemem #1 SMP Fri Jul 25 14:53:18 EDT 2008 i686 i686 i386 GNU/Linux",
      "4.7 hugemem 78.0.0.0.1.EL i686" },
    { "Linux p5rhel4 2.6.9-89.0.7.EL #1 SMP Wed Aug 5 14:05:23 EDT 2009 ppc64 ppc64 ppc64 GNU/Linux",
      "4.8 - 89.0.7.EL ppc64" },
    { "Linux map1a 2.6.18-53.el5PAE #1 SMP Wed Oct 10 16:48:18 EDT 2007 i686 i686 i386 GNU/Linux",
      "5.1 PAE 53.el5 i686" },
    { "Linux pcp-j-6 2.6.18-238.1.1.el5PAE #1 SMP Tue Jan 18 19:28:42 EST 2011 i686 athlon i386 GNU/Linux",
      "5.6 PAE 238.1.1.el5 i686" },
    { "Linux PVT-Dev1.pvtsolar.local 2.6.18-398.el5xen #1 SMP Tue Aug 12 06:30:31 EDT 2014 x86_64 x86_64 x86_64 "
      "GNU/Linux",
      "5.11 xen 398.el5 x86_64" },
    { "Linux meno.lsbu.ac.uk 2.6.18-53.el5 #1 SMP Wed Oct 10 16:34:19 EDT 2007 x86_64 x86_64 x86_64 GNU/Linux",
      "5.1 - 53.el5 x86_64" },
    { "Linux host 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01) x86_64 GNU/Linux", "other" },

    /* SMP in uname -v means ia32e for RHEL 3 on x86_64, and only there. */
    { "Linux h 2.4.21-50.EL #1 Tue May 8 17:10:29 EDT 2007 x86_64 x86_64 x86_64 GNU/Linux",
      "3.9 - 50.EL ia32e+x86_64" },
    { "Linux SMP 2.4.21-50.EL #1 Tue May 8 17:10:29 EDT 2007 x86_64 x86_64 x86_64 GNU/Linux",
      "3.9 - 50.EL ia32e+x86_64" },
    { "Linux h 2.4.21-50.EL #1 SMP Tue May 8 17:10:29 EDT 2007 ia64 ia64 ia64 GNU/Linux", "3.9 - 50.EL ia64" },
    { "Linux h 2.4.21-50.EL #1 SMP Tue May 8 17:10:29 EDT 2007 i686 i686 i386 GNU/Linux", "3.9 - 50.EL athlon+i686" },
    { "Linux h 2.6.9-67.EL #1 SMP Wed Nov 7 13:41:13 EST 2007 x86_64 x86_64 x86_64 GNU/Linux", "4.6 - 67.EL x86_64" },

    /* The processor is not the architecture of a package, and the host's name means nothing. */
    { "Linux h 2.4.21-50.ELsmp #1 SMP Tue May 8 17:18:29 EDT 2007 i686 athlon i386 GNU/Linux",
      "3.9 smp 50.EL athlon+i686" },
    { "Linux h 2.4.21-50.ELsmp #1 SMP Tue May 8 17:18:29 EDT 2007 i686 unknown unknown GNU/Linux",
      "3.9 smp 50.EL athlon+i686" },
    { "Linux h 2.6.9-34.EL #1 Fri Feb 24 16:44:51 EST 2006 i686 athlon i386 GNU/Linux", "4.3 - 34.EL i686" },
    { "Linux i686 2.4.21-37.EL #1 SMP Wed Sep 7 13:32:18 EDT 2005 x86_64 x86_64 x86_64 GNU/Linux",
      "3.6 - 37.EL ia32e" },
    { "Linux x86_64 2.6.18-53.el5 #1 SMP Wed Oct 10 16:48:18 EDT 2007 i686 i686 i386 GNU/Linux", "5.1 - 53.el5 i686" },
    { "Linux 2.6.9-67.ELsmp 2.4.21-50.ELsmp #1 SMP Tue May 8 17:18:29 EDT 2007 i686 i686 i386 GNU/Linux",
      "3.9 smp 50.EL athlon+i686" },
    { "Linux kernel-2.6.18-53.el5.i686 2.4.21-9.ELhugemem #1 SMP Tue Apr 27 13:52:32 EDT 2004 i686 i686 i386 GNU/Linux",
      "3.1 hugemem 9.EL i686" },
    { "Linux kernel-2.6.18-53.el5.i686 was installed", "none" },

    /* /proc/version and getty's banner */
    { "Linux version 2.4.21-50.ELsmp (bhcompile@ls20-bc1-14.build.redhat.com) (gcc version 3.2.3 20030502 (Red Hat "
      "Linux "
      "3.2.3-58)) #1 SMP Tue May 8 17:18:29 EDT 2007",
      "3.9 smp 50.EL athlon+i686+x86_64" },
    { "Linux version 2.4.21-37.EL (bhcompile@build) (gcc version 3.2.3) #1 SMP Wed Sep 7 13:32:18 EDT 2005\nx86_64",
      "3.6 - 37.EL ia32e" },
    { "Linux version 2.4.21-37.EL (bhcompile@build) (gcc version 3.2.3) #1 Wed Sep 7 13:32:18 EDT 2005\nx86_64",
      "3.6 - 37.EL ia32e+x86_64" },
    { "Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0)", "other" },
    { "Kernel 2.4.21-50.ELsmp on an i686", "3.9 smp 50.EL athlon+i686" },
    { "Red Hat Enterprise Linux AS release 4 (Nahant Update 4)\nKernel 2.6.9-42.ELsmp on an i686\n\nguest login: ",
      "4.4 smp 42.EL i686" },
    { "Kernel 2.6.18-53.el5 on an x86_64 (xvc0)", "5.1 - 53.el5 x86_64" },
    { "Kernel 2.6.18-53.el5 is what I run", "none" },
    { "Kernel 2.6.18-53.el5", "none" },
    { 0 },
};

/* rpm -q kernel */
static const Case lists[] = {
    { "kernel-2.4.21-32.0.1.EL.i686\nkernel-2.4.21-40.EL.i686\nkernel-2.4.21-37.0.1.EL.i686\nkernel-2.4.21-47.EL."
      "i686\n",
      "3.5 - 32.0.1.EL i686; 3.7 - 40.EL i686; 3.6 - 37.0.1.EL i686; 3.8 - 47.EL i686" },
    { "kernel-2.6.18-8.el5.x86_64\r\nkernel-2.6.18-53.el5.x86_64\r\n", "5.0 - 8.el5 x86_64; 5.1 - 53.el5 x86_64" },
    { "kernel-2.6.18-8.el5\nkernel-PAE-2.6.18-53.el5", "5.0 - 8.el5 i686+x86_64+ia64; 5.1 PAE 53.el5 i686" },
    { "kernel-devel-2.6.18-53.el5.i686\nkernel-PAE-2.6.18-53.el5.i686\nkernel-headers-2.6.18-53.el5.i386\n",
      "5.1 PAE 53.el5 i686" },
    { "Red Hat Enterprise Linux AS release 3 (Taroon Update 9)\n2.4.21-50.ELhugemem\n", "3.9 hugemem 50.EL i686" },
    { "\n\n  \n    kernel-smp-2.4.21-50.EL.i686\n  kernel-2.4.21-50.EL.athlon  \n\n",
      "3.9 smp 50.EL i686; 3.9 - 50.EL athlon" },
    { "kernel-2.6.18-53.el5.x86_64\n6.1.0-18-amd64\n", "5.1 - 53.el5 x86_64; other" },
    { "kernel-2.6.18-53.el5.i686\nkernel-2.6.18-53.el5.i686\n", "5.1 - 53.el5 i686" },
    { "kernel-2.4.21-50.EL.i686\n2.4.21-50.EL i686\n", "3.9 - 50.EL athlon+i686" },

    /* Several kernels on one line. */
    { "2.6.18-194.el5  2.6.18-194.el5PAE", "5.5 - 194.el5 i686+x86_64+ia64; 5.5 PAE 194.el5 i686" },
    { "2.6.18-194.el5PAE\t2.6.18-194.el5", "5.5 PAE 194.el5 i686; 5.5 - 194.el5 i686+x86_64+ia64" },
    { "2.6.18-8.el5PAE,2.6.18-53.el5PAE;2.6.18-92.el5PAE",
      "5.0 PAE 8.el5 i686; 5.1 PAE 53.el5 i686; 5.2 PAE 92.el5 i686" },
    { "2.6.18-8.el5PAE , 2.6.18-53.el5PAE ; ", "5.0 PAE 8.el5 i686; 5.1 PAE 53.el5 i686" },
    { "vmlinuz-2.6.18-8.el5PAE  vmlinuz-2.6.18-92.el5PAE", "5.0 PAE 8.el5 i686; 5.2 PAE 92.el5 i686" },
    { "2.6.18-194.el5PAE 2.6.32-71.el6", "5.5 PAE 194.el5 i686; other" },
    { "2.6.32-71.el6 2.6.18-194.el5PAE", "other; 5.5 PAE 194.el5 i686" },
    { "kernel-2.6.18-8.el5.i686 kernel-devel-2.6.18-8.el5.i686 kernel-2.6.18-53.el5.i686",
      "5.0 - 8.el5 i686; 5.1 - 53.el5 i686" },
    { "kernel-devel-2.6.18-8.el5.i686 kernel-2.6.18-53.el5.i686", "5.1 - 53.el5 i686" },
    { "2.6.18-8.el5PAE is old 2.6.18-53.el5PAE", "5.0 PAE 8.el5 i686" },
    { "2.6.18-8.el5PAE\r2.6.18-53.el5PAE", "5.0 PAE 8.el5 i686; 5.1 PAE 53.el5 i686" },
    { "2.6.18-8.el5PAE\xc2\xa0"
      "2.6.18-53.el5PAE",
      "5.0 PAE 8.el5 i686; 5.1 PAE 53.el5 i686" },

    /* An architecture on its own narrows the kernels before it, back to the previous architecture. If there are none,
     * it narrows all. */
    { "2.6.9-67.ELsmp\ni686\n", "4.6 smp 67.EL i686" },
    { "2.6.9-67.ELsmp\n\n  i686", "4.6 smp 67.EL i686" },
    { "2.6.9-42.ELsmp 2.6.9-67.ELsmp i686", "4.4 smp 42.EL i686; 4.6 smp 67.EL i686" },
    { "2.6.9-42.ELsmp i686\n2.6.9-67.ELsmp x86_64", "4.4 smp 42.EL i686; 4.6 smp 67.EL x86_64" },
    { "2.6.9-42.ELsmp i686 2.6.9-67.ELsmp x86_64", "4.4 smp 42.EL i686; 4.6 smp 67.EL x86_64" },
    { "2.6.9-42.ELsmp\ni686\n2.6.9-67.ELsmp", "4.4 smp 42.EL i686; 4.6 smp 67.EL i686+x86_64" },
    { "2.4.21-50.ELsmp x86_64 athlon i386", "3.9 smp 50.EL x86_64" },
    { "i686\n2.6.9-42.ELsmp\n2.6.9-67.ELsmp", "4.4 smp 42.EL i686; 4.6 smp 67.EL i686" },
    { "x86_64 2.6.9-67.ELsmp", "4.6 smp 67.EL x86_64" },
    { "kernel-2.6.18-53.el5.i686\nx86_64", "5.1 - 53.el5 i686" },
    { "2.6.9-67.ELsmp on i686", "4.6 smp 67.EL i686+x86_64" },
    { "package kernel is not installed\n", "none" },
    { "package kernel is not installed\nkernel-PAE-2.6.18-53.el5.i686\n", "5.1 PAE 53.el5 i686" },
    { 0 },
};

/* Kernels of systems other than RHEL 3, 4 and 5. */
static const Case others[] = {
    { "2.6.32-71.el6", "other" },
    { "2.6.32-71.el6.x86_64", "other" },
    { "kernel-2.6.32-71.el6.x86_64", "other" },
    { "3.10.0-1160.el7.x86_64", "other" },
    { "6.1.0-18-amd64", "other" },
    { "5.15.0-91-generic", "other" },
    { "2.6.18", "other" },
    { "2.6.18-4-686", "other" },
    { "2.6.18-53.17AXS3", "other" },
    { "2.4.20-8", "other" },
    { "2.4.20-8smp i686", "other" },
    { "2.4.9-e.3", "other" },
    { "2.4.21-57.ELvmnix", "other" },
    { "2.6.39-400.126.1.el5uek", "other" },
    { "kernel-uek-2.6.39-400.126.1.el5uek.x86_64", "other" },
    { "2.6.18-398.el5uek", "other" },
    { "2.6.24.7-149.el5rt", "other" },
    { "kernel-rt-2.6.24.7-149.el5rt.x86_64", "other" },
    { "2.6.18-53.el5rt", "other" },
    { "2.6.9-67.ELsmpx", "other" },
    { "kernel-smp-2.6.9-67.ELhugemem.i686", "other" },
    { "2.6.18-348.el5_x", "other" },
    { "2.6.18-348.el5_9", "other" },
    { "2.6.18-164.11.1.el5_lustre.1.8.2", "other" },
    { "2.6.18-194.el5.028stab069.6", "other" },
    { "2.6.18-128.1.6.el5.xs5.5.0.505.1024xen", "other" },
    { "2.6.18-53.el5.bz123", "other" },
    { "2.6.18-53.el5custom", "other" },
    { "2.6.18-53.el5uek", "other" },
    { "2.6.18-53.el5-", "other" },
    { "2.4.21-50.ELvmnix", "other" },
    { "2.4.21-50.el3", "other" },
    { "2.6.9-67.EL.i686.x86_64", "other" },
    { "2.6.9-67.EL.smp.smp", "other" },
    { "2.6.18-34.106.unsupportedsmp", "other" },
    { "2.4.21-42.0.10.plus.c4smp", "other" },
    { "2.6.18-53.el5PAExen", "other" },
    { "2.6.18-53.el55", "other" },
    { "2.6.18-53.el6", "other" },
    { "2.6.18-53.EL", "other" },
    { "2.6.9-67.el5", "other" },
    { "2.4.21-50.el5", "other" },
    { "2.4.211-50.EL", "other" },
    { "2.6.180-53.el5", "other" },
    { "2.6.1-53.el5", "other" },
    { "12.4.21-50.EL", "other" },
    { 0 },
};

/* Words that name no kernel. */
static const Case nothing[] = {
    { "kernel-module-openafs-2.6.18-53.1.4.el5PAE-1.4.6-58.x86_64", "none" },
    { "kernel-devel-2.6.18-53.el5.x86_64", "none" },
    { "kernel-PAE-devel-2.6.18-53.el5.i686", "none" },
    { "kernel-smp-unsupported-2.4.21-50.EL.i686", "none" },
    { "kernel-unsupported-2.4.21-50.EL.athlon", "none" },
    { "kernel-source-2.4.21-50.EL.i386", "none" },
    { "kernel-sourcecode-2.6.9-67.EL.noarch", "none" },
    { "kernel-doc-2.6.18-53.el5.noarch", "none" },
    { "kernel-2.6.18-8.el5.nosrc.rpm", "none" },
    { "kernel-headers-2.6.18-53.el5.i386", "none" },
    { "kernel-pcmcia-cs-3.1.31-19.i386", "none" },
    { "kernel-utils-2.4-8.37.15.i386", "none" },
    { "kernel-debuginfo-2.6.18-53.el5.i686", "none" },
    { "kernel-debuginfo-common-2.6.18-53.el5.i686", "none" },
    { "kernel-ovs-2.6.18-8.1.15.6.2.el5.i686", "none" },
    { "kernel-smp-headers-2.6.9-67.EL", "none" },
    { "kmod-xenpv-0.1-10.el4.i686", "none" },
    { "glibc-2.6.18-53.el5.i686", "none" },
    { "kernel", "none" },
    { "kernel-", "none" },
    { "kernel-smp", "none" },
    { "i686", "none" },
    { "el5", "none" },
    { "Linux", "none" },
    { "Red Hat Enterprise Linux AS release 3 (Taroon Update 8)", "none" },
    { "FreeBSD guest 6.2-RELEASE", "none" },
    { "I run 2.6.18-53.el5", "none" },
    { "I upgraded from 2.6.18-8.el5 to 2.6.18-53.el5", "none" },
    { "node1: 2.6.18-194.el5", "none" },
    { "i686 x86_64", "none" },
    { ">", "none" },
    { "\"\"", "none" },
    { ",;", "none" },

    /* Text that ran together. */
    { "kernel-2.4.21-50.EL.i686kernel-smp-2.4.21-50.EL.i686", "none" },
    { "2.6.18-8.el52.6.18-53.el5", "none" },
    { "2.4.21-50.ELsmp2.6.9-67.ELsmp", "none" },
    { "\xff\xfe", "none" },
    { "", "no report" },
    { "   ", "no report" },
    { "\r\n\t\n \x01\x1f\x7f", "no report" },
    { "\xc2\x80\xc2\x9f", "no report" },
    { 0 },
};

/* The first number of a release gives the update. */
static const Case updates[] = {
    { "2.6.18-7.el5PAE", "5.-1 PAE 7.el5 i686" },
    { "kernel-2.6.18-1.2747.el5.x86_64", "5.-1 - 1.2747.el5 x86_64" },
    { "2.6.9-4.ELhugemem", "4.-1 hugemem 4.EL i686" },
    { "2.4.21-3.ELhugemem", "3.-1 hugemem 3.EL i686" },
    { "2.4.21-0.ELhugemem", "3.-1 hugemem 0.EL i686" },
    { "kernel-2.4.21-47.0.1.EL.i686", "3.8 - 47.0.1.EL i686" },
    { "kernel-2.4.21-63.EL.i686", "3.9 - 63.EL i686" },
    { "kernel-2.6.9-55.0.12.EL.i686", "4.5 - 55.0.12.EL i686" },
    { "kernel-2.6.18-187.el5.ia64", "5.4 - 187.el5 ia64" },
    { "kernel-2.6.18-371.12.1.el5.i686", "5.10 - 371.12.1.el5 i686" },
    { "kernel-2.6.18-398.9.1.el5.x86_64", "5.11 - 398.9.1.el5 x86_64" },
    { "2.6.18-53.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.el5PAE", "5.1 PAE  i686" }, /* longer than any real one */
    { 0 },
};

/* A number above all known ones is of the newest update, however large it is. */
static void
test_newest_update(void)
{
    static const char *const numbers[] = {
        "1000",
        "4294967304",           /* 2^32 + 8 */
        "18446744073709551615", /* 2^64 - 1 */
        "18446744073709551624", /* 2^64 + 8 */
        "99999999999999999999999999",
    };
    g_autoptr(GArray) known = guide_updates(5);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *report = g_strdup_printf("2.6.18-%s.el5PAE", numbers[i]);
        g_autofree char *expected = g_strdup_printf("5.%u PAE %s.el5 i686", known->len - 1, numbers[i]);
        g_autofree char *got = describe(report, -1);
        expect(report, got, expected);
    }
}

/* Every uname -r with every uname -m, compared with the list of packages in words. An architecture without a package
 * counts if uname -m names it, unless it is x86's or Itanium's. */
static void
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): an oracle, as plain as the list that it is from */
test_every_machine(void)
{
    static const struct {
        const char *release, *flavour, *description;
    } kernels[] = {
        { "2.4.21-50.EL", "", "3.9 - 50.EL" },
        { "2.4.21-50.EL", "smp", "3.9 smp 50.EL" },
        { "2.4.21-50.EL", "hugemem", "3.9 hugemem 50.EL" },
        { "2.4.21-50.EL", "BOOT", "3.9 BOOT 50.EL" },
        { "2.6.9-67.0.1.EL", "", "4.6 - 67.0.1.EL" },
        { "2.6.9-67.0.1.EL", "smp", "4.6 smp 67.0.1.EL" },
        { "2.6.9-67.0.1.EL", "hugemem", "4.6 hugemem 67.0.1.EL" },
        { "2.6.9-67.0.1.EL", "largesmp", "4.6 largesmp 67.0.1.EL" },
        { "2.6.9-67.0.1.EL", "xenU", "4.6 xenU 67.0.1.EL" },
        { "2.6.18-53.el5", "", "5.1 - 53.el5" },
        { "2.6.18-53.el5", "xen", "5.1 xen 53.el5" },
        { "2.6.18-53.el5", "PAE", "5.1 PAE 53.el5" },
        { "2.6.18-53.el5", "debug", "5.1 debug 53.el5" },
    };
    static const struct {
        const char *machine, *means;
    } machines[] = { { "i386", "athlon i386 i686" }, { "i686", "athlon i386 i686" },
                     { "x86_64", "ia32e x86_64" },   { "ia64", "ia64" },
                     { "ppc64", "ppc64" },           { "s390", "s390" },
                     { "s390x", "s390x" },           { "i586", "i586" } };
    static const char *const forms[] = { "%s%s %s",
                                         "Linux h %s%s #1 Tue May 8 17:18:29 EDT 2007 %s unknown unknown GNU/Linux",
                                         "Linux h.example.com %s%s #2 SMP Wed Jul 5 20:39:00 EDT 2006 %s GNU/Linux\n" };

    for (guint p = 0; p < G_N_ELEMENTS(kernels); p++) {
        for (guint m = 0; m < G_N_ELEMENTS(machines); m++) {
            g_autofree char *package = g_strjoin("-", "kernel", *kernels[p].flavour ? kernels[p].flavour : NULL, NULL);
            g_autofree char *list = guide_of_rhel((guint)(kernels[p].description[0] - '0'), package);
            g_auto(GStrv) archs = g_strsplit(list, " ", -1); /* in the enumeration's order */
            g_auto(GStrv) means = g_strsplit(machines[m].means, " ", -1);
            g_autoptr(GPtrArray) left = g_ptr_array_new();
            gboolean is_foreign = g_strv_length(means) == 1 && !g_str_equal(means[0], "ia64");
            for (char **arch = archs; *arch; arch++) {
                if (g_strv_contains((const char *const *)means, *arch))
                    g_ptr_array_add(left, *arch);
            }
            g_ptr_array_add(left, NULL);
            char **meant = left->len > 1 ? (char **)left->pdata : is_foreign ? means : archs;
            g_autofree char *joined = g_strjoinv("+", meant);
            g_autofree char *expected = g_strdup_printf("%s %s", kernels[p].description, joined);

            for (guint f = 0; f < G_N_ELEMENTS(forms); f++) {
                /* RHEL 3 on x86_64 with SMP is ia32e only. */
                gboolean is_ia32e = f == 2 && p == 0 && g_str_equal(machines[m].machine, "x86_64");
                g_auto(GStrv) pieces = g_strsplit(forms[f], "%s", -1);
                g_autofree char *report = g_strconcat(pieces[0], kernels[p].release, kernels[p].flavour, pieces[2],
                                                      machines[m].machine, pieces[3], NULL);
                g_autofree char *got = describe(report, -1);
                expect(report, got, is_ia32e ? "3.9 - 50.EL ia32e" : expected);
            }
        }
    }
}

/* Every package name in nvra.tsv means exactly itself, or no kernel. */
static void
test_corpus(void)
{
    static const char *const images[] = {
        "kernel",      "kernel-smp",   "kernel-hugemem", "kernel-largesmp", "kernel-PAE", "kernel-xen",
        "kernel-xenU", "kernel-debug", "kernel-kdump",   "kernel-BOOT",     NULL
    };
    static const char *const not_images[] = { "kernel-devel",
                                              "kernel-smp-devel",
                                              "kernel-hugemem-devel",
                                              "kernel-largesmp-devel",
                                              "kernel-PAE-devel",
                                              "kernel-xen-devel",
                                              "kernel-xenU-devel",
                                              "kernel-debug-devel",
                                              "kernel-unsupported",
                                              "kernel-smp-unsupported",
                                              "kernel-hugemem-unsupported",
                                              "kernel-headers",
                                              "kernel-doc",
                                              NULL };
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "nvra.tsv", NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);

    guint n = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines + 1; *line && **line; line++, n++) {
        g_auto(GStrv) columns = g_strsplit(*line, "\t", -1);
        g_autoptr(GRegex) regex = g_regex_new("^(.*)-([^-]*)-([^-]*)\\.([^.]*)$", 0, 0, NULL);
        g_auto(GStrv) nvra = g_regex_split(regex, columns[0], 0);
        g_assert_cmpuint(g_strv_length(nvra), ==, 6);
        const char *name = nvra[1], *release = nvra[3], *arch = nvra[4];
        g_assert_true(g_strv_contains(images, name) != g_strv_contains(not_images, name));

        g_autofree char *expected = g_strdup("none");
        if (g_strv_contains(images, name)) {
            guint major = (guint)(columns[1][0] - '0');
            g_autoptr(GArray) known = guide_updates(major);
            gint update = (gint)known->len - 1;
            while (update >= 0 && g_array_index(known, guint64, update) > strtoul(release, NULL, 10))
                update--;
            g_free(expected);
            expected = g_strdup_printf("%u.%d %s %s %s", major, update, name[6] ? name + 7 : "-", release, arch);
        }
        g_autofree char *got = describe(columns[0], -1);
        g_autofree char *rpm = g_strconcat(columns[0], ".rpm", NULL);
        g_autofree char *got_rpm = describe(rpm, -1);
        expect(columns[0], got, expected);
        expect(rpm, got_rpm, expected);
    }
    g_assert_cmpuint(n, ==, 2133);
}

/* 4,096 bytes are read. If the limit cuts the last line, the line is dropped; a line that ends at the limit stays. */
static void
test_cap(void)
{
    static const char first[] = "kernel-2.4.21-50.EL.i686\n", last[] = "2.6.18-53.el5PAE";
    static const char *const after[] = { "", "\nkernel-2.6.18-8.el5.i686\n", "\n", "junk" };
    const gsize length = sizeof(last) - 1;

    for (gsize inside = 0; inside <= length + 1; inside++) { /* how much of the last line is within the limit */
        for (guint i = 0; i < G_N_ELEMENTS(after); i++) {
            GString *text = g_string_new(first);
            while (text->len < XPV_REPORT_MAX - inside - 1)
                g_string_append_c(text, text->len % 64 ? '#' : '\n');
            g_string_append_printf(text, "\n%s%s", last, after[i]);
            g_autofree char *data = g_string_free(text, FALSE);
            gboolean is_cut = inside < length || (inside == length && after[i][0] == 'j');
            gboolean is_word = after[i][0] == 'j'; /* "el5PAEjunk" */
            g_autofree char *input = g_strdup_printf("%zu bytes within the cap, then \"%s\"", inside, after[i]);
            g_autofree char *got = describe(data, -1);
            g_autofree char *got_sized = describe(data, (gssize)strlen(data));
            const char *expected = is_cut || is_word ? "3.9 - 50.EL i686" : "3.9 - 50.EL i686; 5.1 PAE 53.el5 i686";

            expect(input, got, expected);
            expect(input, got_sized, expected);
        }
    }
    g_assert_cmpuint(XPV_REPORT_MAX, ==, 4096);
}

static void
test_text(void)
{
    static const struct {
        const char *report, *text;
    } cases[] = {
        { "kernel-PAE-2.6.18-53.1.4.el5.i686", "kernel-PAE-2.6.18-53.1.4.el5.i686" },
        { "kernel-2.4.21-50.EL.i32e\n", "kernel-2.4.21-50.EL.i32e" },
        { "  2.4.21-50.EL\n2.6.9-67.EL\r\n", "2.4.21-50.EL 2.6.9-67.EL" },
        { "\x1b[31m2.4.21-50.EL\x07", "[31m2.4.21-50.EL" },
        { "2.4.21-50.EL\xff", "2.4.21-50.EL\xef\xbf\xbd" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(XpvReport) report = xpv_report_parse(cases[i].report, -1);
        expect(cases[i].report, xpv_report_text(report), cases[i].text);
    }

    /* "é" has two bytes and counts as one character. */
    g_autofree char *line = g_strnfill(300, 'x');
    g_autofree char *lines = g_strconcat("2.4.21-50.EL\n\xc3\xa9", line, "\n", NULL);
    g_autoptr(XpvReport) report = xpv_report_parse(lines, -1);
    g_assert_cmpint(g_utf8_strlen(xpv_report_text(report), -1), ==, 256);
    g_assert_true(g_str_has_prefix(xpv_report_text(report), "2.4.21-50.EL \xc3\xa9xxx"));
}

/* Whatever a guest writes, nothing crashes, and every text and kernel can be published. */
static void
check_sane(const char *data, gsize length)
{
    g_autoptr(XpvReport) report = xpv_report_parse(data, (gssize)length);
    const char *broken = broken_in_report(report);
    expect_true(data, !broken, broken);
}

static void
test_hostile(void)
{
    /* None of these is a kernel of RHEL 3, 4 or 5. */
    static const char *const malformed[] = {
        "kernel--.EL.",
        "kernel---",
        "kernel--",
        "-",
        ".",
        "--.EL",
        "kernel-2.4.21",
        "kernel-2.4.21-",
        "2.4.21-",
        "kernel-2.4.21-.EL.i686",
        "2.4.21-.EL",
        "2.4.21-EL",
        "2.6.18--el5",
        "2.6.18-x.el5",
        "kernel-2.4.21--50.EL",
        "2.4.21--50.EL",
        "2..18-53.el5",
        "2.6.18-53.",
        "2.6.18--53.el5",
        "kernel-smp-smp-2.4.21-50.EL.i686",
        ".rpm",
        ".i686.rpm",
        "Linux ",
        "Linux h",
        "Linux h ",
        "Linux h #1 SMP",
        "vmlinuz-",
        "kernel-2.4.21-50.EL.src.rpm",
        "kernel-2.4.21-50.EL.noarch",
        "%s%n%s%n",
    };
    for (guint i = 0; i < G_N_ELEMENTS(malformed); i++) {
        g_autoptr(XpvReport) report = xpv_report_parse(malformed[i], -1);
        guint n = 0;
        const XpvKernel *kernels = report ? xpv_report_kernels(report, &n) : NULL;
        for (guint j = 0; j < n; j++)
            expect_true(malformed[i], kernels[j].major == 0, "is no kernel of RHEL 3, 4 or 5");
        check_sane(malformed[i], strlen(malformed[i]));
    }

    /* A value in xenstore may end in NULs. They are control characters. */
    g_autofree char *terminated = describe("2.4.21-50.ELhugemem\0\0", 21);
    expect("2.4.21-50.ELhugemem, NUL, NUL", terminated, "3.9 hugemem 50.EL i686");
    g_autofree char *nuls = describe("\0\0\0\0", 4);
    expect("NULs", nuls, "no report");
    check_sane("2.4.21-50.EL\0smp\nkernel-\0-\0.i686", 33);
    check_sane("kernel-\xff\xfe-2.4.21-\xc2.EL.i686", 27);

    static const char *const fillers[] = { "a",
                                           "9",
                                           "-",
                                           ".",
                                           " ",
                                           "\n",
                                           "2.4.21-50.EL\n",
                                           "kernel-",
                                           "2.6.18-",
                                           "EL",
                                           ".el5",
                                           "Linux ",
                                           "\xc3\xa9",
                                           "\xff",
                                           "kernel-2.6.18-53.el5.i686\n" };
    static const char *const prefixes[] = { "", "2.6.18-53.el5\n", "2.4.21-5", "kernel-2.6.18-53.el5.", "Linux h " };
    for (guint i = 0; i < G_N_ELEMENTS(fillers); i++) {
        for (guint j = 0; j < G_N_ELEMENTS(prefixes); j++) {
            GString *text = g_string_new(prefixes[j]);
            while (text->len < 64 * 1024)
                g_string_append(text, fillers[i]);
            check_sane(text->str, text->len);
            g_string_free(text, TRUE);
        }
    }

    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (guint i = 0; i < 50000 && !g_test_failed(); i++) {
        gsize length;
        g_autofree char *data = hostile_report(rand, &length);
        check_sane(data, length);
    }
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/report/packages", packages, test_cases);
    g_test_add_data_func("/report/releases", releases, test_cases);
    g_test_add_func("/report/around", test_around);
    g_test_add_data_func("/report/unames", unames, test_cases);
    g_test_add_data_func("/report/lists", lists, test_cases);
    g_test_add_data_func("/report/others", others, test_cases);
    g_test_add_data_func("/report/nothing", nothing, test_cases);
    g_test_add_data_func("/report/updates", updates, test_cases);
    g_test_add_func("/report/newest-update", test_newest_update);
    g_test_add_func("/report/every-machine", test_every_machine);
    g_test_add_func("/report/corpus", test_corpus);
    g_test_add_func("/report/cap", test_cap);
    g_test_add_func("/report/text", test_text);
    g_test_add_func("/report/hostile", test_hostile);
    return g_test_run();
}
