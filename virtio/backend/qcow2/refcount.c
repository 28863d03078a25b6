/* Which clusters of the file are in use, and taking those that are not. */
#include "virtio/backend/qcow2/refcount.h"

#include <errno.h>

#include "virtio/backend/qcow2/damaged.h"
#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/refcount_grow.h"
#include "virtio/backend/qcow2/table.h"
#include "vmm/base/checked.h"

static uint32_t block_index(const struct qcow2 *image, uint64_t index)
{
	return (uint32_t)index & ((1u << image->block_bits) - 1);
}

uint64_t qcow2_refcount_get(const struct qcow2 *image, const struct qcow2_table *block, uint64_t index)
{
	uint32_t i = block_index(image, index), order = image->header.refcount_order;
	const uint8_t *at = block->bytes + ((uint64_t)i << order) / 8;
	uint64_t value = 0;

	if (order < 3)
		return *at >> ((i << order) & 7) & ((1u << (1u << order)) - 1);
	for (uint32_t n = 0; n < 1u << (order - 3); n++)
		value = value << 8 | at[n];
	return value;
}

void qcow2_refcount_set(struct qcow2 *image, struct qcow2_table *block, uint64_t index, uint64_t count)
{
	uint32_t i = block_index(image, index), order = image->header.refcount_order;
	uint64_t first = ((uint64_t)i << order) / 8;
	uint32_t bytes = order < 3 ? 1 : 1u << (order - 3);
	uint8_t *at = block->bytes + first;

	if (order < 3) {
		uint32_t shift = (i << order) & 7, mask = (1u << (1u << order)) - 1;

		*at = (uint8_t)((*at & ~(mask << shift)) | (uint32_t)count << shift);
	} else {
		for (uint32_t n = bytes; n-- > 0; count >>= 8)
			at[n] = (uint8_t)count;
	}
	qcow2_table_dirty(block, first, bytes);
}

int qcow2_refcount_block(struct qcow2 *image, uint64_t index, struct block_walk *walk, struct qcow2_table **out)
{
	uint64_t i = index >> image->block_bits;

	if (i >= image->nr_blocks || image->refcount_table[i] == 0) {
		*out = NULL;
		return 0;
	}
	return qcow2_table_get(image, &image->blocks[i], image->refcount_table[i], walk, out);
}

/* Whether nothing was ever written there; from now on it may have been. */
static bool use_fresh(struct qcow2 *image, uint64_t host, uint64_t bytes)
{
	bool fresh = host >= image->fresh_from;

	if (host + bytes > image->fresh_from)
		image->fresh_from = host + bytes;
	return fresh;
}

/* A block for a range that has none, so that all its clusters are free: it takes the first of them itself. */
static int make_block(struct qcow2 *image, uint64_t i, struct qcow2_table **out)
{
	uint64_t index = i << image->block_bits;
	uint64_t host = index << image->cluster_bits;
	int rc;

	if (i >= image->nr_blocks) {
		rc = qcow2_refcount_grow(image, index);
		if (rc < 0)
			return rc;
		if (image->blocks[i] != NULL) { /* made to count the larger table */
			*out = image->blocks[i];
			return 0;
		}
	}
	rc = qcow2_file_reserve(image, host + image->cluster_bytes);
	if (rc < 0)
		return rc;
	rc = qcow2_set_add(&image->metadata, index);
	if (rc <= 0)
		return rc < 0 ? rc
			      : qcow2_damaged(image, "the cluster at %llu is not counted", (unsigned long long)host);
	rc = qcow2_table_make(image, &image->blocks[i], host, out);
	if (rc < 0) {
		qcow2_set_remove(&image->metadata, index);
		return rc;
	}
	image->refcount_table[i] = host;
	qcow2_dirty_add(&image->refcount_table_dirty, 8 * i, 8);
	qcow2_refcount_set(image, *out, index, 1);
	(void)use_fresh(image, host, image->cluster_bytes);
	return 0;
}

/* The first free cluster at or behind first_free, with its block. */
static int find_free(struct qcow2 *image, struct block_walk *walk, struct qcow2_table **block)
{
	for (;;) {
		uint64_t i = image->first_free >> image->block_bits;
		uint64_t end = (i + 1) << image->block_bits;
		int rc;

		if (end > QCOW2_MAX_OFFSET >> image->cluster_bits)
			return -ENOSPC;
		rc = qcow2_refcount_block(image, image->first_free, walk, block);
		if (rc == 0 && *block == NULL)
			rc = make_block(image, i, block);
		if (rc < 0)
			return rc;
		for (; image->first_free < end; image->first_free++)
			if (qcow2_refcount_get(image, *block, image->first_free) == 0)
				return 0;
	}
}

int qcow2_refcount_take(struct qcow2 *image, uint64_t wanted, bool metadata, struct block_walk *walk,
			struct qcow2_run *run)
{
	struct qcow2_table *block;
	uint64_t first, end, limit;
	int rc = find_free(image, walk, &block);

	if (rc < 0)
		return rc;
	first = image->first_free;
	limit = ((first >> image->block_bits) + 1) << image->block_bits;
	if (limit - first > wanted)
		limit = first + wanted;
	for (end = first; end < limit && qcow2_refcount_get(image, block, end) == 0; end++)
		if (qcow2_set_has(&image->metadata, end))
			return qcow2_damaged(image, "the table at %llu is not counted as in use",
					     (unsigned long long)end << image->cluster_bits);
	rc = qcow2_file_reserve(image, end << image->cluster_bits);
	if (rc < 0)
		return rc;
	if (metadata) {
		rc = qcow2_set_add(&image->metadata, first);
		if (rc < 0)
			return rc;
	}
	for (uint64_t index = first; index < end; index++)
		qcow2_refcount_set(image, block, index, 1);
	image->first_free = end;
	run->host = first << image->cluster_bits;
	run->nr = end - first;
	run->fresh = use_fresh(image, run->host, run->nr << image->cluster_bits);
	return 0;
}

void qcow2_refcount_untake(struct qcow2 *image, uint64_t host, uint64_t nr)
{
	uint64_t first = host >> image->cluster_bits;
	struct qcow2_table *block = image->blocks[first >> image->block_bits];

	/* Just now they were all in this block, and it is still there. */
	for (uint64_t i = 0; i < nr; i++)
		qcow2_refcount_set(image, block, first + i, 0);
	if (nr > 0 && first < image->first_free)
		image->first_free = first;
}
