/* Whether the log holds what is not in its place yet. It is a ring of blocks of 512 bytes, each of which begins with
 * the number of the turn that wrote it: where that number falls is the head. An unmount, when all else is in its place,
 * writes a record of its own there (XFS Algorithms & Data Structures, "Journaling Log"). */
#include "firmware/core/source.h"
#include "firmware/fs/xfs.h"

#define BLOCK_BYTES 512
#define HEADER_COVERS 0x8000 /* bytes of a record, for each block of its header */
#define MAX_HEADERS 8
#define MAX_STRIPE 0x40000 /* that records are rounded up to */

struct ring {
	struct source *source;
	uint64_t at; /* its first byte */
	uint32_t nr; /* blocks */
};

static int read_block(const struct ring *ring, uint32_t block, void *to, size_t len)
{
	return source_read(ring->source, ring->at + (uint64_t)block * BLOCK_BYTES, to, len);
}

static bool is_header(const struct xfs_log_header *header)
{
	return be32_get(header->magic) == XFS_LOG_MAGIC;
}

/* The first block that was written in another turn than block 0, or the ring's end; *zero: the ring was never used. */
static int find_head(const struct ring *ring, uint32_t *head, bool *zero)
{
	uint32_t low = 0, high = ring->nr, middle = 0, first = 0;
	int rc = 0;

	while (rc == 0 && low < high) {
		struct xfs_log_header header;
		uint32_t turn;

		rc = read_block(ring, middle, &header, sizeof(header));
		turn = be32_get(is_header(&header) ? header.cycle : header.magic);
		if (middle == 0)
			first = turn;
		if (turn == first)
			low = middle + 1;
		else
			high = middle;
		middle = low + (high - low) / 2;
	}
	*head = low;
	*zero = first == 0;
	return rc;
}

/* Whether the record that begins in `block` has `nr` blocks and is an unmount's. */
static bool is_unmount(const struct ring *ring, const struct xfs_log_header *header, uint32_t block, uint32_t nr)
{
	uint32_t covers = be32_get(header->version) & XFS_LOG_VERSION_2 ? be32_get(header->size) : 0;
	uint32_t nr_headers = covers > HEADER_COVERS ? (covers - 1) / HEADER_COVERS + 1 : 1;
	struct xfs_log_operation operation;

	return be32_get(header->nr_operations) == 1 && nr_headers < nr &&
	       (be32_get(header->len) + (uint64_t)BLOCK_BYTES - 1) / BLOCK_BYTES == nr - nr_headers &&
	       read_block(ring, (block + nr_headers) % ring->nr, &operation, sizeof(operation)) == 0 &&
	       operation.flags & XFS_LOG_UNMOUNT;
}

bool xfs_log_is_clean(struct fs *fs, const struct xfs_super *super)
{
	uint32_t stripe = be32_get(super->log_stripe), head;
	struct ring ring = { .source = fs->source };
	bool zero;

	if (be64_get(super->log_start) == 0) /* on another device */
		return true;
	if (xfs_block_at(fs, be64_get(super->log_start), &ring.at) < 0 || stripe > MAX_STRIPE)
		return false;
	ring.nr = (uint32_t)(((uint64_t)be32_get(super->log_blocks) << super->block_log) / BLOCK_BYTES);
	if (ring.nr == 0 || find_head(&ring, &head, &zero) < 0)
		return false;
	for (uint32_t nr = 1; nr <= MAX_HEADERS + 1 + stripe / BLOCK_BYTES && nr < ring.nr && !zero; nr++) {
		uint32_t block = (head + ring.nr - nr) % ring.nr;
		struct xfs_log_header header;

		if (read_block(&ring, block, &header, sizeof(header)) < 0)
			return false;
		if (is_header(&header))
			return is_unmount(&ring, &header, block, nr);
	}
	return zero;
}
