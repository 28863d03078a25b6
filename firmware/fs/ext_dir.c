/* Directories of ext2, ext3 and ext4, read from the first entry to the last. The hashed tree of a large one is made so
 * that a reader who knows nothing of it finds unused entries in its place. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/fs/dir.h"
#include "firmware/fs/ext.h"
#include "firmware/fs/mode.h"

#define MAX_BYTES (64u << 20) /* of one directory */
#define INLINE_PARENT_BYTES 4 /* what an inline directory begins with, instead of "." and ".." */

/* One entry at `offset`, in a block that ends at `end`; *rec_len: how far it is to the next. */
static int visit_entry(struct fs *fs, const struct fs_node *directory, uint64_t offset, uint64_t end, uint32_t *rec_len,
		       fs_each each, void *arg)
{
	struct {
		struct ext_dirent entry;
		char name[FS_NAME_MAX];
	} record;
	const struct ext_dirent *entry = &record.entry;
	struct fs_entry found;
	size_t len = end - offset < sizeof(record) ? end - offset : sizeof(record);
	int rc = fs_read_whole(fs, directory, offset, &record, len);

	if (rc < 0)
		return rc;
	/* In blocks of 64 KiB, 16 bits are not enough (Linux, ext4_rec_len_from_disk()). */
	*rec_len = le16_get(entry->rec_len);
	if (ext_state(fs)->block_size == 65536)
		*rec_len = *rec_len == 65535 || *rec_len == 0 ? 65536 : (*rec_len & 65532) | (*rec_len & 3) << 16;
	if (*rec_len < sizeof(*entry) + entry->name_len || *rec_len % 4 != 0 || *rec_len > end - offset)
		return FW_ECORRUPT;
	if (le32_get(entry->inode) == 0 || entry->name_len == 0)
		return 0;
	found.id = le32_get(entry->inode);
	found.kind = FS_OTHER;
	if (ext_state(fs)->incompat & EXT_INCOMPAT_FILETYPE)
		found.kind = fs_kind_of_type(entry->file_type);
	found.len = entry->name_len;
	memcpy(found.name, record.name, sizeof(found.name));
	return each(arg, &found);
}

int ext_walk(struct fs *fs, const struct fs_node *directory, fs_each each, void *arg)
{
	uint64_t size = directory->size_bytes;
	uint32_t block_size = ext_state(fs)->block_size;
	uint64_t at = 0;
	int rc = ext_load(fs, directory->id);

	if (rc < 0)
		return rc;
	/* A directory has no holes. */
	if (size > MAX_BYTES || size > fs->source->size_bytes)
		return FW_ECORRUPT;
	if (ext_state(fs)->flags & EXT_INODE_INLINE_DATA) {
		at = INLINE_PARENT_BYTES;
		block_size = size;
	}
	while (at < size) {
		uint64_t end = block_size == size ? size : at - at % block_size + block_size;
		uint32_t rec_len;

		if (end > size || end - at < sizeof(struct ext_dirent))
			return FW_ECORRUPT;
		rc = visit_entry(fs, directory, at, end, &rec_len, each, arg);
		if (rc != 0)
			return rc;
		at += rec_len;
	}
	return 0;
}
