/* Logical addresses. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/btrfs.h"

static bool is_inside(const struct btrfs_range *range, uint64_t address)
{
	return address >= range->address && address - range->address < range->len;
}

/* Takes the first stripe on this device: the others of a mirror have the same. */
static int choose_stripe(const struct btrfs_state *state, const struct btrfs_chunk *chunk, uint64_t address,
			 const struct btrfs_stripe *stripe, struct btrfs_range *out)
{
	if ((le64_get(chunk->type) & BTRFS_CHUNK_STRIPED) && le16_get(chunk->nr_stripes) > 1)
		return FW_ENOTSUP;
	if (le64_get(stripe->device_id) != state->device_id)
		return FW_ENOTSUP;
	*out = (struct btrfs_range){ address, le64_get(chunk->len), le64_get(stripe->offset) };
	return 0;
}

int btrfs_map_system(struct fs *fs, uint64_t address, struct btrfs_range *out)
{
	const struct btrfs_state *state = btrfs_state(fs);
	const uint8_t *at = state->system_chunks;
	size_t left = state->system_chunks_len;

	while (left >= sizeof(struct btrfs_disk_key) + sizeof(struct btrfs_chunk)) {
		struct btrfs_disk_key key;
		struct btrfs_chunk chunk;
		struct btrfs_stripe stripe;
		size_t len;

		memcpy(&key, at, sizeof(key));
		memcpy(&chunk, at + sizeof(key), sizeof(chunk));
		len = sizeof(key) + sizeof(chunk) + le16_get(chunk.nr_stripes) * sizeof(stripe);
		if (len > left)
			return FW_ECORRUPT;
		*out = (struct btrfs_range){ .address = le64_get(key.offset), .len = le64_get(chunk.len) };
		for (unsigned int i = 0; is_inside(out, address) && i < le16_get(chunk.nr_stripes); i++) {
			memcpy(&stripe, at + sizeof(key) + sizeof(chunk) + i * sizeof(stripe), sizeof(stripe));
			if (choose_stripe(state, &chunk, le64_get(key.offset), &stripe, out) == 0)
				return 0;
		}
		at += len;
		left -= len;
	}
	return FW_ECORRUPT;
}

static int find_chunk(struct fs *fs, uint64_t address, struct btrfs_range *out)
{
	const struct btrfs_state *state = btrfs_state(fs);
	const struct btrfs_key key = { BTRFS_TREE_CHUNKS_OBJECT, BTRFS_CHUNK_ITEM, address };
	struct btrfs_path path;
	struct btrfs_item item;
	struct btrfs_chunk chunk;
	int rc = btrfs_search(fs, &state->chunks, &key, &path);

	if (rc == 0)
		rc = btrfs_item(fs, &path, &item);
	if (rc < 0)
		return rc;
	if (item.key.object != key.object || item.key.type != key.type || item.size < sizeof(chunk))
		return FW_ECORRUPT;
	rc = source_read(fs->source, item.at, &chunk, sizeof(chunk));
	if (rc < 0)
		return rc;
	if (address - item.key.offset >= le64_get(chunk.len) ||
	    item.size < sizeof(chunk) + le16_get(chunk.nr_stripes) * sizeof(struct btrfs_stripe))
		return FW_ECORRUPT;
	for (unsigned int i = 0; i < le16_get(chunk.nr_stripes); i++) {
		struct btrfs_stripe stripe;

		rc = source_read(fs->source, item.at + sizeof(chunk) + i * sizeof(stripe), &stripe, sizeof(stripe));
		if (rc == 0)
			rc = choose_stripe(state, &chunk, item.key.offset, &stripe, out);
		if (rc != FW_ENOTSUP)
			return rc;
	}
	return FW_ENOTSUP;
}

int btrfs_map(struct fs *fs, uint64_t address, struct btrfs_range *out)
{
	struct btrfs_state *state = btrfs_state(fs);
	int rc;

	for (unsigned int i = 0; i < BTRFS_NR_RANGES; i++) {
		*out = state->ranges[i];
		if (is_inside(out, address))
			return 0;
	}
	rc = find_chunk(fs, address, out);
	if (rc == 0)
		state->ranges[state->next_range++ % BTRFS_NR_RANGES] = *out;
	return rc;
}
