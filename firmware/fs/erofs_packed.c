/* Where the bytes of compressed erofs files lie. The file is divided into blocks; an index says of each whether an
 * extent begins in it, where in it, and where on the disk. An extent is compressed for itself, or not at all. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/erofs.h"

#define MAX_BLOCKS 4096u /* of an extent: as the kernel has it, at most 12 MiB */

/* What the index says of a block. */
struct cluster {
	enum erofs_cluster_type type;
	uint32_t offset; /* in the block, of the extent that begins there */
	uint32_t disk_block; /* where that lies */
	uint32_t nr_disk_blocks; /* in an EROFS_INNER behind the head: how many it has; else 0 */
};

int erofs_open_index(struct fs *fs)
{
	struct erofs_state *state = erofs_state(fs);
	uint64_t at = (state->behind + 7) & ~UINT64_C(7);
	int rc = source_read(fs->source, at, &state->header, sizeof(state->header));

	state->index = at + sizeof(state->header);
	state->nr_blocks = (state->node.size_bytes + state->block_size - 1) >> state->block_log;
	/* Blocks of its own size, fragments and whatever comes: none of them by default. */
	if (rc == 0 &&
	    (state->header.cluster != 0 ||
	     le16_get(state->header.advise) > (EROFS_ADVISE_2_BYTES | EROFS_ADVISE_LARGE | EROFS_ADVISE_TAIL)))
		rc = FW_ENOTSUP;
	return rc;
}

static int read_index(struct fs *fs, uint64_t number, struct cluster *out)
{
	struct erofs_index raw;
	/* Behind the header there are 8 unused bytes. */
	uint64_t at = erofs_state(fs)->index + 8 + number * sizeof(raw);
	int rc = source_read(fs->source, at, &raw, sizeof(raw));

	erofs_state(fs)->index_end = at + sizeof(raw);
	*out = (struct cluster){ le16_get(raw.type) & 3, le16_get(raw.offset), le32_get(raw.block), 0 };
	if (le16_get(raw.distance) & EROFS_NR_BLOCKS)
		out->nr_disk_blocks = le16_get(raw.distance) & ~EROFS_NR_BLOCKS;
	return rc;
}

/* Compact indexes come in packs of 2 with 16 bits each, or of 16 with 14 bits each, a type above the offset; each ends
 * with a block, 32 bits, from which those of its extents are counted. The wide ones stand before the narrow ones, until
 * these are aligned, and behind them, where they don't fill a pack. */
static int read_compact(struct fs *fs, uint64_t number, struct cluster *out)
{
	struct erofs_state *state = erofs_state(fs);
	unsigned int advise = le16_get(state->header.advise);
	unsigned int offset_bits = state->block_log < 12 ? 12 : state->block_log;
	uint64_t wide = -state->index % 32 / 4;
	uint64_t narrow = 0;
	uint64_t at = state->index + number * 4;
	unsigned int log = 2; /* of an entry's bytes */
	unsigned int bits;
	unsigned int size; /* of the pack */
	unsigned int last; /* entry to look at */
	uint32_t block;
	uint8_t pack[32];
	int rc;

	if ((advise & EROFS_ADVISE_2_BYTES) && wide < state->nr_blocks)
		narrow = (state->nr_blocks - wide) & ~UINT64_C(15);
	if (number >= wide) {
		at -= 2 * (number - wide < narrow ? number - wide : narrow);
		if (number - wide < narrow)
			log = 1;
	}
	bits = 12 + 2 * log;
	size = log == 1 ? 32 : 8;
	if (offset_bits + 2 > bits)
		return FW_ENOTSUP;
	last = at % size >> log;
	at -= at % size;
	state->index_end = at + size;
	rc = source_read(fs->source, at, pack, size);
	if (rc < 0)
		return rc;
	memcpy(&block, pack + size - sizeof(block), sizeof(block));
	if (!(advise & EROFS_ADVISE_LARGE))
		block++;
	for (unsigned int i = 0;; i++) {
		uint32_t word;

		memcpy(&word, pack + i * bits / 8, sizeof(word));
		word >>= i * bits % 8;
		*out = (struct cluster){ .type = word >> offset_bits & 3,
					 .offset = word & ((1u << offset_bits) - 1),
					 .disk_block = block };
		if (out->type == EROFS_INNER && (out->offset & EROFS_NR_BLOCKS))
			out->nr_disk_blocks = out->offset & ~EROFS_NR_BLOCKS;
		if (i == last)
			return 0;
		if (out->type != EROFS_INNER)
			block++;
		else if (out->nr_disk_blocks != 0)
			/* One was counted with the head, if that is in the pack. */
			block += out->nr_disk_blocks - (i > 0);
	}
}

