/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A harness: libFuzzer calls it with what it makes up, replay.c with what is in the corpus. It asserts what must hold
 * of every input; an assertion that fails ends the program, and the fuzzer keeps the input. */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize length);
