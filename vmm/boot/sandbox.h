/* Work on hostile bytes, in a child process that can compute and nothing else.
 *
 * The decompressors are other people's code. What a guest hands over is unpacked by them in a process that has no
 * descriptor left, may make no system call but those that get memory, owns nothing of the guest's memory, and has
 * bounded memory and time: whoever takes it over owns a copy of the bytes that it gave. */
#ifndef VMM_BOOT_SANDBOX_H
#define VMM_BOOT_SANDBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* CPU time of one child: many times what the slowest format takes for the largest kernel. */
#define SANDBOX_CPU_SECONDS 60

/* Forks, and runs `work(arg)` in the child, on one thread. What it is to bring back goes to memory from
 * scratch_map_shared(); all else that it writes is lost. It may allocate `memory_bytes`.
 * Returns what `work` returned, which is 0 or more or a negative errno; -EBADMSG if it did not end by itself;
 * -ECANCELED if `*cancel` (may be NULL), looked at whenever a signal comes and ten times a second, is true; or why
 * there was no child. Any thread, also several at a time. */
__attribute__((warn_unused_result)) int sandbox_run(int (*work)(void *arg), void *arg, uint64_t memory_bytes,
						    const atomic_bool *cancel);

#endif
