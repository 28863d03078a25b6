#include "test/unit/firmware_fake_fs.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/core/error.h"
#include "firmware/core/unpack.h"

#define MAX_PLACES 16
#define MAX_NODES 2048

/* A file, directory or link; node 0 of each place is its root. */
struct fake_node {
	unsigned int place;
	unsigned int parent;
	char name[FS_NAME_MAX + 1];
	enum fs_kind kind;
	const char *bytes; /* a link's target too */
	size_t len;
};

static struct mounted mounted[MAX_PLACES];
static struct volume volumes[MAX_PLACES];
static struct source sources[MAX_PLACES];
static struct fs_ops ops[MAX_PLACES];
static struct fake_node nodes[MAX_NODES];
static unsigned int nr_nodes;
static struct arena arena;
static struct places places;
static size_t bytes_read;

static unsigned int place_of(const struct fs *fs)
{
	return (unsigned int)(fs->source - sources);
}

static int describe(unsigned int node, struct fs_node *out)
{
	*out = (struct fs_node){ .id = node, .kind = nodes[node].kind, .size_bytes = nodes[node].len };
	return 0;
}

static unsigned int find(unsigned int place, unsigned int parent, const char *name, size_t len)
{
	bool folds = strcmp(ops[place].name, "vfat") == 0;

	for (unsigned int i = 0; i < nr_nodes; i++) {
		if (nodes[i].place == place && nodes[i].parent == parent && i != parent &&
		    strlen(nodes[i].name) == len &&
		    (folds ? strncasecmp(nodes[i].name, name, len) : strncmp(nodes[i].name, name, len)) == 0)
			return i;
	}
	return MAX_NODES;
}

static int fake_root(struct fs *fs, struct fs_node *out)
{
	for (unsigned int i = 0; i < nr_nodes; i++)
		if (nodes[i].place == place_of(fs) && nodes[i].parent == i)
			return describe(i, out);
	return FW_EIO;
}

static int fake_lookup(struct fs *fs, const struct fs_node *directory, const char *name, size_t len,
		       struct fs_node *out)
{
	unsigned int node = find(place_of(fs), (unsigned int)directory->id, name, len);

	return node == MAX_NODES ? FW_ENOENT : describe(node, out);
}

static int fake_list(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg)
{
	for (unsigned int i = 0; i < nr_nodes; i++) {
		int rc = 0;

		if (nodes[i].place == place_of(fs) && nodes[i].parent == directory->id && i != directory->id)
			rc = visit(arg, nodes[i].name, strlen(nodes[i].name), nodes[i].kind);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int fake_read_link(struct fs *fs, const struct fs_node *link, char target[FS_PATH_MAX + 1])
{
	(void)fs;
	snprintf(target, FS_PATH_MAX + 1, "%s", nodes[link->id].bytes);
	return 0;
}

static int64_t fake_read(struct fs *fs, const struct fs_node *file, uint64_t offset, void *buf, size_t len)
{
	const struct fake_node *node = &nodes[file->id];

	(void)fs;
	if (offset >= node->len)
		return 0;
	if (len > node->len - offset)
		len = node->len - offset;
	memcpy(buf, node->bytes + offset, len);
	bytes_read += len;
	return (int64_t)len;
}

struct places *fake_begin(size_t arena_bytes)
{
	free(arena.base);
	arena = (struct arena){ .base = malloc(arena_bytes), .size = arena_bytes };
	if (arena.base == NULL)
		abort();
	places = (struct places){ .mounted = mounted, .arena = &arena };
	nr_nodes = 0;
	bytes_read = 0;
	return &places;
}

static unsigned int add_node(unsigned int place, unsigned int parent, const char *name, size_t len, enum fs_kind kind)
{
	struct fake_node *node = &nodes[nr_nodes];

	if (nr_nodes == MAX_NODES || len > FS_NAME_MAX)
		abort();
	*node = (struct fake_node){ .place = place, .parent = parent, .kind = kind, .bytes = "" };
	memcpy(node->name, name, len);
	return nr_nodes++;
}

struct mounted *fake_add(const struct fake_place *place)
{
	unsigned int i = places.nr;

	if (i == MAX_PLACES)
		abort();
	places.nr++;
	ops[i] = (struct fs_ops){
		.name = place->kind != NULL ? place->kind : "ext4",
		.root = fake_root,
		.lookup = fake_lookup,
		.list = fake_list,
		.read_link = fake_read_link,
		.read = fake_read,
	};
	sources[i] = (struct source){ .size_bytes = 1 << 20 };
	snprintf(sources[i].name, sizeof(sources[i].name), "%s", place->name);
	volumes[i] = place->volume;
	volumes[i].source = &sources[i];
	mounted[i] = (struct mounted){ .volume = &volumes[i],
				       .fs = { .ops = &ops[i], .source = &sources[i], .arena = &arena } };
	if (place->uuid != NULL)
		snprintf(mounted[i].fs.uuid, sizeof(mounted[i].fs.uuid), "%s", place->uuid);
	if (place->label != NULL)
		snprintf(mounted[i].fs.label, sizeof(mounted[i].fs.label), "%s", place->label);
	(void)add_node(i, nr_nodes, "", 0, FS_DIRECTORY);
	return &mounted[i];
}

struct mounted *fake_partition(unsigned int number, const char *uuid)
{
	char name[16];
	struct fake_place place = { .name = name, .uuid = uuid };

	snprintf(name, sizeof(name), "vda%u", number);
	place.volume = (struct volume){ .kind = VOLUME_PARTITION, .partition = number, .scheme = 'g' };
	return fake_add(&place);
}

static void put(struct mounted *where, const char *path, enum fs_kind kind, const void *bytes, size_t len)
{
	unsigned int place = (unsigned int)(where - mounted);
	struct fs_node root;
	unsigned int node;

	if (fake_root(&where->fs, &root) < 0)
		abort();
	node = (unsigned int)root.id;
	while (*path != '\0') {
		size_t name_len = strcspn(++path, "/");
		unsigned int next = find(place, node, path, name_len);
		bool is_last = path[name_len] == '\0';

		if (next == MAX_NODES)
			next = add_node(place, node, path, name_len, is_last ? kind : FS_DIRECTORY);
		node = next;
		path += name_len;
	}
	nodes[node].bytes = bytes;
	nodes[node].len = len;
}

void fake_bytes(struct mounted *where, const char *path, const void *bytes, size_t len)
{
	put(where, path, FS_FILE, bytes, len);
}

void fake_file(struct mounted *where, const char *path, const char *text)
{
	put(where, path, FS_FILE, text, strlen(text));
}

void fake_link(struct mounted *where, const char *path, const char *target)
{
	put(where, path, FS_LINK, target, strlen(target));
}

size_t fake_bytes_read(void)
{
	return bytes_read;
}

/* Nothing here is compressed; but the real file systems, which are linked too, know how to ask. */
int fw_unpack_start(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size)
{
	(void)codec;
	(void)from;
	(void)from_len;
	(void)to;
	(void)to_size;
	return FW_ENOTSUP;
}
