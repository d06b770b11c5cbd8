/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A harness. libFuzzer calls it with generated input, and replay.c with the files of the corpus. It asserts what must
 * hold of every input; a failed assertion ends the program, and the fuzzer keeps the input. The head of a harness has
 * the figures of its last run of ten minutes with the address, undefined-behaviour and leak sanitizers, as tests/run
 * --fuzz prints them. The sanitizers take most of the memory. */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize length);
