/* FAT12, FAT16 and FAT32: what the parts of their reader share (Microsoft, FAT: General Overview of On-Disk Format). */
#ifndef FIRMWARE_FS_FAT_H
#define FIRMWARE_FS_FAT_H

#include "firmware/fs/extent.h"
#include "firmware/fs/fs.h"

#define FAT_LABEL_BYTES 11 /* padded with blanks */
#define FAT_MAX_DIR_BYTES (65536u * 32)

struct fat_state {
	unsigned int bits; /* of an entry of the table: 12, 16 or 32 */
	uint32_t cluster_bytes;
	uint32_t nr_clusters; /* the first is number 2 */
	uint64_t table; /* where things begin, in bytes */
	uint64_t root;
	uint64_t data;
	uint32_t root_bytes; /* of FAT12 and FAT16 */
	uint32_t root_cluster; /* of FAT32; else 0 */

	/* Where the last stretch was found: files are read from front to back. */
	uint32_t last_start; /* first cluster of that file; 0: nothing */
	uint32_t last_cluster; /* last cluster of that stretch */
	struct fs_extent last;
};

static inline struct fat_state *fat_state(struct fs *fs)
{
	return fs->state;
}

/* fs_map of files and directories, whose nodes have their first cluster as id, 0 of a root without one. FW_ENOENT
 * behind the last cluster. */
int fat_map(struct fs *fs, const struct fs_node *node, uint64_t offset, struct fs_extent *out);

/* As in fs_ops. */
int fat_lookup(struct fs *fs, const struct fs_node *directory, const char *name, size_t len, struct fs_node *out);
int fat_list(struct fs *fs, const struct fs_node *directory, fs_visit visit, void *arg);

/* Finds the label that the root directory has: 1, 0 or an error. */
__attribute__((warn_unused_result)) int fat_find_label(struct fs *fs, const struct fs_node *root,
						       char label[FAT_LABEL_BYTES]);

#endif
