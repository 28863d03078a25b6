#include "firmware/fs/fs.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"

#define MAX_LINKS 40
#define MAX_DEPTH 48 /* directories below each other; those passed are kept for ".." */

/* A path while it is walked. */
struct walk {
	struct fs *fs;
	struct fs_node nodes[MAX_DEPTH]; /* from the root down to where it is */
	unsigned int depth; /* of the last of them */
	unsigned int nr_links;
	size_t at; /* what has been walked of path */
	char path[FS_PATH_MAX + 1]; /* changes at each link */
};

int fs_mount(struct source *source, struct arena *arena, struct fs *out)
{
	size_t used = arena->used;

	for (unsigned int i = 0; fs_all[i] != NULL; i++) {
		int rc;

		*out = (struct fs){ .ops = fs_all[i], .source = source, .arena = arena };
		rc = fs_all[i]->mount(out);
		if (rc == 1 && out->has_log)
			print("%s: %s was not unmounted and has writes in its log that are not replayed\n",
			      source->name, out->ops->name);
		if (rc == 1)
			return 1;
		arena_release(arena, used);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int fs_read_super(struct fs *fs, size_t state_bytes, uint64_t at, void *super, size_t len)
{
	int rc;

	if (fs->source->size_bytes < at + len)
		return 0;
	fs->state = arena_alloc(fs->arena, state_bytes);
	if (fs->state == NULL)
		return FW_ENOMEM;
	rc = source_read(fs->source, at, super, len);
	return rc < 0 ? rc : 1;
}

/* Goes on with a link's target, and then with what was behind the link. */
static int follow(struct walk *walk, const struct fs_node *link)
{
	char target[FS_PATH_MAX + 1];
	size_t rest = strlen(walk->path + walk->at);
	size_t len;
	int rc;

	if (++walk->nr_links > MAX_LINKS)
		return FW_ELOOP;
	rc = walk->fs->ops->read_link(walk->fs, link, target);
	if (rc < 0)
		return rc;
	len = strlen(target);
	if (len == 0)
		return FW_ENOENT;
	if (len + rest > FS_PATH_MAX)
		return FW_ETOOBIG;
	if (target[0] == '/')
		walk->depth = 0;
	memmove(walk->path + len, walk->path + walk->at, rest + 1); /* begins with a slash, or is "" */
	memcpy(walk->path, target, len);
	walk->at = 0;
	return 0;
}

/* Takes one component. */
static int step(struct walk *walk, const char *name, size_t len, bool follow_last)
{
	const struct fs_node *here = &walk->nodes[walk->depth];
	struct fs_node next;
	int rc;

	if (here->kind != FS_DIRECTORY || len > FS_NAME_MAX)
		return FW_ENOENT;
	walk->at += len;
	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		walk->depth -= walk->depth > 0;
		return 0;
	}
	rc = walk->fs->ops->lookup(walk->fs, here, name, len, &next);
	if (rc < 0)
		return rc;
	if (next.kind == FS_LINK && (follow_last || walk->path[walk->at] != '\0'))
		return follow(walk, &next);
	if (walk->depth + 1 == MAX_DEPTH)
		return FW_ETOOBIG;
	walk->nodes[++walk->depth] = next;
	return 0;
}

static int walk_path(struct fs *fs, const char *path, bool follow_last, struct fs_node *out)
{
	struct walk walk;
	size_t len = strlen(path);
	int rc;

	if (len > FS_PATH_MAX)
		return FW_ETOOBIG;
	walk.fs = fs;
	walk.depth = 0;
	walk.nr_links = 0;
	walk.at = 0;
	memcpy(walk.path, path, len + 1);
	rc = fs->ops->root(fs, &walk.nodes[0]);
	while (rc == 0) {
		const char *name = walk.path + walk.at;

		if (*name == '/') {
			walk.at++;
			continue;
		}
		if (*name == '\0') {
			*out = walk.nodes[walk.depth];
			return 0;
		}
		for (len = 0; name[len] != '/' && name[len] != '\0';)
			len++;
		rc = step(&walk, name, len, follow_last);
	}
	return rc;
}

int fs_open(struct fs *fs, const char *path, struct fs_node *out)
{
	return walk_path(fs, path, true, out);
}

int fs_open_no_follow(struct fs *fs, const char *path, struct fs_node *out)
{
	return walk_path(fs, path, false, out);
}

int64_t fs_read_file(struct fs *fs, const char *path, size_t max, char **out)
{
	struct fs_node node;
	int64_t got = fs_open(fs, path, &node);
	char *text;

	if (got < 0)
		return got;
	if (node.kind != FS_FILE)
		return FW_ENOENT;
	if (node.size_bytes > max)
		return FW_ETOOBIG;
	text = arena_alloc(fs->arena, node.size_bytes + 1);
	if (text == NULL)
		return FW_ENOMEM;
	got = fs->ops->read(fs, &node, 0, text, node.size_bytes);
	/* The memory is not given back: the file system may have kept some of its own that it took meanwhile. */
	if (got < 0)
		return got;
	text[got] = '\0';
	*out = text;
	return got;
}
