/* Copies of what has changed in the tables of a qcow2 image, and writing them in an order that is safe at each moment.
 */
#ifndef VIRTIO_BACKEND_QCOW2_PIECES_H
#define VIRTIO_BACKEND_QCOW2_PIECES_H

#include "virtio/backend/qcow2/image.h"

enum qcow2_publish_stage {
	QCOW2_STAGE_REFCOUNT_BLOCKS,
	QCOW2_STAGE_REFCOUNT_TABLE,
	QCOW2_STAGE_HEADER,
	QCOW2_STAGE_L2_TABLES,
	QCOW2_STAGE_L1_TABLE,
	QCOW2_NR_STAGES,
};

/* A copy of bytes that go to the disk. */
struct qcow2_piece {
	enum qcow2_publish_stage stage;
	uint64_t offset;
	uint64_t len;
	uint8_t *bytes;
	struct qcow2_table *table; /* whose they are; NULL: of L1 table, refcount table or header */
	struct qcow2_dirty dirty; /* what they are of it */
};

struct qcow2_publish {
	struct loop_io io;
	struct qcow2 *image;
	struct block_request *flushes; /* complete with it */
	struct qcow2_deref_list dropped; /* unused when it is done */
	size_t nr;
	struct qcow2_piece pieces[];
};

/* Copies what has changed. From here on it counts as written. NULL without memory. */
struct qcow2_publish *qcow2_publish_collect(struct qcow2 *image);
void qcow2_publish_free(struct qcow2_publish *publish);
/* Writes and syncs it all; `io` is the publish's. On the worker thread, or while no loop runs. 0 or a negative errno.
 */
int qcow2_publish_write(struct loop_io *io);

#endif
