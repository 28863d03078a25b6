/* Where the guest's bytes are in a qcow2 image. */
#ifndef VIRTIO_BACKEND_QCOW2_MAP_H
#define VIRTIO_BACKEND_QCOW2_MAP_H

#include "virtio/backend/qcow2/image.h"

enum qcow2_kind {
	QCOW2_IS_ABSENT, /* in the backing file, or zeros */
	QCOW2_IS_ZERO,
	QCOW2_IS_DATA,
	QCOW2_IS_COMPRESSED,
};

/* Where neighbouring guest bytes are. */
struct qcow2_extent {
	enum qcow2_kind kind;
	bool owned; /* DATA: may be written in place. ZERO: the place may be used again */
	uint64_t host; /* DATA: of the first byte; ZERO: of the first cluster, 0: none */
	uint64_t length;
	uint64_t entry; /* the first cluster's */
};

/* What lies at `offset` of the virtual disk and how much of the same follows, up to `length` and not beyond the L2
 * table. `table` is the L2 table, NULL if there is none. 0, or -EIO for an entry that makes no sense. */
__attribute__((warn_unused_result)) int qcow2_map(struct qcow2 *image, const struct qcow2_table *table, uint64_t offset,
						  uint64_t length, struct qcow2_extent *extent);
/* Whether the extent, which begins at `offset`, reads as zeros without a look at any data. */
bool qcow2_map_is_zeros(const struct qcow2 *image, const struct qcow2_extent *extent, uint64_t offset);
/* The L2 table of this guest offset, to read: *out is NULL if there is none. As qcow2_table_get(). */
__attribute__((warn_unused_result)) int qcow2_map_table(struct qcow2 *image, uint64_t offset, struct block_walk *walk,
							struct qcow2_table **out);
/* The same to change it: it is made if there is none, and copied if a snapshot shares it. */
__attribute__((warn_unused_result)) int qcow2_map_own_table(struct qcow2 *image, uint64_t offset,
							    struct block_walk *walk, struct qcow2_table **out);
/* Changes an entry of an own table, and drops what the old one referred to unless `keep_place`. */
void qcow2_map_set(struct qcow2 *image, struct qcow2_table *table, uint32_t index, uint64_t entry, bool keep_place);

static inline uint64_t qcow2_l1_index(const struct qcow2 *image, uint64_t offset)
{
	return offset >> (image->cluster_bits + image->l2_bits);
}

static inline uint32_t qcow2_l2_index(const struct qcow2 *image, uint64_t offset)
{
	return (uint32_t)(offset >> image->cluster_bits) & ((1u << image->l2_bits) - 1);
}

static inline uint64_t qcow2_entry(const struct qcow2_table *table, uint32_t index)
{
	return qcow2_be64(table->bytes + 8 * (size_t)index);
}

#endif
