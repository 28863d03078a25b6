#include "virtio/backend/qcow2/plan.h"

#include "virtio/backend/qcow2/alloc.h"

int qcow2_plan_make(struct qcow2 *image, const struct qcow2_table *table, bool zeros, struct qcow2_plan *plan)
{
	uint64_t start = plan->offset - plan->in_cluster;
	uint64_t end = plan->offset + plan->length;
	uint32_t first = qcow2_l2_index(image, plan->offset);
	int rc = qcow2_map(image, table, start, image->cluster_bytes, &plan->old);

	if (rc < 0)
		return rc;
	plan->nr = 1;
	plan->head_partial = plan->in_cluster != 0 || plan->length < image->cluster_bytes;
	plan->tail_partial = plan->head_partial;
	if (zeros || plan->old.owned || (plan->head_partial && !qcow2_map_is_zeros(image, &plan->old, start))) {
		plan->buffered = plan->head_partial || zeros;
		return 0;
	}
	for (;;) {
		uint64_t next = start + (plan->nr << image->cluster_bits);
		struct qcow2_extent extent;
		bool partial;

		if (next >= end || first + plan->nr >= UINT64_C(1) << image->l2_bits ||
		    qcow2_alloc_find(table, first + (uint32_t)plan->nr) != NULL ||
		    qcow2_map(image, table, next, image->cluster_bytes, &extent) < 0 || extent.owned)
			break;
		partial = end - next < image->cluster_bytes;
		if (partial && !qcow2_map_is_zeros(image, &extent, next))
			break;
		plan->tail_partial = partial;
		plan->nr++;
	}
	return 0;
}

void qcow2_plan_fit(struct qcow2 *image, struct qcow2_plan *plan, struct qcow2_run *run)
{
	uint64_t keep = run->nr;

	if (run->fresh)
		return;
	if (plan->head_partial || (plan->tail_partial && plan->nr == 1)) {
		plan->buffered = true;
		keep = 1;
	} else if (plan->tail_partial && run->nr == plan->nr) {
		keep = run->nr - 1;
	}
	qcow2_refcount_untake(image, run->host + (keep << image->cluster_bits), run->nr - keep);
	run->nr = keep;
}
