/* Disk images in memory, as the disks of one machine, and damage done to copies of them. */
#ifndef TEST_FIRMWARE_IMAGES_H
#define TEST_FIRMWARE_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/core/source.h"

#define IMAGES_MAX 8
#define IMAGES_MAX_CHANGES 64 /* bytes that one damage changes */

/* A stretch of an image that is not a hole of its file. */
struct image_range {
	uint64_t offset;
	uint64_t len;
};

struct image {
	struct source source; /* first; named vda, vdb, ... */
	uint8_t *bytes; /* private to the process: the file stays as it is */
	struct image_range *ranges;
	size_t nr_ranges;
};

struct images {
	struct image list[IMAGES_MAX];
	struct source *sources[IMAGES_MAX];
	unsigned int nr;
};

/* Opens the files as disks. 0, or negative errno, having said which file it is. They are never closed. */
__attribute__((warn_unused_result)) int images_open(struct images *images, unsigned int nr, char **paths);

struct image_change {
	unsigned int disk;
	uint64_t offset;
	uint8_t old;
};

/* What images_mend() undoes. */
struct images_damage {
	struct image_change changes[IMAGES_MAX_CHANGES];
	unsigned int nr;
	uint64_t sizes[IMAGES_MAX];
};

/* Changes some bytes, more often those that say something, and cuts some disks short; the same seed does the same. */
void images_damage(struct images *images, uint64_t seed, struct images_damage *out);
void images_mend(struct images *images, const struct images_damage *damage);

#endif
