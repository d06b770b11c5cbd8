/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/console.h"

#include <string.h>

#include "common/report.h"
#include "common/text.h"

#define FIRST_LINE "Linux version "
#define BANNER "Kernel "
#define BANNER_MACHINE " on an "

/* What tells the machine: an x86_64 kernel of RHEL 3 and 4 prints BOOTDATA before its first line, one of RHEL 5 prints
 * COMMAND_LINE just after it, and an i386 one prints MEMORY_MAP just after it. */
#define BOOTDATA "Bootdata ok (command line"
#define COMMAND_LINE "Command line: "
#define MEMORY_MAP "BIOS-provided physical RAM map:"
#define KERNEL_COMMAND_LINE "Kernel command line: "
#define RHEL_5 "2.6.18-"

/* Only kdump's kernel has this on its command line: the address of the crashed kernel's memory. */
#define KDUMP " elfcorehdr="

typedef struct {
    char *first_line; /* NULL: only a banner names it */
    char *release;    /* NULL: no kernel */
    XpvArch machine;  /* XPV_ARCH_UNKNOWN: not known */
} Kernel;

struct _XpvConsole {
    GString *line;        /* the line whose end was not fed yet */
    gboolean is_torn;     /* that line's beginning was not fed, or it is too long */
    gboolean is_followed; /* nothing is missing before that line */
    Kernel kernel;
    Kernel before;               /* the kernel before the last first line */
    gboolean is_kdump;           /* kdump's kernel runs now; .kernel is the one that crashed */
    gboolean is_starting;        /* .kernel has not printed its command line yet */
    gboolean is_after_first;     /* the next line comes just after a kernel's first line */
    gboolean has_bootdata;       /* there was a BOOTDATA for the next first line */
    gboolean has_kdump_bootdata; /* and it was of kdump's kernel */
};

static void
kernel_clear(Kernel *kernel)
{
    g_free(kernel->first_line);
    g_free(kernel->release);
    *kernel = (Kernel){ 0 };
}

static void
drop_controls(GString *line)
{
    gsize length = 0;
    for (gsize i = 0; i < line->len; i++) {
        if (!g_ascii_iscntrl(line->str[i]))
            line->str[length++] = line->str[i];
    }
    g_string_truncate(line, length);
}

/* Skips blanks and printk's times, "[    0.000000] ", before the text of a line. */
static const char *
skip_lead(const char *line)
{
    line += strspn(line, " ");
    while (*line == '[' && line[1 + strspn(line + 1, " 0123456789.")] == ']') {
        line += 2 + strspn(line + 1, " 0123456789.");
        line += strspn(line, " ");
    }
    return line;
}

/* Returns: (nullable) the text after the prefix; NULL: @line does not begin with it. */
static const char *
behind(const char *line, const char *prefix)
{
    return g_str_has_prefix(line, prefix) ? line + strlen(prefix) : NULL;
}

/* A kernel's first line is "Linux version R (BUILDER) (COMPILER) #1 SMP DATE".
 * Returns: (nullable) R; NULL: it is another line, or cut. */
static char *
parse_first_line(const char *line)
{
    const char *release = behind(line, FIRST_LINE);
    if (!release || !g_ascii_isdigit(*release))
        return NULL;
    const char *end = strstr(release, " (");
    const char *version = end ? strstr(end, " #") : NULL;
    if (!version || !g_ascii_isdigit(version[2]) || memchr(release, ' ', (gsize)(end - release)))
        return NULL;
    return g_strndup(release, (gsize)(end - release));
}

/* Returns: (nullable) the release; NULL: it is not a banner. */
static char *
parse_banner(const char *line, XpvArch *ret_machine)
{
    const char *release = behind(line, BANNER);
    const char *end = release ? strstr(release, BANNER_MACHINE) : NULL;
    if (!end || !g_ascii_isdigit(*release) || memchr(release, ' ', (gsize)(end - release)))
        return NULL;
    const char *machine = end + strlen(BANNER_MACHINE);
    g_autofree char *word = g_strndup(machine, strcspn(machine, " "));
    return xpv_arch_from_word(word, ret_machine) ? g_strndup(release, (gsize)(end - release)) : NULL;
}

/* @release: (transfer full) */
static void
begin_kernel(XpvConsole *console, const char *line, char *release)
{
    kernel_clear(&console->before);
    console->before = console->kernel;
    console->kernel.first_line = g_strdup(line);
    console->kernel.release = release;
    console->kernel.machine = console->has_bootdata ? XPV_ARCH_X86_64 : XPV_ARCH_UNKNOWN;
    console->is_kdump = FALSE;
    console->is_starting = TRUE;
    console->is_after_first = console->is_followed;
    console->has_bootdata = FALSE;
}

