/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who reports a guest's kernel. */
#pragma once

/* In the order in which they are believed: the running guest itself, then those who know it. */
#define XPV_REPORT_SOURCES(SOURCE)                                                                                     \
    SOURCE(xenstore)                                                                                                   \
    SOURCE(console)                                                                                                    \
    SOURCE(metadata)                                                                                                   \
    SOURCE(file)                                                                                                       \
    SOURCE(direct_boot)
