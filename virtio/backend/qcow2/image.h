/* The inside of an open qcow2 image. Nobody outside of this folder includes it.
 *
 * Theory of operation. All metadata is cached and changed in memory, by the loop's thread alone, so there is no lock:
 * other threads only ever get buffers of their own to fill, unpack or write out. The L1 table and the refcount table
 * are held as a whole, L2 tables and refcount blocks in a cache of limited size (qcow2/table.c).
 *
 * A request whose whole range lies contiguously in the image's file, or in the backing file, is forwarded as it is
 * (qcow2/qcow2.c). Any other becomes a walk (block_walk.h): qcow2/read.c, qcow2/write.c and qcow2/zero.c hold the
 * steps. A step that lacks a table, or meets a cluster that another walk is allocating, is put on a queue and looks
 * again when there is something new; so each step starts from what the tables say at that time.
 *
 * What a crash leaves. New data goes to clusters that nothing on the disk points to; the tables' changes stay in
 * memory until a flush publishes them in an order in which nothing on the disk ever points to what is not yet there
 * (qcow2/pieces.c). A cluster that a change has dropped keeps its reference until that change is published
 * (qcow2/reap.c). So the worst that is left is a cluster that is counted and not used, which `qemu-img check` calls a
 * leak; detaching leaves none. */
#ifndef VIRTIO_BACKEND_QCOW2_IMAGE_H
#define VIRTIO_BACKEND_QCOW2_IMAGE_H

#include "virtio/backend/block_ops.h"
#include "virtio/backend/block_walk.h"
#include "virtio/backend/qcow2/header.h"
#include "virtio/backend/qcow2/set.h"

#define QCOW2_NR_FETCHES 4

/* Walks that wait for the same thing, in the order they came. */
struct qcow2_queue {
	struct block_walk *head;
	struct block_walk **tail;
};

/* Bytes of a table that differ from the disk. Empty if first == end. */
struct qcow2_dirty {
	uint64_t first, end;
};

enum qcow2_table_state {
	QCOW2_TABLE_LOADING,
	QCOW2_TABLE_READY,
	QCOW2_TABLE_FAILED, /* until those who wait have seen it */
};

/* An L2 table or a refcount block: one cluster. */
struct qcow2_table {
	struct qcow2_table **slot; /* in qcow2.l2 or qcow2.blocks */
	struct qcow2_table *next, **link; /* of all tables */
	uint64_t offset; /* in the file */
	uint8_t *bytes; /* as on the disk */
	enum qcow2_table_state state;
	int error; /* FAILED */
	bool used; /* since the cache last looked for one to drop */
	bool publishing; /* the disk doesn't have all of it yet */
	unsigned int nr_pins;
	struct qcow2_dirty dirty;
	struct qcow2_queue waiting;
	struct qcow2_alloc *allocs; /* L2: the clusters that get their data just now */
	struct qcow2 *image;
	struct block_request request; /* loading */
	struct iovec iov;
};

/* Clusters that get a place in the file and their first data: qcow2/alloc.c. */
struct qcow2_alloc {
	struct qcow2_alloc *next, **link; /* of the table; `next` of the free ones */
	struct qcow2_table *table;
	uint32_t first, nr; /* entries of the table */
	uint64_t host; /* where they will be */
	bool in_place; /* they had that place already and read as zeros */
	uint64_t bytes; /* of the request that it covers */
	uint64_t end; /* the walk's position when they are written */
	uint8_t *buffer; /* the whole cluster, where the request covers only a part; or NULL */
	unsigned int stage;
	struct qcow2_queue waiting; /* for these clusters */
};

/* Clusters whose use has ended: of each, one reference is to go. */
struct qcow2_deref {
	uint64_t first, nr; /* cluster indices */
};

struct qcow2_deref_list {
	struct qcow2_deref *items;
	size_t nr, max;
};

/* A cluster that is brought to memory by the worker thread: compressed, or cut off by the end of the file. */
struct qcow2_fetch {
	struct loop_io io;
	struct qcow2 *image;
	uint64_t entry; /* the L2 entry that describes it; 0: none */
	uint8_t *bytes;
	bool busy, failed;
	int error;
	uint64_t used_at;
	struct qcow2_queue waiting;
};

struct qcow2_publish;

struct qcow2 {
	struct block block; /* first */
	struct block *file; /* raw: the image's own file */
	struct block *backing; /* or NULL */
	struct loop *loop; /* while attached */
	int fd; /* of `file` */
	bool direct; /* O_DIRECT */
	bool is_device;
	bool damaged; /* found so while in use: nothing is written any more */
	bool discard; /* give clusters back, and their space */
	uint64_t file_bytes; /* of the file; what lies behind is not there */
	uint64_t used_bytes; /* what of it is in use, as far as we know */
	uint64_t fresh_from; /* nothing was ever written from here on: reads as zeros */

	struct qcow2_header header; /* as on the disk */
	uint32_t cluster_bits;
	uint64_t cluster_bytes;
	uint32_t l2_bits; /* entries of an L2 table, as a power of two */
	uint32_t block_bits; /* entries of a refcount block, likewise */

	/* Guest offset -> l1[] -> l2[] -> host offset. In host order; entries as on the disk. */
	uint64_t *l1;
	struct qcow2_table **l2; /* by L1 index; NULL: not loaded */
	struct qcow2_dirty l1_dirty;

	/* Cluster index -> refcount_table[] -> blocks[] -> refcount. */
	uint64_t *refcount_table;
	struct qcow2_table **blocks;
	uint32_t nr_blocks; /* entries of the refcount table */
	uint64_t refcount_table_offset;
	struct qcow2_dirty refcount_table_dirty;
	bool refcount_table_moved; /* the header does not know yet */
	uint64_t first_free; /* no cluster below this index is free */
	struct qcow2_set metadata; /* clusters of header, tables and blocks: no guest data may lie there */

	/* All of what follows is in use only while attached. */
	struct block_walk_pool walks;
	struct qcow2_table *tables, **tables_tail;
	unsigned int nr_tables, max_tables, nr_dirty;
	int publish_error; /* of the last attempt, until a walk has been told */
	struct qcow2_queue no_room; /* the cache is full */
	bool tables_failed;
	struct qcow2_alloc *free_allocs;
	unsigned int nr_buffers, max_buffers; /* that allocs hold */
	struct qcow2_queue no_buffer;
	struct qcow2_fetch fetches[QCOW2_NR_FETCHES];
	uint64_t fetch_clock;
	struct qcow2_queue no_fetch;
	struct qcow2_queue ready; /* to look again, in the task */
	struct loop_task task;
	struct qcow2_publish *publish; /* under way, or NULL */
	struct block_request *flushes, **flushes_tail; /* for the next one */
	struct qcow2_deref_list dropped; /* in memory */
	struct qcow2_deref_list unused; /* on the disk too: can be freed */
	size_t next_unused;
	struct block_walk reaper; /* waits for refcount blocks as a walk does */
	struct block_request punch;
	uint64_t punch_first, punch_nr;
	bool punching;
};

static inline struct qcow2 *qcow2_of(struct block *block)
{
	return (struct qcow2 *)block;
}

#endif
