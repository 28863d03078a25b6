#include "test/firmware/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/volume/volume.h"

#define MAX_DEPTH 24
#define MAX_DAMAGED_BYTES (1u << 20) /* that are read of a file whose disk is damaged */

static bool is_talkative;

void explore_set_talkative(bool talkative)
{
	is_talkative = talkative;
}

void print_out(const char *text, size_t len)
{
	if (is_talkative)
		fprintf(stderr, "%.*s", (int)len, text);
}

/* The names of a directory, one behind the other. */
struct names {
	char *text;
	size_t len;
	unsigned int nr;
	unsigned int max;
};

static int add_name(void *arg, const char *name, size_t len, enum fs_kind kind)
{
	struct names *names = arg;

	(void)kind;
	if (names->nr == names->max)
		return 1;
	names->text = realloc(names->text, names->len + len + 1);
	memcpy(names->text + names->len, name, len);
	names->text[names->len + len] = '\0';
	names->len += len + 1;
	names->nr++;
	return 0;
}

struct tour {
	struct fs *fs;
	unsigned int left;
	explore_each each;
	void *arg;
	int error;
};

static int visit(struct tour *tour, const char *path, unsigned int depth)
{
	struct names names = { .max = tour->left };
	struct fs_node node;
	int rc = fs_open_no_follow(tour->fs, path, &node);

	if (rc == 0 && tour->each != NULL)
		rc = tour->each(tour->arg, tour->fs, path, &node);
	if (rc > 0)
		return rc;
	if (rc == 0 && node.kind == FS_DIRECTORY && depth < MAX_DEPTH)
		rc = tour->fs->ops->list(tour->fs, &node, add_name, &names);
	if (rc < 0 && tour->error == 0) {
		tour->error = rc;
		if (is_talkative)
			fprintf(stderr, "%s: %s\n", path, fw_error_text(rc));
	}
	rc = 0;
	for (const char *name = names.text; rc == 0 && name != NULL && name < names.text + names.len;
	     name += strlen(name) + 1) {
		char below[FS_PATH_MAX + 1];

		if (tour->left == 0)
			break;
		tour->left--;
		if (strchr(name, '/') != NULL || snprintf(below, sizeof(below), "%s%s%s", path,
							  path[1] == '\0' ? "" : "/", name) >= (int)sizeof(below))
			continue;
		rc = visit(tour, below, depth + 1);
	}
	free(names.text);
	return rc;
}

int explore_fs(struct fs *fs, unsigned int max, explore_each each, void *arg)
{
	struct tour tour = { fs, max, each, arg, 0 };
	int rc = visit(&tour, "/", 0);

	return rc != 0 ? rc : tour.error;
}

/* Reads a range in pieces of odd sizes and compares it with what was read at once. */
static int compare_pieces(struct fs *fs, const struct fs_node *node, uint64_t offset, const uint8_t *whole, size_t len)
{
	static const size_t sizes[] = { 1, 511, 4096, 4097, 77777, 13, 1048576 };
	uint8_t *piece = malloc(1048576);
	size_t at = 0;
	int rc = 0;

	for (unsigned int i = 0; at < len && rc == 0; i++) {
		size_t size = sizes[i % (sizeof(sizes) / sizeof(sizes[0]))];
		size_t expected = size < len - at ? size : len - at;
		int64_t got = fs->ops->read(fs, node, offset + at, piece, expected);

		if (got < 0)
			rc = (int)got;
		else if ((size_t)got != expected || memcmp(piece, whole + at, expected) != 0)
			rc = FW_ECORRUPT;
		at += expected;
	}
	free(piece);
	return rc;
}

static int read_range(struct fs *fs, const struct fs_node *node, uint64_t offset, size_t len)
{
	uint8_t *whole = malloc(len + 1);
	int64_t got = fs->ops->read(fs, node, offset, whole, len);
	int rc = got < 0 ? (int)got : 0;

	if (got >= 0 && (size_t)got != len)
		rc = FW_ECORRUPT;
	if (rc == 0)
		rc = compare_pieces(fs, node, offset, whole, len);
	free(whole);
	return rc;
}

int explore_read(void *arg, struct fs *fs, const char *path, const struct fs_node *node)
{
	size_t max = arg != NULL ? *(const size_t *)arg : EXPLORE_MAX_FILE;
	char target[FS_PATH_MAX + 1];
	struct fs_node end;
	int rc = 0;

	if (node->kind == FS_LINK) {
		rc = fs->ops->read_link(fs, node, target);
		/* Where it leads to is not always there. */
		if (rc == 0 && fs_open(fs, path, &end) == 0)
			rc = 0;
	}
	if (node->kind != FS_FILE)
		return rc;
	if (node->size_bytes <= max)
		return read_range(fs, node, 0, node->size_bytes);
	rc = read_range(fs, node, 0, max / 2);
	return rc != 0 ? rc : read_range(fs, node, node->size_bytes - max / 2, max / 2);
}

unsigned int explore_disks(struct source *const *disks, unsigned int nr_disks, size_t arena_size, unsigned int max)
{
	struct volume *volumes = calloc(VOLUME_MAX, sizeof(*volumes));
	struct arena arena = { malloc(arena_size), arena_size, 0 };
	size_t max_bytes = MAX_DAMAGED_BYTES;
	unsigned int nr_fs = 0;
	int nr = volume_scan(disks, nr_disks, &arena, volumes);

	for (int i = 0; i < nr; i++) {
		size_t used = arena.used;
		struct fs fs;

		if (fs_mount(volumes[i].source, &arena, &fs) == 1) {
			nr_fs++;
			if (explore_fs(&fs, max, explore_read, &max_bytes) < 0 && is_talkative)
				fprintf(stderr, "%s: damaged\n", volumes[i].source->name);
		}
		arena_release(&arena, used);
	}
	free(arena.base);
	free(volumes);
	return nr_fs;
}
