/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings of which the process keeps one copy, however many have it: the daemon notes a domain's UUID at several
 * places, and thousands of guests have the same kernel. GRefString is the same, but not safe here:
 * g_ref_string_new_intern() can return a string whose last reference another thread is just releasing. */
#pragma once

#include <glib.h>

typedef char XpvInterned;

/* xpv_intern: a reference to the one copy of @text. Any thread.
 * @text: (nullable)
 * Returns: (transfer full) (nullable) NULL if @text is. Release with xpv_interned_release(). */
XpvInterned *xpv_intern(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* xpv_interned_release: @interned: (nullable) */
void xpv_interned_release(XpvInterned *interned);
