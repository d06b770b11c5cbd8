/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report sources: where a report of a guest's kernel comes from. */
#pragma once

/* In order of precedence: the running guest itself comes first. */
#define XPV_REPORT_SOURCES(SOURCE)                                                                                     \
    SOURCE(xenstore)                                                                                                   \
    SOURCE(console)                                                                                                    \
    SOURCE(metadata)                                                                                                   \
    SOURCE(file)                                                                                                       \
    SOURCE(direct_boot)                                                                                                \
    SOURCE(disk)
