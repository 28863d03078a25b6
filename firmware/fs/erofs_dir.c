/* Directories of erofs: blocks that hold entries of one length, and behind those their names. */
#include "firmware/core/error.h"
#include "firmware/fs/erofs.h"
#include "firmware/fs/mode.h"

#define MAX_BYTES (64u << 20) /* of one directory */

/* The entries of one block, `len` bytes at `at`. A name ends where the next one begins, the last at a NUL or with the
 * block. */
static int walk_block(struct fs *fs, const struct fs_node *directory, uint64_t at, uint32_t len, fs_each each,
		      void *arg)
{
	struct erofs_dirent next;
	uint32_t names; /* where they begin */
	int rc = fs_read_whole(fs, directory, at, &next, sizeof(next));

	names = le16_get(next.name_offset);
	if (rc == 0 && (names < sizeof(next) || names % sizeof(next) != 0))
		rc = FW_ECORRUPT;
	for (uint32_t offset = sizeof(next); rc == 0; offset += sizeof(next)) {
		struct fs_entry entry = { .id = le64_get(next.inode), .kind = fs_kind_of_type(next.type) };
		uint32_t begin = le16_get(next.name_offset);
		uint32_t end = len;

		if (offset < names) {
			rc = fs_read_whole(fs, directory, at + offset, &next, sizeof(next));
			end = le16_get(next.name_offset);
		}
		if (rc == 0 && (begin < names || end > len || begin >= end))
			rc = FW_ECORRUPT;
		if (rc < 0)
			return rc;
		if (end - begin > sizeof(entry.name))
			end = begin + sizeof(entry.name);
		rc = fs_read_whole(fs, directory, at + begin, entry.name, end - begin);
		while (entry.len < end - begin && entry.name[entry.len] != '\0')
			entry.len++;
		if (rc == 0 && entry.len == 0)
			rc = FW_ECORRUPT;
		if (rc == 0)
			rc = each(arg, &entry);
		if (offset >= names)
			break;
	}
	return rc;
}

int erofs_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg)
{
	uint32_t block_size = erofs_state(fs)->block_size;
	int rc = 0;

	if (directory->size_bytes > MAX_BYTES)
		return FW_ECORRUPT;
	for (uint64_t at = 0; at < directory->size_bytes && rc == 0; at += block_size) {
		uint64_t left = directory->size_bytes - at;

		rc = walk_block(fs, directory, at, left < block_size ? (uint32_t)left : block_size, each, arg);
	}
	return rc;
}
