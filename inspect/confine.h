/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sandbox of qemu-nbd, which reads an image that a hostile guest may have written. It can open its libraries and
 * that image, only to read (by Landlock). It cannot make a socket, start a process or send a signal (by a filter of
 * system calls). Its memory and its processor time are limited. */
#pragma once

#include <glib.h>

#define XPV_CONFINE_MEMORY (256U * 1024 * 1024)
#define XPV_CONFINE_PROCESSOR 10U /* seconds */

/* xpv_confine: confines this process, which then becomes the program. If it fails, the process is half confined.
 * @program: the path of it; @image: the only other file that it may open
 * Returns: (nullable) NULL, or what could not be done, with errno */
const char *xpv_confine(const char *program, int image) G_GNUC_WARN_UNUSED_RESULT;
