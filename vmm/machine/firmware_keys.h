/* The console's input while the loader runs: keys for its menu, and all that it does not take for the guest's device.
 */
#ifndef VMM_MACHINE_FIRMWARE_KEYS_H
#define VMM_MACHINE_FIRMWARE_KEYS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/stream.h"

struct firmware_keys {
	struct loop *loop; /* that the stream is on */
	struct stream *stream; /* NULL: no input */
	struct stream_user device; /* whose the input is otherwise */
	int ready_fd; /* eventfd: input waits */
};

/* Takes the input from the device that is attached to `stream`. 0 or a negative errno. Control thread. */
__attribute__((warn_unused_result)) int firmware_keys_init(struct firmware_keys *keys, struct loop *loop,
							   struct stream *stream);
/* Gives it back; the loader gets no key any more. A vCPU thread, or the control thread when none runs. */
void firmware_keys_fini(struct firmware_keys *keys);

/* The next byte, or -EAGAIN if none came within `timeout_ms` (UINT32_MAX: no limit) or `*cancel` became true, which is
 * looked at whenever a signal comes. A vCPU thread. */
__attribute__((warn_unused_result)) int firmware_keys_wait(struct firmware_keys *keys, uint32_t timeout_ms,
							   const atomic_bool *cancel);

#endif
