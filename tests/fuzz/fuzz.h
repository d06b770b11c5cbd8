/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A harness: libFuzzer calls it with what it makes up, replay.c with what is in the corpus. It asserts what must hold
 * of every input; an assertion that fails ends the program, and the fuzzer keeps the input. At a harness's head stand
 * the figures of its last run of ten minutes, with the address, undefined-behaviour and leak sanitizers, as tests/run
 * --fuzz prints them; most of the memory is the sanitizers'. */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize length);
