/* Reads that do not lie contiguously in one file. */
#include "virtio/backend/qcow2/steps.h"

#include <errno.h>

#include "virtio/backend/qcow2/fetch.h"
#include "virtio/backend/qcow2/map.h"

static void read_fetched(struct qcow2 *image, struct block_walk *walk, uint64_t offset,
			 const struct qcow2_extent *extent)
{
	uint64_t in_cluster = offset & (image->cluster_bytes - 1);
	uint64_t length = image->cluster_bytes - in_cluster;
	const uint8_t *bytes;
	int rc = qcow2_fetch(image, extent->entry, walk, &bytes);

	if (rc == 0)
		block_walk_scatter(walk, bytes + in_cluster, length < extent->length ? length : extent->length);
	else if (rc != -EINPROGRESS)
		block_walk_fail(walk, rc);
}

static void read_data(struct qcow2 *image, struct block_walk *walk, uint64_t offset, const struct qcow2_extent *extent)
{
	/* Whole clusters that the file has; the last one may be cut off in a file that QEMU made. */
	uint64_t in_cluster = offset & (image->cluster_bytes - 1);
	uint64_t there = (image->file_bytes & ~(image->cluster_bytes - 1)) - (extent->host - in_cluster);
	uint64_t length = extent->length;

	if (extent->host + length > image->file_bytes) {
		if (there == 0) {
			read_fetched(image, walk, offset, extent);
			return;
		}
		length = there - in_cluster;
	}
	block_walk_send(walk, image->file, BLOCK_READ, extent->host, length);
}

void qcow2_read_step(struct block_walk *walk)
{
	struct qcow2 *image = qcow2_of(walk->owner);
	uint64_t offset = walk->parent->offset + walk->position;
	struct qcow2_extent extent;
	struct qcow2_table *table;
	int rc = qcow2_map_table(image, offset, walk, &table);

	if (rc == 0)
		rc = qcow2_map(image, table, offset, walk->parent->length - walk->position, &extent);
	if (rc != 0) {
		if (rc != -EINPROGRESS)
			block_walk_fail(walk, rc);
		return;
	}
	if (qcow2_map_is_zeros(image, &extent, offset)) {
		block_walk_zeros(walk, extent.length);
	} else if (extent.kind == QCOW2_IS_ABSENT) {
		uint64_t there = image->backing->geometry.size_bytes - offset;

		block_walk_send(walk, image->backing, BLOCK_READ, offset,
				there < extent.length ? there : extent.length);
	} else if (extent.kind == QCOW2_IS_COMPRESSED) {
		read_fetched(image, walk, offset, &extent);
	} else {
		read_data(image, walk, offset, &extent);
	}
}
