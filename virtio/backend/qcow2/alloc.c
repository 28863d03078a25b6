/* Clusters that get a place in the file, and their first data.
 *
 * Where the request covers whole clusters, or the rest of them reads as zeros and so does the place that was found, the
 * guest's own buffers are written. Otherwise the cluster is put together in a buffer first: what it held before, and
 * the guest's bytes over it. Only when the data are written does the L2 table learn of it. */
#include "virtio/backend/qcow2/alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/backend/qcow2/fetch.h"
#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/plan.h"
#include "virtio/backend/qcow2/publish.h"
#include "virtio/backend/qcow2/queue.h"
#include "virtio/backend/qcow2/reap.h"

enum alloc_stage {
	STAGE_GUEST, /* the guest's buffers are being written */
	STAGE_SOURCE, /* what the cluster held is being read into the buffer */
	STAGE_BUFFER, /* the buffer is being written */
};

static struct qcow2_alloc *alloc_of(const struct block_walk *walk)
{
	return (struct qcow2_alloc *)(uintptr_t)walk->format[0];
}

static bool writes_zeros(const struct block_walk *walk)
{
	return walk->parent->op > BLOCK_WRITE_DURABLE;
}

struct qcow2_alloc *qcow2_alloc_find(const struct qcow2_table *table, uint32_t index)
{
	struct qcow2_alloc *alloc = table->allocs;

	while (alloc != NULL && (index < alloc->first || index - alloc->first >= alloc->nr))
		alloc = alloc->next;
	return alloc;
}

/* --- the end --- */

static void release(struct qcow2 *image, struct qcow2_alloc *alloc)
{
	*alloc->link = alloc->next;
	if (alloc->next != NULL)
		alloc->next->link = alloc->link;
	if (alloc->buffer != NULL) {
		free(alloc->buffer);
		image->nr_buffers--;
		qcow2_queue_wake(image, &image->no_buffer);
	}
	qcow2_queue_wake(image, &alloc->waiting);
	qcow2_queue_wake(image, &image->no_room);
	alloc->next = image->free_allocs;
	image->free_allocs = alloc;
}

/* The data are written: the guest's clusters are there from now on. */
static void install(struct qcow2 *image, struct block_walk *walk)
{
	struct qcow2_alloc *alloc = alloc_of(walk);

	for (uint32_t i = 0; i < alloc->nr; i++)
		qcow2_map_set(image, alloc->table, alloc->first + i,
			      (alloc->host + ((uint64_t)i << image->cluster_bits)) | QCOW2_COPIED, alloc->in_place);
	walk->format[0] = 0;
	release(image, alloc);
}

bool qcow2_alloc_ended(struct block_walk *walk, int result)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	struct qcow2_alloc *alloc = alloc_of(walk);

	if (alloc != NULL && result == 0) {
		install(image, walk);
	} else if (alloc != NULL) {
		if (!alloc->in_place)
			qcow2_reap_later(image, alloc->host, (uint64_t)alloc->nr << image->cluster_bits);
		walk->format[0] = 0;
		release(image, alloc);
	}
	if (result < 0 || walk->parent->op != BLOCK_WRITE_DURABLE)
		return true;
	qcow2_publish_flush(image, walk->parent);
	return false;
}

void qcow2_alloc_drop_all(struct qcow2 *image)
{
	while (image->free_allocs != NULL) {
		struct qcow2_alloc *alloc = image->free_allocs;

		image->free_allocs = alloc->next;
		free(alloc);
	}
}

/* --- on the way --- */

/* The guest's bytes over what the cluster held; then it goes to its place. */
static void write_buffer(struct qcow2 *image, struct block_walk *walk, struct qcow2_alloc *alloc)
{
	uint64_t in_cluster = (walk->parent->offset + walk->position) & (image->cluster_bytes - 1);

	if (writes_zeros(walk))
		memset(alloc->buffer + in_cluster, 0, alloc->bytes);
	else
		block_walk_gather(walk, alloc->buffer + in_cluster, alloc->bytes);
	alloc->stage = STAGE_BUFFER;
	block_walk_send_own(walk, image->file, BLOCK_WRITE, alloc->host, alloc->buffer, image->cluster_bytes);
}

static void write_guest(struct qcow2 *image, struct block_walk *walk, const struct qcow2_alloc *alloc)
{
	uint64_t offset = walk->parent->offset + walk->position;
	uint64_t start = ((offset >> image->cluster_bits) - qcow2_l2_index(image, offset) + alloc->first)
			 << image->cluster_bits;

	block_walk_send(walk, image->file, BLOCK_WRITE, alloc->host + (offset - start), alloc->end - walk->position);
}

bool qcow2_alloc_step(struct block_walk *walk)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	struct qcow2_alloc *alloc = alloc_of(walk);
	uint64_t bytes;

	if (alloc == NULL)
		return false;
	switch ((enum alloc_stage)alloc->stage) {
	case STAGE_SOURCE:
		write_buffer(image, walk, alloc);
		return true;
	case STAGE_BUFFER:
		bytes = alloc->bytes;
		install(image, walk);
		block_walk_skip(walk, bytes);
		return true;
	case STAGE_GUEST:
		break;
	}
	/* The guest's buffers may be in more pieces than go at once. */
	if (walk->position < alloc->end) {
		write_guest(image, walk, alloc);
		return true;
	}
	install(image, walk);
	return false;
}

