#include "vmm/boot/payload.h"

#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/endian.h"
#include "vmm/base/parallel.h"

/* lz4's legacy frame, which `lz4 -l` makes for the kernel's build: the magic number, then blocks, each after its packed
 * size. Every block but the last unpacks to 8 MiB, so where each one's bytes go is known
 * in a stream of one frame, which is what kernels have. Nothing marks the end (LZ4
 * frame format, "Legacy frame"). */
#define LEGACY_MAGIC 0x184c2102
/* Of one kernel: 8 GiB of full blocks. */
#define MAX_BLOCKS 1024

static bool take_word(const uint8_t **in, size_t *len, uint32_t *word)
{
	le32 raw;

	if (*len < sizeof(raw))
		return false;
	memcpy(&raw, *in, sizeof(raw));
	*in += sizeof(raw);
	*len -= sizeof(raw);
	*word = le32_get(raw);
	return true;
}

/* One block: where its packed bytes are, and how many. */
struct block {
	const uint8_t *in;
	uint32_t len;
};

/* Blocks don't depend on each other, so each thread takes the next that nobody has. */
struct unpack {
	const struct block *blocks;
	size_t nr;
	size_t end; /* of those that this process unpacks */
	bool is_joined; /* from several frames, so that there may be short blocks in the middle */
	uint8_t *out;
	size_t out_len;
	atomic_size_t next; /* of the blocks; shared by the threads */
	atomic_bool failed; /* set by any of them */
};

/* Splits the stream into its blocks. -EBADMSG if it is none, or one of more blocks than `max`. */
static int find_blocks(const uint8_t *in, size_t len, struct block *blocks, size_t max, struct unpack *unpack)
{
	uint32_t word;

	if (!take_word(&in, &len, &word) || word != LEGACY_MAGIC)
		return -EBADMSG;
	while (len > 0) {
		if (!take_word(&in, &len, &word))
			return -EBADMSG;
		if (word == LEGACY_MAGIC) { /* frames may be concatenated */
			unpack->is_joined = true;
			continue;
		}
		if (word > len || word > INT_MAX || unpack->nr == max)
			return -EBADMSG;
		blocks[unpack->nr++] = (struct block){ in, word };
		in += word;
		len -= word;
	}
	return 0;
}

static void *unpack_blocks(void *arg)
{
	struct unpack *unpack = arg;
	size_t i;

	while ((i = atomic_fetch_add(&unpack->next, 1)) < unpack->end) {
		size_t at = i * PAYLOAD_LZ4_BLOCK;
		size_t left = at < unpack->out_len ? unpack->out_len - at : 0;
		int room = left < PAYLOAD_LZ4_BLOCK ? (int)left : (int)PAYLOAD_LZ4_BLOCK;

		if (room == 0 || LZ4_decompress_safe((const char *)unpack->blocks[i].in, (char *)unpack->out + at,
						     (int)unpack->blocks[i].len, room) != room)
			atomic_store(&unpack->failed, true);
	}
	return NULL;
}

/* Where each block's bytes go is known only when those before it are unpacked. */
static bool unpack_in_order(const struct unpack *unpack)
{
	size_t at = 0;

	for (size_t i = 0; i < unpack->nr; i++) {
		size_t left = unpack->out_len - at;
		int room = left < PAYLOAD_LZ4_BLOCK ? (int)left : (int)PAYLOAD_LZ4_BLOCK;
		int got = LZ4_decompress_safe((const char *)unpack->blocks[i].in, (char *)unpack->out + at,
					      (int)unpack->blocks[i].len, room);

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return at == unpack->out_len;
}

size_t payload_lz4_blocks(size_t out_len)
{
	return (out_len + PAYLOAD_LZ4_BLOCK - 1) / PAYLOAD_LZ4_BLOCK;
}

static bool unpack_at_once(struct unpack *unpack, unsigned int part, unsigned int nr_parts)
{
	size_t first = payload_part_start(unpack->out_len, part, nr_parts) / PAYLOAD_LZ4_BLOCK;

	if (unpack->nr != payload_lz4_blocks(unpack->out_len))
		return false;
	unpack->end = payload_lz4_blocks(payload_part_start(unpack->out_len, part + 1, nr_parts));
	atomic_store(&unpack->next, first);
	parallel_run("unpack", parallel_threads((unsigned int)(unpack->end - first)), unpack_blocks, unpack);
	return !atomic_load(&unpack->failed);
}

int payload_unpack_lz4(const uint8_t *in, size_t len, uint8_t *out, size_t out_len, unsigned int part,
		       unsigned int nr_parts)
{
	size_t max = len / (sizeof(le32) + 1); /* the smallest block is a byte */
	struct unpack unpack = { .out = out, .out_len = out_len };
	struct block *blocks;
	int ret;

	if (max > MAX_BLOCKS)
		max = MAX_BLOCKS;
	blocks = calloc(max + 1, sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	unpack.blocks = blocks;
	ret = find_blocks(in, len, blocks, max, &unpack);
	/* What can't be divided is all in the first part. */
	if (ret == 0 &&
	    !(unpack.is_joined ? part > 0 || unpack_in_order(&unpack) : unpack_at_once(&unpack, part, nr_parts)))
		ret = -EBADMSG;
	free(blocks);
	return ret;
}
