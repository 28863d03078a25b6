#include "firmware/fs/dir.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"

struct search {
	const char *name;
	size_t len;
	uint64_t id;
};

static int compare(void *arg, const struct fs_entry *entry)
{
	struct search *search = arg;

	if (entry->len != search->len || memcmp(entry->name, search->name, search->len) != 0)
		return 0;
	search->id = entry->id;
	return 1;
}

int fs_dir_lookup(struct fs *fs, const struct fs_node *directory, const char *name, size_t len, struct fs_node *out)
{
	struct search search = { name, len, 0 };
	int rc = directory->kind == FS_DIRECTORY ? fs->ops->walk(fs, directory, compare, &search) : 0;

	if (rc > 0)
		return fs->ops->open(fs, search.id, out);
	return rc < 0 ? rc : FW_ENOENT;
}

struct listing {
	struct fs *fs;
	fs_visit visit;
	void *arg;
};

static int list_entry(void *arg, const struct fs_entry *entry)
{
	const struct listing *listing = arg;
	struct fs_node node = { .kind = entry->kind };

	if (entry->name[0] == '.' && (entry->len == 1 || (entry->len == 2 && entry->name[1] == '.')))
		return 0;
	/* A damaged inode is no reason not to show its name. */
	if (node.kind == FS_OTHER && listing->fs->ops->open(listing->fs, entry->id, &node) < 0)
		node.kind = FS_OTHER;
	return listing->visit(listing->arg, entry->name, entry->len, node.kind);
}

int fs_dir_list(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg)
{
	struct listing listing = { fs, visit, arg };

	return directory->kind == FS_DIRECTORY ? fs->ops->walk(fs, directory, list_entry, &listing) : FW_ENOENT;
}
