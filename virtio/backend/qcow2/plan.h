/* Which clusters get a place together, and whether the guest's buffers can be written there as they are. */
#ifndef VIRTIO_BACKEND_QCOW2_PLAN_H
#define VIRTIO_BACKEND_QCOW2_PLAN_H

#include "virtio/backend/qcow2/map.h"
#include "virtio/backend/qcow2/refcount.h"

/* What is known before a place is looked for. */
struct qcow2_plan {
	uint64_t offset, length; /* of the virtual disk */
	uint64_t in_cluster;
	struct qcow2_extent old; /* the first cluster */
	uint64_t nr;
	bool head_partial, tail_partial; /* the first, the last cluster is not covered as a whole */
	bool buffered;
};

/* Plans for plan->offset and plan->length, in this L2 table; `zeros`: no bytes of the guest's are written. 0 or -EIO.
 */
__attribute__((warn_unused_result)) int qcow2_plan_make(struct qcow2 *image, const struct qcow2_table *table,
							bool zeros, struct qcow2_plan *plan);
/* Fits the plan to the place that was found: one that does not read as zeros can't take a part of a cluster. Gives back
 * what it does not need. */
void qcow2_plan_fit(struct qcow2 *image, struct qcow2_plan *plan, struct qcow2_run *run);

#endif