/* Goes back to the kernel that crashed: the last first line was of kdump's kernel. */
static void
drop_kdump(XpvConsole *console)
{
    kernel_clear(&console->kernel);
    console->kernel = console->before;
    console->before = (Kernel){ 0 };
    console->is_kdump = TRUE;
    console->is_starting = FALSE;
    console->is_after_first = FALSE;
}

/* A banner may be that of another machine, if somebody logs in there on this console. @release: (transfer full) */
static void
take_banner(XpvConsole *console, char *release, XpvArch machine)
{
    Kernel *kernel = &console->kernel;
    if (!kernel->first_line && !console->is_kdump) {
        g_free(kernel->release);
        *kernel = (Kernel){ .release = g_steal_pointer(&release), .machine = machine };
    } else if (kernel->machine == XPV_ARCH_UNKNOWN && g_strcmp0(kernel->release, release) == 0) {
        kernel->machine = machine;
    }
    g_free(release);
}

static void
take_line_after_first(Kernel *kernel, const char *line)
{
    if (kernel->machine != XPV_ARCH_UNKNOWN)
        return;
    if (behind(line, MEMORY_MAP))
        kernel->machine = XPV_ARCH_I686;
    else if (behind(line, COMMAND_LINE) && behind(kernel->release, RHEL_5))
        kernel->machine = XPV_ARCH_X86_64;
}

static void
take_command_line(XpvConsole *console, const char *line)
{
    if (strstr(line, KDUMP))
        drop_kdump(console);
    else if (behind(line, KERNEL_COMMAND_LINE)) /* the last of these lines */
        console->is_starting = FALSE;
}

static void
take_line(XpvConsole *console, const char *line)
{
    char *release = parse_first_line(line);
    XpvArch machine;
    if (release) {
        begin_kernel(console, line, release);
        if (console->has_kdump_bootdata)
            drop_kdump(console);
        console->has_kdump_bootdata = FALSE;
        return;
    }
    if (console->is_after_first)
        take_line_after_first(&console->kernel, line);
    console->is_after_first = FALSE;
    if (behind(line, BOOTDATA)) {
        console->has_bootdata = TRUE;
        console->has_kdump_bootdata = strstr(line, KDUMP) != NULL;
    } else if (console->is_starting && (behind(line, COMMAND_LINE) || behind(line, KERNEL_COMMAND_LINE))) {
        take_command_line(console, line);
    } else if ((release = parse_banner(line, &machine))) {
        take_banner(console, release, machine);
    }
}

static void
end_line(XpvConsole *console)
{
    xpv_text_drop_escapes(console->line);
    drop_controls(console->line);
    const char *text = skip_lead(console->line->str);
    if (console->is_torn) {
        console->is_after_first = FALSE;
    } else if (*text != '\0') {
        take_line(console, text);
        console->is_followed = TRUE;
    }
    console->is_torn = FALSE;
    g_string_truncate(console->line, 0);
}

/* CR and LF each end a line; empty lines do not matter. */
static gsize
length_of_line(const char *data, gsize length)
{
    gsize n = 0;
    while (n < length && data[n] != '\n' && data[n] != '\r')
        n++;
    return n;
}

void
xpv_console_feed(XpvConsole *console, const char *data, gsize length)
{
    while (length > 0) {
        gsize n = length_of_line(data, length);
        gsize taken = MIN(n, XPV_REPORT_MAX - console->line->len);
        g_string_append_len(console->line, data, (gssize)taken);
        console->is_torn = console->is_torn || taken < n;
        if (n == length)
            return;
        end_line(console);
        data += n + 1;
        length -= n + 1;
    }
}

void
xpv_console_skip(XpvConsole *console)
{
    g_string_truncate(console->line, 0);
    console->is_torn = TRUE;
    console->is_followed = FALSE;
    console->is_after_first = FALSE;
    console->has_bootdata = FALSE;
    console->has_kdump_bootdata = FALSE;
}

char *
xpv_console_report(const XpvConsole *console)
{
    const Kernel *kernel = &console->kernel;
    const char *machine = xpv_arch_to_word(kernel->machine);
    if (!kernel->release)
        return NULL;
    if (!kernel->first_line)
        return g_strconcat(BANNER, kernel->release, BANNER_MACHINE, machine, NULL);
    if (kernel->machine == XPV_ARCH_UNKNOWN)
        return g_strdup(kernel->first_line);
    return g_strconcat(kernel->first_line, "\n", machine, NULL);
}

XpvConsole *
xpv_console_new(void)
{
    XpvConsole *console = g_new0(XpvConsole, 1);
    console->line = g_string_new(NULL);
    console->is_followed = TRUE;
    return console;
}

void
xpv_console_free(XpvConsole *console)
{
    if (!console)
        return;
    g_string_free(console->line, TRUE);
    kernel_clear(&console->kernel);
    kernel_clear(&console->before);
    g_free(console);
}
