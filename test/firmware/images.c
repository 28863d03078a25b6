#include "test/firmware/images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_PROBES 64 /* for a byte that is not zero */
#define FRONT_BYTES (64u << 10) /* where superblocks and tables are */

static int add_range(struct image *image, uint64_t offset, uint64_t len)
{
	struct image_range *ranges = realloc(image->ranges, (image->nr_ranges + 1) * sizeof(*ranges));

	if (ranges == NULL)
		return -ENOMEM;
	ranges[image->nr_ranges++] = (struct image_range){ offset, len };
	image->ranges = ranges;
	return 0;
}

/* Where the file has bytes: a sparse image is mostly holes. */
static int find_ranges(struct image *image, int fd)
{
	off_t start = 0;
	off_t end = 0;
	int rc = 0;

	while (rc == 0 && (start = lseek(fd, end, SEEK_DATA)) >= 0 && (end = lseek(fd, start, SEEK_HOLE)) > start)
		rc = add_range(image, (uint64_t)start, (uint64_t)(end - start));
	if (rc == 0 && image->nr_ranges == 0)
		rc = add_range(image, 0, image->source.size_bytes);
	return rc;
}

static int read_image(struct source *source, uint64_t offset, void *buf, size_t len)
{
	const struct image *image = (struct image *)source; /* its first member */

	memcpy(buf, image->bytes + offset, len);
	return 0;
}

static int open_image(struct images *images, const char *path)
{
	struct image *image = &images->list[images->nr];
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) < 0) {
		rc = -errno;
		goto close_fd;
	}
	image->bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (image->bytes == MAP_FAILED) {
		rc = -errno;
		goto close_fd;
	}
	image->source.read = read_image;
	image->source.size_bytes = (uint64_t)stat.st_size;
	snprintf(image->source.name, sizeof(image->source.name), "vd%c", 'a' + images->nr);
	images->sources[images->nr++] = &image->source;
	rc = find_ranges(image, fd);
close_fd:
	close(fd);
	return rc;
}

int images_open(struct images *images, unsigned int nr, char **paths)
{
	*images = (struct images){ 0 };
	for (unsigned int i = 0; i < nr; i++) {
		int rc = i == IMAGES_MAX ? -E2BIG : open_image(images, paths[i]);

		if (rc < 0) {
			fprintf(stderr, "%s: %s\n", paths[i], strerror(-rc));
			return rc;
		}
	}
	return 0;
}

/* splitmix64: seeds that follow each other give unlike numbers. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A place to damage: even outside the holes most of a disk is zeroes, which say little. */
static struct image_change choose(const struct images *images, uint64_t *random)
{
	struct image_change change = { .disk = (unsigned int)(random_next(random) % images->nr) };
	const struct image *image = &images->list[change.disk];
	struct image_range range = image->ranges[random_next(random) % image->nr_ranges];

	if (random_next(random) % 4 == 0 && image->source.size_bytes > FRONT_BYTES)
		range = (struct image_range){ 0, FRONT_BYTES };
	for (unsigned int i = 0; i < MAX_PROBES; i++) {
		change.offset = range.offset + random_next(random) % range.len;
		if (image->bytes[change.offset] != 0)
			break;
	}
	change.old = image->bytes[change.offset];
	return change;
}

void images_damage(struct images *images, uint64_t seed, struct images_damage *out)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff, 2, 0x10 };
	uint64_t random = seed;

	out->nr = 1 + (unsigned int)(random_next(&random) % IMAGES_MAX_CHANGES);
	for (unsigned int i = 0; i < out->nr; i++) {
		uint64_t value = random_next(&random);

		out->changes[i] = choose(images, &random);
		images->list[out->changes[i].disk].bytes[out->changes[i].offset] =
			value % 2 == 0 ? (uint8_t)(value >> 8) : values[(value >> 8) % sizeof(values)];
	}
	for (unsigned int i = 0; i < images->nr; i++) {
		uint64_t *size_bytes = &images->sources[i]->size_bytes;

		out->sizes[i] = *size_bytes;
		if (random_next(&random) % 4 == 0)
			*size_bytes = random_next(&random) % (*size_bytes + 1);
	}
}

void images_mend(struct images *images, const struct images_damage *damage)
{
	for (unsigned int i = 0; i < images->nr; i++)
		images->sources[i]->size_bytes = damage->sizes[i];
	/* The last first: a place may have been changed twice. */
	for (unsigned int i = damage->nr; i-- > 0;) {
		const struct image_change *change = &damage->changes[i];

		images->list[change->disk].bytes[change->offset] = change->old;
	}
}
