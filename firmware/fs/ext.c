#include "firmware/fs/ext.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/uuid.h"
#include "firmware/fs/all.h"
#include "firmware/fs/dir.h"
#include "firmware/fs/mode.h"

#define KNOWN_INCOMPAT                                                                                                 \
	(EXT_INCOMPAT_FILETYPE | EXT_INCOMPAT_RECOVER | EXT_INCOMPAT_META_BG | EXT_INCOMPAT_EXTENTS |                  \
	 EXT_INCOMPAT_64BIT | EXT_INCOMPAT_MMP | EXT_INCOMPAT_FLEX_BG | EXT_INCOMPAT_EA_INODE |                        \
	 EXT_INCOMPAT_CSUM_SEED | EXT_INCOMPAT_LARGEDIR | EXT_INCOMPAT_INLINE_DATA | EXT_INCOMPAT_ENCRYPT |            \
	 EXT_INCOMPAT_CASEFOLD)

int ext_block_at(struct fs *fs, uint64_t block, uint64_t *out)
{
	const struct ext_state *state = ext_state(fs);
	bool is_escaped;

	ext_journal_find(&state->journal, block, &block, &is_escaped);
	if (block >= fs->source->size_bytes >> state->block_shift)
		return FW_ECORRUPT;
	*out = block << state->block_shift;
	return 0;
}

int ext_read_block(struct fs *fs, uint64_t block, uint32_t offset, void *buf, size_t len)
{
	uint64_t at;
	int rc = ext_block_at(fs, block, &at);

	return rc < 0 ? rc : source_read(fs->source, at + offset, buf, len);
}

static bool is_power(uint32_t number, uint32_t base)
{
	while (number > 1 && number % base == 0)
		number /= base;
	return number == 1;
}

