/* What a crash left in an ext3 or ext4 journal (Linux, Documentation/filesystems/ext4/journal.rst, and fs/jbd2):
 * committed blocks that have not reached their place. The disk is not written; reads are led to the journal's copy. */
#ifndef FIRMWARE_FS_EXT_JOURNAL_H
#define FIRMWARE_FS_EXT_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/fs/fs.h"

#define EXT_JOURNAL_MAGIC 0xc03b3998u

struct ext_journal_entry;

struct ext_journal {
	struct ext_journal_entry *table; /* by block; NULL: nothing is in the journal */
	unsigned int table_bits;
	bool has_escaped; /* some copies are escaped */
};

/* Reads the journal that lies in this inode, of a file system that is otherwise mounted. 0, or an error, said with
 * print(). */
__attribute__((warn_unused_result)) int ext_journal_load(struct fs *fs, uint32_t inode);

/* Whether the journal has a newer copy of `block`, and in which block. *is_escaped: the copy's first four bytes, which
 * are zeroes there, are EXT_JOURNAL_MAGIC in truth (big-endian). */
bool ext_journal_find(const struct ext_journal *journal, uint64_t block, uint64_t *copy, bool *is_escaped);

#endif
