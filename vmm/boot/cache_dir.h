/* The directory that the cache lives in, and keeping it small. */
#ifndef VMM_BOOT_CACHE_DIR_H
#define VMM_BOOT_CACHE_DIR_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

/* What names in it start with. */
#define CACHE_ENTRY_PREFIX "kernel-"
#define CACHE_LINK_PREFIX "file-"
#define CACHE_TEMPORARY_PREFIX "new-"

/* Opens the directory; makes it, mode 0700, if it is missing. A descriptor; -ENOENT if the environment names no place;
 * -EPERM if it belongs to another user or others may write to it; or an errno. Control thread. */
__attribute__((warn_unused_result)) int cache_dir_open(void);

/* Goes through the names of entries, at most some hundred. */
struct cache_walk {
	DIR *list;
	unsigned int nr;
};
/* False if the directory can't be read. */
bool cache_walk_start(int dir, struct cache_walk *walk);
/* The next name, good until the next call, or NULL. */
const char *cache_walk_next(struct cache_walk *walk);
void cache_walk_end(struct cache_walk *walk);

/* Removes what no one needs: links to nothing, what crashed starts left half written, and, while all entries together
 * are larger than `max_bytes`, the one that was not used for the longest time. Best effort. */
void cache_dir_prune(int dir, uint64_t max_bytes);

#endif
