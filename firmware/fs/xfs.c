/* XFS, as its blocks lie on the disk. The log is not replayed, as other boot loaders don't either: after a crash, what
 * the system changed last may be seen as it was before, and each structure is checked for itself. */
#include "firmware/fs/xfs.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/uuid.h"
#include "firmware/fs/all.h"
#include "firmware/fs/dir.h"
#include "firmware/fs/mode.h"

#define KNOWN_INCOMPAT                                                                                                 \
	(XFS_INCOMPAT_FTYPE | XFS_INCOMPAT_SPARSE_INODES | XFS_INCOMPAT_META_UUID | XFS_INCOMPAT_BIGTIME |             \
	 XFS_INCOMPAT_NREXT64 | XFS_INCOMPAT_EXCHANGE_RANGE | XFS_INCOMPAT_PARENT | XFS_INCOMPAT_METADIR)

int xfs_block_at(struct fs *fs, uint64_t block, uint64_t *out)
{
	const struct xfs_state *state = xfs_state(fs);
	uint64_t ag = block >> state->ag_block_log;
	uint64_t in_ag = block & ((1ull << state->ag_block_log) - 1);

	if (ag >= state->ag_count || in_ag >= state->ag_blocks)
		return FW_ECORRUPT;
	*out = (ag * state->ag_blocks + in_ag) << state->block_log;
	return 0;
}

int xfs_load(struct fs *fs, uint64_t inode)
{
	struct xfs_state *state = xfs_state(fs);
	unsigned int per_block_log = state->block_log - state->inode_log;
	uint32_t core = XFS_INODE_SIZE_V2;
	uint32_t inode_size = 1u << state->inode_log;
	struct xfs_inode raw;
	uint64_t at;
	int rc;

	if (inode == state->inode)
		return 0;
	state->inode = 0;
	state->last.len = 0;
	rc = xfs_block_at(fs, inode >> per_block_log, &at);
	if (rc < 0)
		return rc;
	at += (inode & ((1u << per_block_log) - 1)) << state->inode_log;
	rc = source_read(fs->source, at, &raw, sizeof(raw));
	if (rc < 0)
		return rc;
	if (be16_get(raw.magic) != XFS_INODE_MAGIC)
		return FW_ECORRUPT;
	state->mode = be16_get(raw.mode);
	state->format = raw.format;
	state->is_realtime = be16_get(raw.flags) & XFS_INODE_REALTIME;
	state->size_bytes = be64_get(raw.size);
	state->nr_extents = be32_get(raw.nr_extents);
	if (raw.version >= 3) {
		core = XFS_INODE_SIZE_V3;
		if (be64_get(raw.flags2) & XFS_INODE2_NREXT64)
			state->nr_extents = be64_get(raw.nr_extents64);
	}
	state->fork_at = at + core;
	state->fork_len = raw.fork_offset != 0 ? raw.fork_offset * 8u : inode_size - core;
	if (state->fork_len > inode_size - core || state->size_bytes >> 63 != 0)
		return FW_ECORRUPT;
	state->inode = inode;
	return 0;
}

static int open_inode(struct fs *fs, uint64_t inode, struct fs_node *out)
{
	int rc = xfs_load(fs, inode);

	if (rc < 0)
		return rc;
	*out = (struct fs_node){ .id = inode,
				 .kind = fs_kind_of_mode(xfs_state(fs)->mode),
				 .size_bytes = xfs_state(fs)->size_bytes };
	return 0;
}

static int xfs_root(struct fs *fs, struct fs_node *out)
{
	return open_inode(fs, xfs_state(fs)->root_inode, out);
}

/* In the inode, or in extents that each begin with a header (version 5). */
static int xfs_read_link(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1])
{
	const struct xfs_state *state = xfs_state(fs);
	size_t len = link->size_bytes;
	uint64_t at = 0;
	int rc;

	if (link->size_bytes > FS_PATH_MAX)
		return FW_ETOOBIG;
	target[len] = '\0';
	rc = xfs_load(fs, link->id);
	if (rc == 0 && (state->format == XFS_FORMAT_LOCAL || !state->is_v5))
		return fs_read_whole(fs, link, 0, target, len);
	while (rc == 0 && len > 0) {
		struct fs_extent extent;
		size_t part = len;

		rc = xfs_map(fs, link, at, &extent);
		if (rc < 0)
			break;
		if (extent.is_hole)
			return FW_ECORRUPT;
		/* Even the shortest extent is longer than a header. */
		if (part > extent.len - XFS_LINK_HEADER_V5)
			part = extent.len - XFS_LINK_HEADER_V5;
		rc = source_read(fs->source, extent.disk_offset + XFS_LINK_HEADER_V5, target, part);
		at += extent.len;
		target += part;
		len -= part;
	}
	return rc;
}

/* False if the numbers contradict each other. */
static bool read_geometry(struct xfs_state *state, const struct xfs_super *super)
{
	state->block_log = super->block_log;
	state->inode_log = super->inode_log;
	state->ag_block_log = super->ag_block_log;
	state->dir_block_log = (unsigned int)super->block_log + super->dir_block_log;
	state->ag_blocks = be32_get(super->ag_blocks);
	state->ag_count = be32_get(super->ag_count);
	state->root_inode = be64_get(super->root_inode);
	return state->block_log >= 9 && state->block_log <= 16 && state->dir_block_log <= 16 &&
	       be32_get(super->block_size) == 1u << state->block_log && state->inode_log >= 8 &&
	       state->inode_log <= 11 && state->inode_log <= state->block_log && state->ag_block_log <= 32 &&
	       state->ag_blocks <= 1ull << state->ag_block_log;
}

static int xfs_mount(struct fs *fs)
{
	struct xfs_super super;
	struct xfs_state *state;
	uint32_t version;
	uint32_t incompat;
	int rc = fs_read_super(fs, sizeof(*state), 0, &super, sizeof(super));

	if (rc <= 0)
		return rc;
	if (be32_get(super.magic) != XFS_MAGIC)
		return 0;
	state = xfs_state(fs);
	version = be16_get(super.version);
	state->is_v5 = (version & XFS_VERSION_MASK) == 5;
	if (!state->is_v5 && ((version & XFS_VERSION_MASK) != 4 || !(version & XFS_VERSION_DIR2))) {
		print("%s: XFS of a version that is not read: 0x%x\n", fs->source->name, version);
		return FW_ENOTSUP;
	}
	incompat = state->is_v5 ? be32_get(super.features_incompat) : 0;
	if (incompat & ~KNOWN_INCOMPAT) {
		print("%s: XFS with features that are not known here, or in need of repair: 0x%x\n", fs->source->name,
		      incompat & ~KNOWN_INCOMPAT);
		return FW_ENOTSUP;
	}
	state->has_ftype =
		state->is_v5 ? incompat & XFS_INCOMPAT_FTYPE : be32_get(super.features2) & XFS_FEATURE2_FTYPE;
	if (!read_geometry(state, &super)) {
		print("%s: XFS with a damaged superblock\n", fs->source->name);
		return FW_ECORRUPT;
	}
	fs->has_log = !xfs_log_is_clean(fs, &super);
	uuid_text(super.uuid, fs->uuid);
	memcpy(fs->label, super.name, sizeof(super.name));
	return 1;
}

const struct fs_ops xfs_ops = {
	.name = "xfs",
	.mount = xfs_mount,
	.root = xfs_root,
	.lookup = fs_dir_lookup,
	.list = fs_dir_list,
	.read_link = xfs_read_link,
	.read = fs_read_extents,
	.walk = xfs_walk,
	.open = open_inode,
	.map = xfs_map,
};