static bool has_super(const struct ext_state *state, uint32_t group)
{
	if (group == 0)
		return true;
	if (state->compat & EXT_COMPAT_SPARSE_SUPER2)
		return group == state->backup_bgs[0] || group == state->backup_bgs[1];
	if (!(state->ro_compat & EXT_RO_COMPAT_SPARSE_SUPER))
		return true;
	return is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

/* The block that holds a group's descriptor: in a row behind the superblock or, with meta_bg, in the first of the
 * groups that it describes. */
static uint64_t group_block(const struct ext_state *state, uint32_t group, uint32_t per_block)
{
	uint32_t index = group / per_block;
	uint64_t first = index * per_block;

	if (!(state->incompat & EXT_INCOMPAT_META_BG) || index < state->first_meta_bg)
		return (uint64_t)state->first_data_block + 1 + index;
	return state->first_data_block + first * state->blocks_per_group + has_super(state, first) +
	       /* Blocks of 1 KiB with clusters: block 0 is the boot block, and counts. */
	       (first == 0 && state->block_shift == 10 && state->first_data_block == 0);
}

static int inode_table(struct fs *fs, uint32_t group, uint64_t *out)
{
	const struct ext_state *state = ext_state(fs);
	uint32_t per_block = state->block_size / state->desc_size;
	struct ext_group desc;
	bool is_long = state->desc_size >= sizeof(desc);
	int rc = ext_read_block(fs, group_block(state, group, per_block), group % per_block * state->desc_size, &desc,
				is_long ? sizeof(desc) : offsetof(struct ext_group, skipped1));

	if (rc < 0)
		return rc;
	*out = le32_get(desc.inode_table_lo);
	if (is_long)
		*out |= (uint64_t)le32_get(desc.inode_table_hi) << 32;
	return 0;
}

/* Finds the value of system.data among the attributes inside the inode: what inline data has beyond the first bytes. */
static int find_value(struct fs *fs)
{
	struct ext_state *state = ext_state(fs);
	uint64_t end = state->inode_at + state->inode_size;
	uint64_t at = state->inode_at + EXT_EXTRA_SIZE_OFFSET;
	uint64_t first;
	struct ext_xattr entry;
	le32 magic;
	le16 extra;
	char name[4];
	int rc;

	if (end - at < sizeof(extra))
		return 0;
	rc = source_read(fs->source, at, &extra, sizeof(extra));
	if (rc < 0)
		return rc;
	first = at + le16_get(extra) + sizeof(magic);
	if (first > end)
		return 0;
	rc = source_read(fs->source, first - sizeof(magic), &magic, sizeof(magic));
	if (rc < 0 || le32_get(magic) != EXT_XATTR_MAGIC)
		return rc;
	for (at = first; end - at >= sizeof(entry) + sizeof(name);
	     at += sizeof(entry) + ((entry.name_len + 3u) & ~3u)) {
		rc = source_read(fs->source, at, &entry, sizeof(entry));
		if (rc == 0)
			rc = source_read(fs->source, at + sizeof(entry), name, sizeof(name));
		if (rc < 0)
			return rc;
		if (entry.name_len == 0 && entry.name_index == 0)
			break;
		if (entry.name_index == EXT_XATTR_SYSTEM && entry.name_len == 4 && memcmp(name, "data", 4) == 0) {
			uint32_t offset = le16_get(entry.value_offset);
			uint32_t size = le32_get(entry.value_size);

			if (le32_get(entry.value_inode) != 0 || offset > end - first || size > end - first - offset)
				return FW_ECORRUPT;
			state->value_at = first + offset;
			state->value_len = size;
			break;
		}
		if (end - at < sizeof(entry) + ((entry.name_len + 3u) & ~3u))
			break;
	}
	return 0;
}

int ext_load(struct fs *fs, uint64_t inode)
{
	struct ext_state *state = ext_state(fs);
	struct ext_inode raw;
	uint64_t offset;
	uint64_t table;
	int rc;

	if (inode == state->inode)
		return 0;
	if (inode == 0 || inode > state->nr_inodes)
		return FW_ECORRUPT;
	state->inode = 0;
	state->last.len = 0;
	state->is_escaped = false;
	state->value_len = 0;
	rc = inode_table(fs, (inode - 1) / state->inodes_per_group, &table);
	if (rc < 0)
		return rc;
	offset = (inode - 1) % state->inodes_per_group * state->inode_size;
	rc = ext_block_at(fs, table + (offset >> state->block_shift), &state->inode_at);
	if (rc < 0)
		return rc;
	state->inode_at += offset & (state->block_size - 1);
	rc = source_read(fs->source, state->inode_at, &raw, sizeof(raw));
	if (rc < 0)
		return rc;
	state->mode = le16_get(raw.mode);
	state->flags = le32_get(raw.flags);
	state->size_bytes = le32_get(raw.size_lo);
	if (fs_kind_of_mode(state->mode) == FS_FILE)
		state->size_bytes |= (uint64_t)le32_get(raw.size_high) << 32;
	memcpy(state->block, raw.block, sizeof(state->block));
	if (state->flags & EXT_INODE_INLINE_DATA) {
		rc = find_value(fs);
		if (rc < 0)
			return rc;
	}
	state->inode = inode;
	return 0;
}

static int open_inode(struct fs *fs, uint64_t inode, struct fs_node *out)
{
	int rc = ext_load(fs, inode);

	if (rc < 0)
		return rc;
	*out = (struct fs_node){ .id = inode,
				 .kind = fs_kind_of_mode(ext_state(fs)->mode),
				 .size_bytes = ext_state(fs)->size_bytes };
	return 0;
}

static int ext_root(struct fs *fs, struct fs_node *out)
{
	return open_inode(fs, EXT_ROOT_INODE, out);
}

/* Puts the first bytes back into blocks that lie escaped in the journal: only data can begin so, which is there with
 * data=journal. */
static int mend_escaped(struct fs *fs, const struct fs_node *file, uint64_t offset, uint8_t *buf, size_t len)
{
	static const uint8_t magic[] = { 0xc0, 0x3b, 0x39, 0x98 };
	uint32_t block_size = ext_state(fs)->block_size;

	for (uint64_t at = offset - offset % block_size; at < offset + len; at += block_size) {
		struct fs_extent extent;
		int rc = ext_map(fs, file, at, &extent);

		if (rc < 0)
			return rc;
		for (unsigned int i = 0; ext_state(fs)->is_escaped && i < sizeof(magic); i++)
			if (at + i >= offset && at + i < offset + len)
				buf[at + i - offset] = magic[i];
	}
	return 0;
}

static int64_t ext_read(struct fs *fs, const struct fs_node *file, uint64_t offset, void *buf, size_t len)
{
	int64_t got = fs_read_extents(fs, file, offset, buf, len);
	int rc = 0;

	if (got > 0 && ext_state(fs)->journal.has_escaped)
		rc = mend_escaped(fs, file, offset, buf, got);
	return rc < 0 ? rc : got;
}

static int read_geometry(struct fs *fs, const struct ext_super *super)
{
	struct ext_state *state = ext_state(fs);
	uint32_t log = le32_get(super->log_block_size);
	bool has_features = le32_get(super->rev_level) > 0;

	if (log > 6)
		return FW_ECORRUPT;
	state->block_shift = 10 + log;
	state->block_size = 1u << state->block_shift;
	state->nr_inodes = le32_get(super->inodes_count);
	state->inodes_per_group = le32_get(super->inodes_per_group);
	state->blocks_per_group = le32_get(super->blocks_per_group);
	state->first_data_block = le32_get(super->first_data_block);
	state->first_meta_bg = le32_get(super->first_meta_bg);
	state->backup_bgs[0] = le32_get(super->backup_bgs[0]);
	state->backup_bgs[1] = le32_get(super->backup_bgs[1]);
	state->inode_size = sizeof(struct ext_inode);
	state->desc_size = 32;
	if (has_features) {
		state->inode_size = le16_get(super->inode_size);
		state->compat = le32_get(super->feature_compat);
		state->incompat = le32_get(super->feature_incompat);
		state->ro_compat = le32_get(super->feature_ro_compat);
	}
	if (state->incompat & EXT_INCOMPAT_64BIT)
		state->desc_size = le16_get(super->desc_size);
	/* Powers of two, so that none crosses a block's end. */
	if (state->inode_size < sizeof(struct ext_inode) || state->inode_size > state->block_size ||
	    (state->inode_size & (state->inode_size - 1)) != 0)
		return FW_ECORRUPT;
	if (state->desc_size < 32 || state->desc_size > 1024 || (state->desc_size & (state->desc_size - 1)) != 0)
		return FW_ECORRUPT;
	if (state->inodes_per_group == 0 || state->blocks_per_group == 0)
		return FW_ECORRUPT;
	return 0;
}

static int ext_mount(struct fs *fs)
{
	struct ext_super super;
	struct ext_state *state;
	int rc = fs_read_super(fs, sizeof(*state), EXT_SUPER_OFFSET, &super, sizeof(super));

	if (rc <= 0)
		return rc;
	if (le16_get(super.magic) != EXT_MAGIC)
		return 0;
	state = ext_state(fs);
	rc = read_geometry(fs, &super);
	if (rc < 0) {
		print("%s: ext4 with a damaged superblock\n", fs->source->name);
		return rc;
	}
	if (state->incompat & ~KNOWN_INCOMPAT) {
		print("%s: ext4 with features that are not known here: incompat 0x%x\n", fs->source->name,
		      state->incompat & ~KNOWN_INCOMPAT);
		return FW_ENOTSUP;
	}
	uuid_text(super.uuid, fs->uuid);
	memcpy(fs->label, super.volume_name, sizeof(super.volume_name));
	if (state->incompat & EXT_INCOMPAT_RECOVER) {
		rc = ext_journal_load(fs, le32_get(super.journal_inum));
		if (rc < 0)
			return rc;
	}
	return 1;
}

const struct fs_ops ext_ops = {
	.name = "ext4",
	.mount = ext_mount,
	.root = ext_root,
	.lookup = fs_dir_lookup,
	.list = fs_dir_list,
	.read_link = fs_read_link,
	.read = ext_read,
	.walk = ext_walk,
	.open = open_inode,
	.map = ext_map,
};