/* --- the beginning --- */

static struct qcow2_alloc *make_alloc(struct qcow2 *image, bool buffered)
{
	struct qcow2_alloc *alloc = image->free_allocs;
	uint8_t *buffer = NULL;

	if (buffered) {
		buffer = qcow2_buffer(image->cluster_bytes);
		if (buffer == NULL)
			return NULL;
	}
	if (alloc != NULL) {
		image->free_allocs = alloc->next;
	} else {
		alloc = malloc(sizeof(*alloc));
		if (alloc == NULL) {
			free(buffer);
			return NULL;
		}
	}
	*alloc = (struct qcow2_alloc){ .buffer = buffer };
	image->nr_buffers += buffered;
	qcow2_queue_init(&alloc->waiting);
	return alloc;
}

/* Brings what the cluster held into the buffer. */
static void read_source(struct qcow2 *image, struct block_walk *walk, const struct qcow2_plan *plan,
			const uint8_t *fetched)
{
	struct qcow2_alloc *alloc = alloc_of(walk);
	uint64_t start = plan->offset - plan->in_cluster;

	if (fetched != NULL) {
		memcpy(alloc->buffer, fetched, image->cluster_bytes);
		write_buffer(image, walk, alloc);
		return;
	}
	memset(alloc->buffer, 0, image->cluster_bytes);
	if (alloc->bytes == image->cluster_bytes || qcow2_map_is_zeros(image, &plan->old, start)) {
		write_buffer(image, walk, alloc);
		return;
	}
	alloc->stage = STAGE_SOURCE;
	if (plan->old.kind == QCOW2_IS_DATA) {
		block_walk_send_own(walk, image->file, BLOCK_READ, plan->old.host, alloc->buffer, image->cluster_bytes);
	} else {
		uint64_t there = image->backing->geometry.size_bytes - start;

		block_walk_send_own(walk, image->backing, BLOCK_READ, start, alloc->buffer,
				    there < image->cluster_bytes ? there : image->cluster_bytes);
	}
}

/* Finds the place: that of old, which reads as zeros and is our own, or a free one. */
static int take_place(struct qcow2 *image, struct block_walk *walk, struct qcow2_table *table, struct qcow2_plan *plan,
		      struct qcow2_run *run)
{
	int rc;

	if (plan->old.owned) {
		*run = (struct qcow2_run){ .host = plan->old.host, .nr = 1 };
		return 0;
	}
	table->nr_pins++;
	rc = qcow2_refcount_take(image, plan->nr, false, walk, run);
	table->nr_pins--;
	if (rc < 0)
		return rc;
	if (!plan->buffered)
		qcow2_plan_fit(image, plan, run);
	return 0;
}

static int start(struct block_walk *walk, struct qcow2_table *table, struct qcow2_plan *plan)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	const uint8_t *fetched = NULL;
	struct qcow2_alloc *alloc;
	struct qcow2_run run;
	uint64_t covered;
	int rc = qcow2_plan_make(image, table, writes_zeros(walk), plan);

	if (rc < 0)
		return rc;
	if ((plan->head_partial || plan->buffered) && image->nr_buffers >= image->max_buffers) {
		qcow2_queue_push(&image->no_buffer, walk);
		return -EINPROGRESS;
	}
	if (plan->buffered && plan->head_partial && plan->old.kind == QCOW2_IS_COMPRESSED) {
		rc = qcow2_fetch(image, plan->old.entry, walk, &fetched);
		if (rc < 0)
			return rc;
	}
	rc = take_place(image, walk, table, plan, &run);
	if (rc < 0)
		return rc;
	alloc = make_alloc(image, plan->buffered);
	if (alloc == NULL) {
		if (!plan->old.owned)
			qcow2_refcount_untake(image, run.host, run.nr);
		return -ENOMEM;
	}
	covered = (run.nr << image->cluster_bits) - plan->in_cluster;
	alloc->table = table;
	alloc->first = qcow2_l2_index(image, plan->offset);
	alloc->nr = (uint32_t)run.nr;
	alloc->host = run.host;
	alloc->in_place = plan->old.owned;
	alloc->bytes = covered < plan->length ? covered : plan->length;
	alloc->end = walk->position + alloc->bytes;
	alloc->stage = STAGE_GUEST;
	alloc->next = table->allocs;
	alloc->link = &table->allocs;
	if (alloc->next != NULL)
		alloc->next->link = &alloc->next;
	table->allocs = alloc;
	walk->format[0] = (uintptr_t)alloc;
	if (plan->buffered)
		read_source(image, walk, plan, fetched);
	else
		write_guest(image, walk, alloc);
	return 0;
}

void qcow2_alloc_start(struct block_walk *walk, struct qcow2_table *table, uint64_t offset, uint64_t length)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	struct qcow2_plan plan = {
		.offset = offset,
		.length = length,
		.in_cluster = offset & (image->cluster_bytes - 1),
	};
	int rc = start(walk, table, &plan);

	if (rc < 0 && rc != -EINPROGRESS)
		block_walk_fail(walk, rc);
}
