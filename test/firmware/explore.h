/* Using the loader's volumes and file systems on the host: a walk over all that is on a disk. */
#ifndef TEST_FIRMWARE_EXPLORE_H
#define TEST_FIRMWARE_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/core/source.h"
#include "firmware/fs/fs.h"

/* Whether print() writes to the standard error; at first it does not. */
void explore_set_talkative(bool talkative);

/* What is done with each file; nonzero ends the walk, which returns it. `path` is absolute there. */
typedef int (*explore_each)(void *arg, struct fs *fs, const char *path, const struct fs_node *node);

/* Walks a file system from its root, at most `max` files. `each` may be NULL. 0, what `each` returned, or the first
 * error that a file system gave, after which the walk went on. */
__attribute__((warn_unused_result)) int explore_fs(struct fs *fs, unsigned int max, explore_each each, void *arg);

/* An explore_each that reads all: links, files whole and in pieces, which must be the same. */
int explore_read(void *arg, struct fs *fs, const char *path, const struct fs_node *node);

#define EXPLORE_MAX_FILE (256u << 20) /* larger ones are read at their beginning and end */

/* Divides these disks, mounts what is on them and reads it, in an arena of this size. All may be damaged: it only has
 * to end. Returns the number of file systems. */
unsigned int explore_disks(struct source *const *disks, unsigned int nr_disks, size_t arena_size, unsigned int max);

#endif
