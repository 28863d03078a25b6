/* Directories of squashfs: runs of entries whose inodes are in the same block. */
#include "firmware/core/error.h"
#include "firmware/fs/squashfs.h"

#define MAX_RUN 256 /* entries */
#define SIZE_EXTRA 3 /* by which a directory's size is more than its listing's */
#define MAX_BYTES (64u << 20) /* of one directory */

int squashfs_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg)
{
	uint64_t place;
	uint32_t nr = 0; /* entries left of the run */
	struct squashfs_dir_header run;
	uint64_t left;
	int rc = squashfs_load(fs, directory->id);

	if (rc < 0)
		return rc;
	place = (squashfs_state(fs)->directories + squashfs_state(fs)->block) << 16 | squashfs_state(fs)->offset;
	left = directory->size_bytes;
	if (left < SIZE_EXTRA || left > MAX_BYTES)
		return FW_ECORRUPT;
	left -= SIZE_EXTRA;
	while (left > 0) {
		struct squashfs_dir_entry raw;
		struct fs_entry entry;
		size_t head = nr == 0 ? sizeof(run) : 0;

		if (nr == 0) {
			rc = squashfs_read_meta(fs, &place, &run, sizeof(run));
			nr = le32_get(run.count) + 1;
			if (rc == 0 && (nr == 0 || nr > MAX_RUN))
				rc = FW_ECORRUPT;
		}
		if (rc == 0)
			rc = squashfs_read_meta(fs, &place, &raw, sizeof(raw));
		if (rc < 0)
			return rc;
		entry.len = le16_get(raw.name_len) + 1u;
		if (entry.len > sizeof(entry.name) || head + sizeof(raw) + entry.len > left)
			return FW_ECORRUPT;
		left -= head + sizeof(raw) + entry.len;
		rc = squashfs_read_meta(fs, &place, entry.name, entry.len);
		entry.id = (uint64_t)le32_get(run.block) << 16 | le16_get(raw.offset);
		entry.kind = squashfs_kind(le16_get(raw.type));
		if (rc == 0)
			rc = each(arg, &entry);
		if (rc != 0)
			return rc;
		nr--;
	}
	return 0;
}
