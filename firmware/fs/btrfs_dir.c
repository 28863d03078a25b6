/* Directories of btrfs: an item for each entry, numbered in the order in which they were made. */
#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/source.h"
#include "firmware/fs/btrfs.h"
#include "firmware/fs/mode.h"

#define MAX_ENTRIES (1u << 20) /* of one directory */

struct found {
	struct btrfs_dir dir;
	char name[FS_NAME_MAX];
	size_t len;
};

/* Nonzero ends the walk, which returns it. */
typedef int (*each_entry)(void *arg, const struct found *found);

/* Each name of an item; those of a DIR_ITEM whose hash is the same follow each other. */
static int visit_item(struct fs *fs, const struct btrfs_item *item, each_entry each, void *arg)
{
	uint32_t at = 0;

	while (item->size - at >= sizeof(struct btrfs_dir)) {
		struct found found;
		uint32_t left = item->size - at - sizeof(found.dir);
		int rc = source_read(fs->source, item->at + at, &found.dir, sizeof(found.dir));

		if (rc < 0)
			return rc;
		found.len = le16_get(found.dir.name_len);
		if (found.len == 0 || found.len > FS_NAME_MAX || found.len > left ||
		    le16_get(found.dir.data_len) > left - found.len)
			return FW_ECORRUPT;
		rc = source_read(fs->source, item->at + at + sizeof(found.dir), found.name, found.len);
		if (rc == 0)
			rc = each(arg, &found);
		if (rc != 0)
			return rc;
		at += sizeof(found.dir) + found.len + le16_get(found.dir.data_len);
	}
	return at == item->size ? 0 : FW_ECORRUPT;
}

static int walk(struct fs *fs, const struct btrfs_tree *tree, uint64_t inode, uint8_t type, each_entry each, void *arg)
{
	struct btrfs_key last = { inode, type, 0 };
	struct btrfs_path path;
	struct btrfs_item item;
	int rc = btrfs_search_from(fs, tree, &last, &path, &item);

	for (unsigned int i = 0; i < MAX_ENTRIES && rc == 0; i++) {
		if (item.key.object != inode || item.key.type != type)
			return 0;
		if (i > 0 && btrfs_compare(&item.key, &last) <= 0)
			return FW_ECORRUPT;
		last = item.key;
		rc = visit_item(fs, &item, each, arg);
		if (rc == 0)
			rc = btrfs_next(fs, &path);
		if (rc == 0)
			rc = btrfs_item(fs, &path, &item);
	}
	return rc == FW_ENOENT ? 0 : rc;
}

struct search {
	const char *name;
	size_t len;
	struct btrfs_key *location;
};

static int compare(void *arg, const struct found *found)
{
	const struct search *search = arg;

	if (found->len != search->len || memcmp(found->name, search->name, search->len) != 0)
		return 0;
	*search->location = btrfs_key(&found->dir.location);
	return 1;
}

int btrfs_find(struct fs *fs, const struct btrfs_tree *tree, uint64_t inode, uint8_t item_type, const char *name,
	       size_t len, struct btrfs_key *location)
{
	struct search search = { name, len, location };
	int rc = walk(fs, tree, inode, item_type, compare, &search);

	if (rc == 0)
		return FW_ENOENT;
	return rc < 0 ? rc : 0;
}

struct listing {
	fs_visit visit;
	void *arg;
	int rc; /* what `visit` returned: it may be any number */
};

static int list_entry(void *arg, const struct found *found)
{
	struct listing *listing = arg;

	listing->rc = listing->visit(listing->arg, found->name, found->len, fs_kind_of_type(found->dir.type));
	return listing->rc != 0;
}

int btrfs_list(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg)
{
	struct listing listing = { visit, arg, 0 };
	const struct btrfs_tree *tree;
	struct btrfs_tree copy;
	int rc;

	if (directory->kind != FS_DIRECTORY)
		return FW_ENOENT;
	rc = btrfs_open_tree(fs, directory->extra, &tree);
	if (rc < 0)
		return rc;
	/* What `visit` looks up may be in another. */
	copy = *tree;
	rc = walk(fs, &copy, directory->id, BTRFS_DIR_INDEX, list_entry, &listing);
	return rc == 1 ? listing.rc : rc;
}
