/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running kernel, from the output of a serial console. The logs are those of real guests, shortened. */
#include "common/console.h"

#include "common/report.h"
#include "tests/expect.h"

#define RHEL_3                                                                                                         \
    "Linux version 2.4.21-9.0.1.ELsmp (bhcompile@daffy.perf.redhat.com) (gcc version 3.2.3 20030502 (Red Hat Linux "   \
    "3.2.3-26)) #1 SMP Mon Feb 9 22:11:50 EST 2004"
#define RHEL_3_UP                                                                                                      \
    "Linux version 2.4.21-50.EL (brewbuilder@hs20-bc1-5.build.redhat.com) (gcc version 3.2.3 20030502 (Red Hat Linux " \
    "3.2.3-58)) #1 Tue May 8 17:10:31 EDT 2007"
#define RHEL_4                                                                                                         \
    "Linux version 2.6.9-89.ELsmp (mockbuild@hs20-bc2-3.build.redhat.com) (gcc version 3.4.6 20060404 (Red Hat "       \
    "3.4.6-11)) #1 SMP Mon Apr 20 10:34:33 EDT 2009"
#define RHEL_5                                                                                                         \
    "Linux version 2.6.18-164.el5PAE (mockbuild@x86-003.build.bos.redhat.com) (gcc version 4.1.2 20080704 (Red Hat "   \
    "4.1.2-46)) #1 SMP Tue Aug 18 15:59:11 EDT 2009"
#define DEBIAN                                                                                                         \
    "Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU "    \
    "Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)"

#define E820 "BIOS-provided physical RAM map:\n BIOS-e820: 0000000000000000 - 000000000009fc00 (usable)\n"
#define KDUMP "Kernel command line: ro root=LABEL=/ console=ttyS0 irqpoll maxcpus=1 memmap=exactmap elfcorehdr=32768K\n"

static char *
report_of(const char *log, gsize length, gsize piece)
{
    g_autoptr(XpvConsole) console = xpv_console_new();
    for (gsize at = 0; at < length; at += piece) {
        /* Each piece is a copy, so that the sanitizer notices a read beyond its end. */
        g_autofree char *copy = g_memdup2(log + at, MIN(piece, length - at));
        xpv_console_feed(console, copy, MIN(piece, length - at));
    }
    return xpv_console_report(console);
}

/* The report is the same for pieces of any size. */
static void
expect_report(const char *log, gsize length, const char *report)
{
    static const gsize pieces[] = { 1, 7, 64, 4096, 1 << 20 };
    for (guint i = 0; i < G_N_ELEMENTS(pieces); i++) {
        g_autofree char *got = report_of(log, length, pieces[i]);
        expect(log, got, report);
    }
}

typedef struct {
    const char *log, *report;
} Case;

static void
check_cases(const Case *cases, guint n)
{
    for (guint i = 0; i < n; i++)
        expect_report(cases[i].log, strlen(cases[i].log), cases[i].report);
}

static void
test_releases(void)
{
    static const Case cases[] = {
        /* RHEL 3, x86_64, from LKML, 2004. */
        { "Bootdata ok (command line is ro root=LABEL=/ console=tty1 console=ttyS0)\n" RHEL_3
          "\nBIOS-provided physical RAM map:\n BIOS-e820: 0000000000000000 - 000000000009ec00 (usable)\n"
          "Scanning NUMA topology in Northbridge 24\nKernel command line: ro root=LABEL=/ console=tty1 console=ttyS0\n"
          "\nRed Hat Enterprise Linux AS release 3 (Taroon Update 1)\nKernel 2.4.21-9.0.1.ELsmp on an "
          "x86_64\n\nlogin: ",
          RHEL_3 "\nx86_64" },
        { RHEL_3_UP "\n" E820 "0MB HIGHMEM available.\n255MB LOWMEM available.\n", RHEL_3_UP "\ni686" },
        { "Bootdata ok (command line is ro root=/dev/VolGroup00/LogVol00 console=ttyS0)\n" RHEL_4 "\n" E820,
          RHEL_4 "\nx86_64" },
        { RHEL_4 "\n" E820 "0MB HIGHMEM available.\n", RHEL_4 "\ni686" },
        { RHEL_5 "\n" E820 "127MB HIGHMEM available.\n896MB LOWMEM available.\n", RHEL_5 "\ni686" },
        { RHEL_5 "\nCommand line: ro root=/dev/VolGroup00/LogVol00 console=ttyS0\n" E820, RHEL_5 "\nx86_64" },
        { RHEL_5 "\nEFI v1.10 by Xen/ia64: SALsystab=0x2 ACPI 2.0=0x14\n", RHEL_5 },
        /* Newer kernels print their command line on both architectures, and a time before each line. */
        { "[    0.000000] " DEBIAN "\n[    0.000000] Command line: root=/dev/xvda console=ttyS0\n", DEBIAN },
        /* The first line alone is enough. */
        { RHEL_3 "\n", RHEL_3 },
        { "", NULL },
        { "\n\r\n", NULL },
        { "SeaBIOS (version 1.16)\r\nGRUB loading, please wait...\r\n", NULL },
    };
    check_cases(cases, G_N_ELEMENTS(cases));
}

