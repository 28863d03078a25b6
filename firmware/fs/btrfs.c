#include "firmware/fs/btrfs.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/core/uuid.h"
#include "firmware/fs/all.h"
#include "firmware/fs/extent.h"
#include "firmware/fs/mode.h"

int btrfs_open_tree(struct fs *fs, uint64_t number, const struct btrfs_tree **out)
{
	struct btrfs_state *state = btrfs_state(fs);
	const struct btrfs_key key = { number, BTRFS_ROOT_ITEM, 0 };
	struct btrfs_path path;
	struct btrfs_item item;
	struct btrfs_root root;
	int rc;

	*out = &state->tree;
	if (number == state->tree_number)
		return 0;
	rc = btrfs_search_from(fs, &state->roots, &key, &path, &item);
	if (rc < 0)
		return rc;
	if (item.key.object != number || item.key.type != BTRFS_ROOT_ITEM)
		return FW_ENOENT;
	if (item.size < sizeof(root))
		return FW_ECORRUPT;
	rc = source_read(fs->source, item.at, &root, sizeof(root));
	if (rc < 0)
		return rc;
	state->tree = (struct btrfs_tree){ .address = le64_get(root.address), .level = root.level };
	state->tree_number = number;
	return 0;
}

int btrfs_open_inode(struct fs *fs, uint64_t tree_number, uint64_t inode, struct fs_node *out)
{
	const struct btrfs_key key = { inode, BTRFS_INODE_ITEM, 0 };
	const struct btrfs_tree *tree;
	struct btrfs_path path;
	struct btrfs_item item;
	struct btrfs_inode raw;
	int rc = btrfs_open_tree(fs, tree_number, &tree);

	if (rc == 0)
		rc = btrfs_search_from(fs, tree, &key, &path, &item);
	if (rc < 0)
		return rc;
	if (btrfs_compare(&item.key, &key) != 0 || item.size < sizeof(raw))
		return FW_ECORRUPT;
	rc = source_read(fs->source, item.at, &raw, sizeof(raw));
	if (rc < 0)
		return rc;
	*out = (struct fs_node){ .id = inode,
				 .extra = tree_number,
				 .kind = fs_kind_of_mode((uint16_t)le32_get(raw.mode)),
				 .size_bytes = le64_get(raw.size) };
	return 0;
}

static int btrfs_root(struct fs *fs, struct fs_node *out)
{
	return btrfs_open_inode(fs, btrfs_state(fs)->default_subvolume, BTRFS_ROOT_INODE, out);
}

static int lookup_in(struct fs *fs, uint64_t tree_number, uint64_t inode, const char *name, size_t len,
		     struct fs_node *out)
{
	const struct btrfs_tree *tree;
	struct btrfs_key location;
	int rc = btrfs_open_tree(fs, tree_number, &tree);

	if (rc == 0)
		rc = btrfs_find(fs, tree, inode, BTRFS_DIR_INDEX, name, len, &location);
	if (rc < 0)
		return rc;
	/* A subvolume stands there as a directory would. */
	if (location.type == BTRFS_ROOT_ITEM)
		return btrfs_open_inode(fs, location.object, BTRFS_ROOT_INODE, out);
	return btrfs_open_inode(fs, tree_number, location.object, out);
}

/* GRUB's paths begin at the top-level subvolume, those of others at the default one: so what is not in the root of the
 * default one is looked for in the other. */
static int btrfs_lookup(struct fs *fs, const struct fs_node *directory, const char *name, size_t len,
			struct fs_node *out)
{
	int rc;

	if (directory->kind != FS_DIRECTORY)
		return FW_ENOENT;
	rc = lookup_in(fs, directory->extra, directory->id, name, len, out);
	if (rc == FW_ENOENT && directory->id == BTRFS_ROOT_INODE && directory->extra != BTRFS_TREE_TOP &&
	    directory->extra == btrfs_state(fs)->default_subvolume)
		rc = lookup_in(fs, BTRFS_TREE_TOP, BTRFS_ROOT_INODE, name, len, out);
	return rc;
}

/* What "btrfs subvolume set-default" wrote down. */
static int find_default(struct fs *fs, uint64_t directory)
{
	struct btrfs_state *state = btrfs_state(fs);
	struct btrfs_key location;
	int rc = btrfs_find(fs, &state->roots, directory, BTRFS_DIR_ITEM, "default", 7, &location);

	state->default_subvolume = BTRFS_TREE_TOP;
	if (rc == 0 && location.type == BTRFS_ROOT_ITEM)
		state->default_subvolume = location.object;
	return rc == FW_ENOENT ? 0 : rc;
}

static bool is_size(uint32_t size, uint32_t min, uint32_t max)
{
	return size >= min && size <= max && (size & (size - 1)) == 0;
}

static int read_super(struct fs *fs, const struct btrfs_super *super)
{
	struct btrfs_state *state = btrfs_state(fs);
	uint64_t incompat = le64_get(super->incompat);

	if (incompat & (BTRFS_INCOMPAT_EXTENT_TREE_V2 | BTRFS_INCOMPAT_RAID_STRIPE_TREE)) {
		print("%s: btrfs with features that are not known here: 0x%llx\n", fs->source->name,
		      (unsigned long long)incompat);
		return FW_ENOTSUP;
	}
	state->node_size = le32_get(super->node_size);
	state->sector_size = le32_get(super->sector_size);
	state->device_id = le64_get(super->device_id);
	state->nr_devices = le64_get(super->nr_devices);
	state->roots = (struct btrfs_tree){ .address = le64_get(super->root), .level = super->root_level };
	state->chunks = (struct btrfs_tree){ le64_get(super->chunk_root), super->chunk_root_level, true };
	state->system_chunks_len = le32_get(super->system_chunks_len);
	if (!is_size(state->node_size, 4096, 65536) || !is_size(state->sector_size, 512, 65536) ||
	    state->system_chunks_len > BTRFS_SYSTEM_CHUNKS_MAX)
		return FW_ECORRUPT;
	return source_read(fs->source, BTRFS_SUPER_OFFSET + BTRFS_SYSTEM_CHUNKS_OFFSET, state->system_chunks,
			   state->system_chunks_len);
}

static int btrfs_mount(struct fs *fs)
{
	struct btrfs_super super;
	int rc = fs_read_super(fs, sizeof(struct btrfs_state), BTRFS_SUPER_OFFSET, &super, sizeof(super));

	if (rc <= 0)
		return rc;
	if (memcmp(super.magic, "_BHRfS_M", 8) != 0)
		return 0;
	rc = read_super(fs, &super);
	if (rc == 0)
		rc = find_default(fs, le64_get(super.root_dir_object));
	if (rc < 0) {
		if (le64_get(super.nr_devices) > 1)
			print("%s: btrfs on %llu devices: only one is read\n", fs->source->name,
			      (unsigned long long)le64_get(super.nr_devices));
		print("%s: btrfs can't be read: %s\n", fs->source->name, fw_error_text(rc));
		return rc;
	}
	fs->has_log = le64_get(super.log_root) != 0;
	uuid_text(super.uuid, fs->uuid);
	memcpy(fs->label, super.label, sizeof(super.label));
	fs->label[sizeof(super.label)] = '\0';
	return 1;
}

const struct fs_ops btrfs_ops = {
	.name = "btrfs",
	.mount = btrfs_mount,
	.root = btrfs_root,
	.lookup = btrfs_lookup,
	.list = btrfs_list,
	.read_link = fs_read_link,
	.read = fs_read_extents,
	.map = btrfs_map_file,
};
