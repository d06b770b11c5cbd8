/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Escape sequences. */
#pragma once

#define XPV_CTL_STYLE_NONE ""
#define XPV_CTL_STYLE_HEADING "\033[1m"
#define XPV_CTL_STYLE_GOOD "\033[32m"
#define XPV_CTL_STYLE_BAD "\033[1;31m"
#define XPV_CTL_STYLE_OPEN "\033[33m"
#define XPV_CTL_STYLE_FAINT "\033[2m"
#define XPV_CTL_STYLE_END "\033[0m"
