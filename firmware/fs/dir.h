/* Looking a name up and listing a directory, for kinds of file system that can walk over entries and open what they
 * lead to (fs_ops->walk and fs_ops->open). */
#ifndef FIRMWARE_FS_DIR_H
#define FIRMWARE_FS_DIR_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/fs/fs.h"

/* An entry, as far as it is known without what it leads to. */
struct fs_entry {
	uint64_t id; /* as in struct fs_node */
	enum fs_kind kind; /* FS_OTHER: what it leads to is asked */
	size_t len;
	char name[FS_NAME_MAX];
};

/* fs_ops->lookup and fs_ops->list. */
int fs_dir_lookup(struct fs *fs, const struct fs_node *directory, const char *name, size_t len, struct fs_node *out);
int fs_dir_list(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg);

#endif
