/* fwls: what the loader's parsers find on disk images.
 *
 *	fwls list IMAGE...		each volume on a line: its name, scheme, ids, and what file system it holds
 *	fwls extract VOLUME DIR IMAGE...	the files of one, below DIR, read in several ways that must agree
 *	fwls pack IMAGE...	a seed for the fuzzers: the images without their zeroes, on the standard output
 *	fwls damage ROUNDS SEED IMAGE...	all of it read again and again, each time with other bytes damaged
 *
 * The images are disks that the loader would see together. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/core/error.h"
#include "firmware/volume/volume.h"
#include "test/firmware/explore.h"
#include "test/firmware/images.h"
#include "test/firmware/sparse_disk.h"

#define ARENA_BYTES (64u << 20)
#define ROUND_SECONDS 60 /* after which a round counts as a hang */

static struct images images;

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static void list_volume(const struct volume *volume, struct arena *arena)
{
	struct fs fs;
	int rc = fs_mount(volume->source, arena, &fs);

	printf("%s size=%llu disk=%u part=%u scheme=%c partuuid=%s%s%s lv=%s lvid=%s", volume->source->name,
	       (unsigned long long)volume->source->size_bytes, volume->disk, volume->partition,
	       volume->scheme != 0 ? volume->scheme : '-', or_dash(volume->part_uuid), volume->is_esp ? " esp" : "",
	       volume->is_xbootldr ? " xbootldr" : "", or_dash(volume->lvm_name), or_dash(volume->lvm_uuid));
	if (rc == 1)
		printf(" fs=%s uuid=%s label=%s\n", fs.ops->name, or_dash(fs.uuid), or_dash(fs.label));
	else
		printf(" fs=%s\n", rc == 0 ? "-" : fw_error_text(rc));
}

static int extract_file(struct fs *fs, const char *to, const struct fs_node *node)
{
	static uint8_t piece[1u << 20];
	uint64_t at = 0;
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return 1;
	while (at < node->size_bytes) {
		int64_t got = fs->ops->read(fs, node, at, piece, sizeof(piece));

		if (got <= 0 || write(fd, piece, got) != got)
			break;
		at += got;
	}
	close(fd);
	return at == node->size_bytes ? 0 : 1;
}

static int extract_one(void *arg, struct fs *fs, const char *path, const struct fs_node *node)
{
	char target[FS_PATH_MAX + 1];
	char to[8192];
	int rc = explore_read(NULL, fs, path, node);

	if (rc != 0) {
		fprintf(stderr, "fwls: %s: %s\n", path, fw_error_text(rc));
		return 1;
	}
	snprintf(to, sizeof(to), "%s%s", (const char *)arg, path);
	switch (node->kind) {
	case FS_DIRECTORY:
		rc = mkdir(to, 0755) < 0 && errno != EEXIST;
		break;
	case FS_LINK:
		rc = fs->ops->read_link(fs, node, target) != 0 || symlink(target, to) < 0;
		break;
	case FS_FILE:
		rc = extract_file(fs, to, node);
		break;
	default:
		break;
	}
	if (rc != 0)
		fprintf(stderr, "fwls: cannot extract %s\n", path);
	return rc;
}

static int run(const char *volume, const char *dir)
{
	static struct volume volumes[VOLUME_MAX];
	struct arena arena = { malloc(ARENA_BYTES), ARENA_BYTES, 0 };
	int nr = volume_scan(images.sources, images.nr, &arena, volumes);
	int rc = volume == NULL ? 0 : 1;

	if (nr < 0)
		fprintf(stderr, "fwls: %s\n", fw_error_text(nr));
	for (int i = 0; i < nr; i++) {
		size_t used = arena.used;
		struct fs fs;

		if (volume == NULL)
			list_volume(&volumes[i], &arena);
		else if (strcmp(volumes[i].source->name, volume) == 0 && fs_mount(volumes[i].source, &arena, &fs) == 1)
			rc = explore_fs(&fs, 1u << 20, extract_one, (void *)dir) != 0;
		arena_release(&arena, used);
	}
	free(arena.base);
	return nr < 0 || rc != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Damages some bytes, reads all, and mends them. */
static void damage_round(uint64_t seed)
{
	struct images_damage damage;

	images_damage(&images, seed, &damage);
	alarm(ROUND_SECONDS);
	explore_disks(images.sources, images.nr, ARENA_BYTES, 512);
	alarm(0);
	images_mend(&images, &damage);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	int first = strcmp(verb, "list") == 0 || strcmp(verb, "pack") == 0 ? 2 : 4;

	if (argc <= first) {
		fprintf(stderr, "usage: fwls list | pack | extract VOLUME DIR | damage ROUNDS SEED  IMAGE...\n");
		return EXIT_FAILURE;
	}
	if (images_open(&images, (unsigned int)(argc - first), argv + first) < 0)
		return EXIT_FAILURE;
	if (strcmp(verb, "damage") == 0) {
		unsigned long rounds = strtoul(argv[2], NULL, 0);
		uint64_t seed = strtoull(argv[3], NULL, 0);

		for (unsigned long i = 0; i < rounds; i++)
			damage_round(seed + i);
		return EXIT_SUCCESS;
	}
	if (strcmp(verb, "pack") == 0) {
		for (unsigned int i = 0; i < images.nr; i++)
			sparse_write(stdout, i, images.list[i].bytes, images.sources[i]->size_bytes);
		return EXIT_SUCCESS;
	}
	explore_set_talkative(true);
	return run(first == 4 ? argv[2] : NULL, first == 4 ? argv[3] : NULL);
}