/* With "quiet", the kernel prints nothing; getty's banner names it. */
static void
test_banner(void)
{
    static const Case cases[] = {
        { "Red Hat Enterprise Linux ES release 3 (Taroon Update 9)\nKernel 2.4.21-50.ELsmp on an i686\n\nerp login: ",
          "Kernel 2.4.21-50.ELsmp on an i686" },
        { "Kernel 2.6.18-164.el5 on an x86_64 (ttyS0)\r\n", "Kernel 2.6.18-164.el5 on an x86_64" },
        { "Kernel 2.4.21-50.EL on an i686\nKernel 2.6.9-89.EL on an i686\n", "Kernel 2.6.9-89.EL on an i686" },
        /* The banner adds the architecture to the kernel's first line. */
        { RHEL_3 "\nKernel 2.4.21-9.0.1.ELsmp on an i686\n", RHEL_3 "\ni686" },
        { RHEL_3 "\n" E820 "Kernel 2.4.21-9.0.1.ELsmp on an x86_64\n", RHEL_3 "\ni686" }, /* the kernel decides */
        /* The banner of another machine, to which somebody logs in from this guest. */
        { RHEL_3 "\n# telnet db\nKernel 2.6.9-89.ELsmp on an x86_64\n", RHEL_3 },
        { "Kernel 2.4.21-50.EL on an i686\n" RHEL_5 "\n", RHEL_5 },
        /* None of these is a banner. */
        { "Kernel 2.4.21-50.EL on an i6", NULL },
        { "Kernel 2.4.21-50.EL on an i6\n", NULL },
        { "Kernel 2.4.21-50.EL on an abacus\n", NULL },
        { "Kernel panic on an i686\n", NULL },
        { "Kernel 2.4.21 50 on an i686\n", NULL },
        { "Kernel \\r on an \\m\n", NULL },
        { "my Kernel 2.4.21-50.EL on an i686\n", NULL },
    };
    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_reboot(void)
{
    static const Case cases[] = {
        { RHEL_3 "\n" E820 "Rebooting\n" RHEL_4 "\n", RHEL_4 },
        { "Bootdata ok (command line is x)\n" RHEL_4 "\nRestarting system.\n" RHEL_5 "\n" E820, RHEL_5 "\ni686" },
        { RHEL_5 "\n" E820 "Restarting system.\n" RHEL_5 "\nCommand line: x\n", RHEL_5 "\nx86_64" },
        { RHEL_3 "\nKernel 2.4.21-9.0.1.ELsmp on an i686\n" RHEL_3 "\n", RHEL_3 },
    };
    check_cases(cases, G_N_ELEMENTS(cases));
}

/* The kdump kernel, which saves the memory of a crashed kernel, is not the guest's. */
static void
test_kdump(void)
{
    static const Case cases[] = {
        { RHEL_4 "\n" E820 "Kernel panic\n" RHEL_5 "\n" E820 KDUMP, RHEL_4 "\ni686" },
        { RHEL_4 "\n" RHEL_5 "\nCommand line: ro elfcorehdr=32768K\n" E820 KDUMP, RHEL_4 },
        { RHEL_4 "\nBootdata ok (command line is ro elfcorehdr=1K)\n" RHEL_5 "\n" E820, RHEL_4 },
        /* Its getty's banner does not count either. The next kernel does. */
        { RHEL_5 "\n" KDUMP "Kernel 2.6.18-164.el5PAE on an i686\n", NULL },
        { RHEL_4 "\n" RHEL_5 "\n" KDUMP "Restarting system.\n" RHEL_4 "\n" E820, RHEL_4 "\ni686" },
        { RHEL_4 "\n" RHEL_5 "\n" KDUMP RHEL_5 "\n" KDUMP, RHEL_4 },
        /* Later output that looks like this is not from the kernel. */
        { RHEL_4 "\n" RHEL_5 "\nKernel command line: ro\n" KDUMP, RHEL_5 },
        { RHEL_5 "\necho elfcorehdr=\n", RHEL_5 },
        { KDUMP RHEL_5 "\n", RHEL_5 },
    };
    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_torn(void)
{
    static const Case cases[] = {
        { RHEL_3, NULL }, /* the line may go on */
        { "Linux version 2.4.21-50.EL", NULL },
        { "Linux version 2.4.21-50.EL\nsmp (bhcompile@x) (gcc version 3.2.3) #1 SMP\n", NULL },
        { "Linux version 2.4.21-50.ELINIT: version 2.85 booting\n", NULL },
        { "Linux version 2.4.21-50.EL (bhcompile@x) (gcc ve\n", NULL },
        { "Linux version 2.4.21-50.EL (bhcompile@x) (gcc version 3.2.3) #\n", NULL },
        { "Linux version x (bhcompile@x) (gcc version 3.2.3) #1 SMP\n", NULL },
        { "INIT: " RHEL_3 "\n", NULL },
        { "Linux  version 2.4.21-50.EL (x) (y) #1\n", NULL },
        /* The memory map counts only directly after the kernel's line. */
        { RHEL_5 "\nINIT: x\n" E820, RHEL_5 },
    };
    check_cases(cases, G_N_ELEMENTS(cases));
}

static void
test_terminal(void)
{
    static const Case cases[] = {
        { "\x1b[0m\x1b[2J\x1b[1;1H" RHEL_3 "\r\n", RHEL_3 },
        { "\x1b(B\x1b"
          "7\x1b[?25l" RHEL_3 "\r\r\n",
          RHEL_3 },
        { "  50%\r 100%\r" RHEL_3 "\r\n\r\n\r\nBIOS-provided physical RAM map:\r\n", RHEL_3 "\ni686" },
        { "\x1b", NULL },
        { "\x1b[", NULL },
        { "\x1b[\n[    0.000000", NULL },
        { "\x1b[\n[    0.000000]", NULL },
        { "[[[]]]\n" RHEL_3 "\n", RHEL_3 },
        { "\a\b\v\f\x7f" RHEL_3 "\a\n", RHEL_3 },
    };
    check_cases(cases, G_N_ELEMENTS(cases));

    static const char nuls[] = "\0\0" RHEL_3 "\0\n\0BIOS-provided \0physical RAM map:\0\n";
    expect_report(nuls, sizeof nuls - 1, RHEL_3 "\ni686");
}

/* A line of any length takes no more memory than a report, and names no kernel. */
static void
test_endless_line(void)
{
    g_autofree char *noise = g_strnfill(256 * 1024, '#');
    g_autofree char *endless = g_strconcat("Linux version 2.4.21-50.EL (x) ", noise, " #1\n", NULL);
    g_autofree char *before = g_strconcat(noise, RHEL_4 "\n", NULL);
    g_autofree char *between = g_strconcat(RHEL_5 "\n", noise, "\n" E820, NULL);
    g_autofree char *recovers = g_strconcat(endless, RHEL_3 "\n", NULL);
    expect_report(endless, strlen(endless), NULL);
    expect_report(before, strlen(before), NULL);
    expect_report(between, strlen(between), RHEL_5);
    expect_report(recovers, strlen(recovers), RHEL_3);

    g_autofree char *longest = g_strnfill(XPV_REPORT_MAX - strlen(RHEL_3), 'x');
    g_autofree char *whole = g_strconcat(RHEL_3, longest, NULL);
    g_autofree char *line = g_strconcat(whole, "\n", NULL);
    g_autofree char *longer = g_strconcat(whole, "x\n", NULL);
    expect_report(line, strlen(line), whole);
    expect_report(longer, strlen(longer), NULL);
}

static void
feed(XpvConsole *console, const char *text)
{
    xpv_console_feed(console, text, strlen(text));
}

static void
expect_console(const XpvConsole *console, const char *report)
{
    g_autofree char *got = xpv_console_report(console);
    expect("", got, report);
}

/* Text after a gap does not continue the text before it. */
static void
test_gap(void)
{
    g_autoptr(XpvConsole) console = xpv_console_new();
    feed(console, RHEL_4 "\nLinux version 2.4.21-50.E");
    xpv_console_skip(console);
    feed(console, "L (x) (y) #1 SMP\n");
    expect_console(console, RHEL_4);
    xpv_console_skip(console);
    feed(console, RHEL_3 "\n"); /* its start may be missing */
    expect_console(console, RHEL_4);
    feed(console, RHEL_3 "\n" E820); /* "Bootdata ok" may be in the gap */
    expect_console(console, RHEL_3);
    feed(console, RHEL_3 "\n" E820);
    expect_console(console, RHEL_3 "\ni686");

    xpv_console_skip(console);
    feed(console, "\n" RHEL_5 "\n" E820);
    expect_console(console, RHEL_5);
    feed(console, RHEL_5 "\n");
    xpv_console_skip(console);
    feed(console, "\n" E820);
    expect_console(console, RHEL_5);
    feed(console, "Bootdata ok (command line is x)\n");
    xpv_console_skip(console);
    feed(console, "\n" RHEL_4 "\n");
    expect_console(console, RHEL_4);
}

int
main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/console/releases", test_releases);
    g_test_add_func("/console/banner", test_banner);
    g_test_add_func("/console/reboot", test_reboot);
    g_test_add_func("/console/kdump", test_kdump);
    g_test_add_func("/console/torn", test_torn);
    g_test_add_func("/console/terminal", test_terminal);
    g_test_add_func("/console/endless-line", test_endless_line);
    g_test_add_func("/console/gap", test_gap);
    return g_test_run();
}
