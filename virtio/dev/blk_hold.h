/* Requests that the disk has failed, kept for another try (the policy "pause" of I/O errors).
 *
 * Theory of operation. A request that fails joins the list, and the owner of the device is told with the first one, so
 * that it can pause the guest. Every second all of the list are tried again; what fails again comes back. When the last
 * has gone through the owner is told so. The guest knows nothing of it: its requests take longer. All on the disk's
 * loop. */
#ifndef VIRTIO_DEV_BLK_HOLD_H
#define VIRTIO_DEV_BLK_HOLD_H

#include <stdbool.h>

#include "virtio/dev/blk.h"
#include "vmm/core/loop_timer.h"

struct blk_request;

struct blk_hold {
	const struct blk_trouble_ops *ops; /* NULL: nothing is held, errors are reported to the guest */
	void *arg;
	void (*retry)(struct blk_request *request);
	struct blk_request *first;
	struct blk_request **tail;
	unsigned int nr_troubled; /* held, or being tried again */
	struct loop_timer timer;
};

/* `retry` starts a request over. 0, or the errno of loop_timer_init(). */
__attribute__((warn_unused_result)) int blk_hold_init(struct blk_hold *hold, const struct blk_config *config,
						      void (*retry)(struct blk_request *request));
/* Nothing is held. */
void blk_hold_fini(struct blk_hold *hold);

/* Whether a request that failed with `error`, a negative errno, is to be held. */
bool blk_hold_wants(const struct blk_hold *hold, int error);
/* Keeps it; `trouble` is for the owner. */
void blk_hold_add(struct blk_hold *hold, struct blk_request *request, const struct blk_trouble *trouble);
/* A request that was once held has ended, one way or the other. */
void blk_hold_ended(struct blk_hold *hold);
/* Takes one off the list, or NULL: for a reset, which ends them all. */
struct blk_request *blk_hold_pop(struct blk_hold *hold);

#endif
