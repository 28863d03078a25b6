/* squashfs 4.0, which is read-only and compressed throughout. */
#include "firmware/fs/squashfs.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/fs/all.h"

enum fs_kind squashfs_kind(uint16_t type)
{
	static const uint8_t kinds[] = { FS_OTHER, FS_DIRECTORY, FS_FILE, FS_LINK };

	return type < sizeof(kinds) ? kinds[type] : FS_OTHER;
}

int squashfs_load(struct fs *fs, uint64_t id)
{
	struct squashfs_state *state = squashfs_state(fs);
	uint64_t place = (state->inodes << 16) + id;
	union {
		struct squashfs_directory directory;
		struct squashfs_directory_extended directory_extended;
		struct squashfs_file file;
		struct squashfs_file_extended file_extended;
		struct squashfs_link link;
	} raw;
	static const uint8_t lens[] = {
		[SQUASHFS_DIRECTORY] = sizeof(raw.directory),
		[SQUASHFS_FILE] = sizeof(raw.file),
		[SQUASHFS_LINK] = sizeof(raw.link),
		[SQUASHFS_EXTENDED + SQUASHFS_DIRECTORY] = sizeof(raw.directory_extended),
		[SQUASHFS_EXTENDED + SQUASHFS_FILE] = sizeof(raw.file_extended),
		[SQUASHFS_EXTENDED + SQUASHFS_LINK] = sizeof(raw.link),
	};
	struct squashfs_inode inode;
	unsigned int type;
	int rc;

	if (id == state->node.id)
		return 0;
	state->node.id = UINT64_MAX;
	rc = squashfs_read_meta(fs, &place, &inode, sizeof(inode));
	type = le16_get(inode.type);
	if (rc == 0)
		rc = squashfs_read_meta(fs, &place, &raw, type < sizeof(lens) ? lens[type] : 0);
	if (rc < 0)
		return rc;
	state->node.kind = squashfs_kind(type > SQUASHFS_EXTENDED ? type - SQUASHFS_EXTENDED : type);
	switch (type) {
	case SQUASHFS_DIRECTORY:
		state->node.size_bytes = le16_get(raw.directory.size);
		state->block = le32_get(raw.directory.block);
		state->offset = le16_get(raw.directory.offset);
		break;
	case SQUASHFS_EXTENDED + SQUASHFS_DIRECTORY:
		state->node.size_bytes = le32_get(raw.directory_extended.size);
		state->block = le32_get(raw.directory_extended.block);
		state->offset = le16_get(raw.directory_extended.offset);
		break;
	case SQUASHFS_FILE:
		state->node.size_bytes = le32_get(raw.file.size);
		state->block = le32_get(raw.file.start);
		state->fragment = le32_get(raw.file.fragment);
		state->offset = le32_get(raw.file.offset);
		break;
	case SQUASHFS_EXTENDED + SQUASHFS_FILE:
		state->node.size_bytes = le64_get(raw.file_extended.size);
		state->block = le64_get(raw.file_extended.start);
		state->fragment = le32_get(raw.file_extended.fragment);
		state->offset = le32_get(raw.file_extended.offset);
		break;
	default:
		/* Of devices, which have none, it does not matter. */
		state->node.size_bytes = le32_get(raw.link.size);
		break;
	}
	state->behind = place;
	state->index = UINT32_MAX;
	if (state->node.size_bytes >> 63 != 0)
		return FW_ECORRUPT;
	state->node.id = id;
	return 0;
}

static int open_inode(struct fs *fs, uint64_t id, struct fs_node *out)
{
	int rc = squashfs_load(fs, id);

	*out = squashfs_state(fs)->node;
	return rc;
}

static int squashfs_root(struct fs *fs, struct fs_node *out)
{
	return open_inode(fs, squashfs_state(fs)->root, out);
}

static int squashfs_read_link(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1])
{
	uint64_t place;
	int rc;

	if (link->size_bytes > FS_PATH_MAX)
		return FW_ETOOBIG;
	rc = squashfs_load(fs, link->id);
	place = squashfs_state(fs)->behind;
	target[link->size_bytes] = '\0';
	return rc < 0 ? rc : squashfs_read_meta(fs, &place, target, link->size_bytes);
}

static int squashfs_mount(struct fs *fs)
{
	struct squashfs_super super;
	struct squashfs_state *state;
	unsigned int block_log;
	int rc = fs_read_super(fs, sizeof(*state), 0, &super, sizeof(super));

	if (rc <= 0)
		return rc;
	if (le32_get(super.magic) != SQUASHFS_MAGIC)
		return 0;
	state = squashfs_state(fs);
	state->codec = le16_get(super.compression);
	if (le16_get(super.major) != 4 || state->codec == FS_PLAIN || state->codec >= FS_NR_CODECS) {
		print("%s: squashfs of version %u, compressed in way %u, is not read\n", fs->source->name,
		      le16_get(super.major), state->codec);
		return FW_ENOTSUP;
	}
	block_log = le16_get(super.block_log);
	if (block_log < SQUASHFS_MIN_BLOCK_LOG || block_log > SQUASHFS_MAX_BLOCK_LOG) {
		print("%s: squashfs with a damaged superblock\n", fs->source->name);
		return FW_ECORRUPT;
	}
	state->block_size = 1u << block_log;
	state->nr_fragments = le32_get(super.nr_fragments);
	state->root = le64_get(super.root);
	state->inodes = le64_get(super.inodes);
	state->directories = le64_get(super.directories);
	state->fragments = le64_get(super.fragments);
	state->node.id = UINT64_MAX;
	return 1;
}

const struct fs_ops squashfs_ops = {
	.name = "squashfs",
	.mount = squashfs_mount,
	.root = squashfs_root,
	.lookup = fs_dir_lookup,
	.list = fs_dir_list,
	.read_link = squashfs_read_link,
	.read = fs_read_extents,
	.walk = squashfs_walk,
	.open = open_inode,
	.map = squashfs_map,
};
