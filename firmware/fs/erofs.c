/* erofs, which is read-only and may be compressed. */
#include "firmware/fs/erofs.h"

#include "firmware/core/bytes.h"
#include "firmware/core/crc32.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/uuid.h"
#include "firmware/fs/all.h"
#include "firmware/fs/mode.h"

#define KNOWN_INCOMPAT                                                                                                 \
	(EROFS_INCOMPAT_PADDING | EROFS_INCOMPAT_ALGORITHMS | EROFS_INCOMPAT_CHUNKS | EROFS_INCOMPAT_DEVICES |         \
	 EROFS_INCOMPAT_TAILS | EROFS_INCOMPAT_PREFIXES)
#define KNOWN_ALGORITHMS (1u << EROFS_LZ4 | 1u << EROFS_ZSTD)

int erofs_load(struct fs *fs, uint64_t inode)
{
	struct erofs_state *state = erofs_state(fs);
	uint64_t at = state->meta + inode * EROFS_INODE_UNIT;
	struct erofs_inode raw;
	unsigned int format;
	unsigned int nr_xattrs;
	int rc;

	if (inode == state->node.id)
		return 0;
	state->node.id = UINT64_MAX;
	rc = source_read(fs->source, at, &raw, sizeof(raw));
	if (rc < 0)
		return rc;
	format = le16_get(raw.format);
	state->node.kind = fs_kind_of_mode(le16_get(raw.mode));
	state->node.size_bytes = le64_get(raw.size);
	state->layout = format >> 1;
	state->block = le32_get(raw.block);
	state->behind = at + EROFS_INODE_EXTENDED;
	if (!(format & 1)) {
		state->node.size_bytes = (uint32_t)state->node.size_bytes;
		state->behind = at + EROFS_INODE_UNIT;
	}
	nr_xattrs = le16_get(raw.nr_xattrs);
	if (nr_xattrs > 0)
		state->behind += EROFS_XATTR_HEADER + 4 * (nr_xattrs - 1);
	if (state->node.size_bytes >> 63 != 0)
		return FW_ECORRUPT;
	if (state->layout == EROFS_PACKED || state->layout == EROFS_PACKED_COMPACT) {
		rc = erofs_open_index(fs);
		if (rc < 0)
			return rc;
	}
	state->node.id = inode;
	return 0;
}

static int open_inode(struct fs *fs, uint64_t inode, struct fs_node *out)
{
	int rc = erofs_load(fs, inode);

	*out = erofs_state(fs)->node;
	return rc;
}

static int erofs_root(struct fs *fs, struct fs_node *out)
{
	return open_inode(fs, erofs_state(fs)->root, out);
}

/* The checksum covers the block that the superblock is in, from there on, with zeroes in its own place. */
static int check(struct fs *fs, const struct erofs_super *super)
{
	uint8_t buf[512];
	uint32_t left = 1u << super->block_log;
	uint64_t at = EROFS_SUPER_OFFSET;
	uint32_t crc = UINT32_MAX;

	if (!(le32_get(super->compat) & EROFS_COMPAT_CHECKSUM))
		return 0;
	if (left > EROFS_SUPER_OFFSET)
		left -= EROFS_SUPER_OFFSET;
	for (; left > 0; left -= sizeof(buf), at += sizeof(buf)) {
		int rc = source_read(fs->source, at, buf, sizeof(buf));

		if (rc < 0)
			return rc;
		if (at == EROFS_SUPER_OFFSET)
			memset(buf + offsetof(struct erofs_super, checksum), 0, sizeof(super->checksum));
		crc = crc32c(crc, buf, sizeof(buf));
	}
	return crc == le32_get(super->checksum) ? 0 : FW_ECORRUPT;
}

static int read_super(struct fs *fs, const struct erofs_super *super)
{
	struct erofs_state *state = erofs_state(fs);
	uint32_t incompat = le32_get(super->incompat);
	unsigned int algorithms = incompat & EROFS_INCOMPAT_ALGORITHMS ? le16_get(super->algorithms) : 0;

	if ((incompat & ~KNOWN_INCOMPAT) || (algorithms & ~KNOWN_ALGORITHMS)) {
		print("%s: erofs with features 0x%x and compression 0x%x: LZMA, deflate, fragments and what is newer "
		      "are not read\n",
		      fs->source->name, incompat, algorithms);
		return FW_ENOTSUP;
	}
	if (super->block_log < 9 || super->block_log > 16)
		return FW_ECORRUPT;
	state->block_log = super->block_log;
	state->block_size = 1u << super->block_log;
	state->meta = (uint64_t)le32_get(super->meta_block) << super->block_log;
	state->root = le16_get(super->root);
	state->node.id = UINT64_MAX;
	return check(fs, super);
}

static int erofs_mount(struct fs *fs)
{
	struct erofs_super super;
	int rc = fs_read_super(fs, sizeof(struct erofs_state), EROFS_SUPER_OFFSET, &super, sizeof(super));

	if (rc <= 0)
		return rc;
	if (le32_get(super.magic) != EROFS_MAGIC)
		return 0;
	rc = read_super(fs, &super);
	if (rc < 0) {
		print("%s: erofs can't be read: %s\n", fs->source->name, fw_error_text(rc));
		return rc;
	}
	uuid_text(super.uuid, fs->uuid);
	memcpy(fs->label, super.label, sizeof(super.label));
	return 1;
}

const struct fs_ops erofs_ops = {
	.name = "erofs",
	.mount = erofs_mount,
	.root = erofs_root,
	.lookup = fs_dir_lookup,
	.list = fs_dir_list,
	.read_link = fs_read_link,
	.read = fs_read_extents,
	.walk = erofs_walk,
	.open = open_inode,
	.map = erofs_map,
};