static int read_cluster(struct fs *fs, uint64_t number, struct cluster *out)
{
	const struct erofs_state *state = erofs_state(fs);
	int rc = state->layout == EROFS_PACKED ? read_index(fs, number, out) : read_compact(fs, number, out);

	if (rc == 0 && out->type != EROFS_INNER && out->offset >= state->block_size)
		rc = FW_ECORRUPT;
	return rc;
}

/* What an extent is, once it is known from where to where. */
static int set_place(const struct erofs_state *state, const struct cluster *head, uint64_t at, uint32_t len,
		     struct fs_extent *out)
{
	static const uint8_t codecs[] = { [EROFS_LZ4] = FS_LZ4, [EROFS_ZSTD] = FS_ZSTD };
	unsigned int algorithm = state->header.algorithms;

	out->disk_offset = at;
	if (head->type == EROFS_PLAIN)
		return out->len <= len ? 0 : FW_ECORRUPT;
	algorithm = head->type == EROFS_HEAD ? algorithm & 15 : algorithm >> 4;
	if (algorithm >= sizeof(codecs) || codecs[algorithm] == FS_PLAIN)
		return FW_ENOTSUP;
	out->packed.at = at;
	out->packed.len = len;
	out->packed.unpacked_len = (uint32_t)out->len;
	out->packed.codec = codecs[algorithm];
	return 0;
}

int erofs_map_packed(struct fs *fs, uint64_t offset, struct fs_extent *out)
{
	const struct erofs_state *state = erofs_state(fs);
	uint64_t number = offset >> state->block_log;
	uint32_t nr_disk_blocks = 1;
	struct cluster head;
	struct cluster next;
	uint64_t end = state->node.size_bytes;
	int rc = 0;

	/* Back to where the extent begins. */
	for (unsigned int i = 0; rc == 0; i++, number--) {
		rc = read_cluster(fs, number, &head);
		if (rc < 0)
			return rc;
		out->file_offset = (number << state->block_log) + head.offset;
		if (head.type != EROFS_INNER && out->file_offset <= offset)
			break;
		if (number == 0 || i == MAX_BLOCKS)
			rc = FW_ECORRUPT;
	}
	/* And on to the next. */
	for (uint64_t i = number + 1; rc == 0 && i < state->nr_blocks; i++) {
		rc = read_cluster(fs, i, &next);
		if (rc == 0 && next.type != EROFS_INNER) {
			end = (i << state->block_log) + next.offset;
			break;
		}
		if (i == number + 1 && next.nr_disk_blocks != 0)
			nr_disk_blocks = next.nr_disk_blocks;
		if (i - number > MAX_BLOCKS)
			rc = FW_ECORRUPT;
	}
	if (rc < 0)
		return rc;
	out->len = end - out->file_offset;
	if (end == state->node.size_bytes && (le16_get(state->header.advise) & EROFS_ADVISE_TAIL))
		return set_place(state, &head, state->index_end, le16_get(state->header.tail_len), out);
	return set_place(state, &head, (uint64_t)head.disk_block << state->block_log,
			 nr_disk_blocks << state->block_log, out);
}
