/* What the tests of the loop and of its users share. Each test runs once with each engine. */
#ifndef TEST_UNIT_LOOP_SUPPORT_H
#define TEST_UNIT_LOOP_SUPPORT_H

#include <stddef.h>

#include "test/unit/unit.h"
#include "vmm/core/loop.h"

/* Loop tests' `_i` is the engine. */
#define LOOP_TEST_FIRST LOOP_ENGINE_URING
#define LOOP_TEST_END (LOOP_ENGINE_THREAD + 1)
#define add_engine_test(tcase, test) tcase_add_loop_test(tcase, test, LOOP_TEST_FIRST, LOOP_TEST_END)

/* A loop on the engine; the next one that this host permits, with a printed line, where it is refused. */
struct loop *make_loop(int engine, unsigned int nr_entries);

/* An open temporary file, already unlinked; `flags` as O_DIRECT. */
int make_file(int flags);

/* Submits the request and runs the loop, which nobody else runs, until it is done: its result. */
int perform(struct loop *loop, struct loop_io *io);

#define owner_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
