/* A disk as mote opens it, for the programs that put formats under load. */
#ifndef TEST_FORMATS_DISK_H
#define TEST_FORMATS_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/block.h"

/* What the command line says about the disk, and the rest of it. */
struct disk_arguments {
	struct block_options options;
	enum loop_engine engine;
	uint64_t seed;
	unsigned long nr_steps; /* 0: until killed */
	unsigned int depth; /* requests in flight */
	const char *model; /* --model: a file of the disk's size with what the disk should hold */
	const char *state; /* --state: what a disk may hold after a crash */
	bool verify; /* --verify: look only */
	bool odd; /* --odd: buffers at odd addresses */
};

/* Reads the options, and the image's path, which comes last. Ends the program where they make no sense. */
void disk_parse(int argc, char **argv, struct disk_arguments *arguments);

struct disk {
	struct loop *loop;
	struct block *block;
};

/* Opens the disk and gives it to a loop that loop_drain() runs. Ends the program on failure. */
void disk_open(const struct disk_arguments *arguments, struct disk *disk);
void disk_close(struct disk *disk);

/* One request and its result. */
int disk_perform(struct disk *disk, enum block_op op, uint64_t offset, void *buffer, uint64_t length);

/* Maps a file that must be `size_bytes` long; it is made so if `create`. Ends the program on failure. */
void *disk_map_file(const char *path, uint64_t size_bytes, bool create);

/* A random number below `limit`, of the sequence that `seed` holds. */
uint64_t disk_random(uint64_t *seed, uint64_t limit);

/* Ends the program with one line. */
void disk_fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
