#include "firmware/fs/ext_journal.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/fs/ext.h"

#define KIND_DESCRIPTOR 1
#define KIND_COMMIT 2
#define KIND_SUPER1 3
#define KIND_SUPER2 4
#define KIND_REVOKE 5

#define INCOMPAT_REVOKE 0x01u
#define INCOMPAT_64BIT 0x02u
#define INCOMPAT_ASYNC_COMMIT 0x04u
#define INCOMPAT_CSUM_V2 0x08u
#define INCOMPAT_CSUM_V3 0x10u
#define INCOMPAT_FAST_COMMIT 0x20u
#define KNOWN_INCOMPAT                                                                                                 \
	(INCOMPAT_REVOKE | INCOMPAT_64BIT | INCOMPAT_ASYNC_COMMIT | INCOMPAT_CSUM_V2 | INCOMPAT_CSUM_V3 |              \
	 INCOMPAT_FAST_COMMIT)

#define TAG_ESCAPED 1u
#define TAG_SAME_UUID 2u
#define TAG_LAST 8u

#define DEFAULT_FAST_COMMIT_BLOCKS 256
/* More than a log of usual size can hold, and few enough to be read in a moment. */
#define MAX_STEPS (1u << 20)
#define MAX_RECORDS (1u << 20)

struct header {
	be32 magic;
	be32 kind;
	be32 sequence;
};

struct super {
	struct header header;
	be32 block_size;
	be32 max_len;
	be32 first;
	be32 sequence; /* of the first transaction in the log */
	be32 start; /* block of the log; 0: it is empty */
	be32 error;
	be32 feature_compat;
	be32 feature_incompat;
	uint8_t skipped[40];
	be32 nr_fast_commit_blocks;
};
_Static_assert(offsetof(struct super, start) == 0x1c, "journal superblock");
_Static_assert(offsetof(struct super, nr_fast_commit_blocks) == 0x54, "journal superblock");

/* Of a block in the log. In version 3 of the checksums the flags have 32 bits. */
struct tag {
	be32 block;
	be16 checksum;
	be16 flags;
	be32 block_high;
};

struct tag3 {
	be32 block;
	be32 flags;
	be32 block_high;
	be32 checksum;
};
_Static_assert(sizeof(struct tag) == 12 && sizeof(struct tag3) == 16, "tags");

struct ext_journal_entry {
	uint64_t block;
	uint64_t copy; /* the block that holds the newest copy */
	uint32_t tagged; /* transaction of the copy */
	uint32_t revoked; /* transaction from before which no copy counts */
	bool has_tag;
	bool has_revoke;
	bool is_escaped;
};

/* A walk over the log: once to count, once to fill the table. */
struct log {
	struct fs *fs;
	struct fs_node file;
	uint32_t incompat;
	uint32_t block_size;
	uint32_t first;
	uint32_t end;
	uint32_t start;
	uint32_t start_sequence;
	uint32_t end_sequence; /* of the first transaction that was not committed */
	uint32_t at;
	uint32_t sequence;
	uint32_t nr_steps; /* blocks that were passed: the log is a ring */
	uint32_t nr_records;
	struct ext_journal journal; /* with a table in the second walk */
};

static struct ext_journal_entry *slot(const struct ext_journal *journal, uint64_t block)
{
	uint32_t mask = (1u << journal->table_bits) - 1;
	uint32_t i = (block * 0x9e3779b97f4a7c15ull) >> (64 - journal->table_bits);

	/* There are always free ones. */
	while ((journal->table[i].has_tag || journal->table[i].has_revoke) && journal->table[i].block != block)
		i = (i + 1) & mask;
	return &journal->table[i];
}

bool ext_journal_find(const struct ext_journal *journal, uint64_t block, uint64_t *copy, bool *is_escaped)
{
	const struct ext_journal_entry *entry;

	if (journal->table == NULL)
		return false;
	entry = slot(journal, block);
	if (!entry->has_tag || (entry->has_revoke && (int32_t)(entry->revoked - entry->tagged) >= 0))
		return false;
	*copy = entry->copy;
	*is_escaped = entry->is_escaped;
	return true;
}

static int read_log(struct log *log, uint32_t block, uint32_t offset, void *buf, size_t len)
{
	return fs_read_whole(log->fs, &log->file, (uint64_t)block * log->block_size + offset, buf, len);
}

/* FW_ETOOBIG if the log does not end. */
static int advance(struct log *log)
{
	if (++log->at == log->end)
		log->at = log->first;
	return ++log->nr_steps > log->end || log->nr_steps > MAX_STEPS ? FW_ETOOBIG : 0;
}

/* Whether a record is to be remembered: in the second walk. */
static int count(struct log *log)
{
	if (log->journal.table != NULL)
		return 1;
	return ++log->nr_records > MAX_RECORDS ? FW_ETOOBIG : 0;
}

static int add_tag(struct log *log, uint64_t block, bool is_escaped)
{
	struct ext_journal_entry *entry;
	struct fs_extent extent;
	uint64_t offset = (uint64_t)log->at * log->block_size;
	int rc = count(log);

	if (rc <= 0)
		return rc;
	if (offset >= log->file.size_bytes)
		return FW_ECORRUPT;
	rc = ext_map(log->fs, &log->file, offset, &extent);
	if (rc < 0 || extent.is_hole)
		return rc < 0 ? rc : FW_ECORRUPT;
	entry = slot(&log->journal, block);
	entry->block = block;
	entry->copy = (extent.disk_offset + (offset - extent.file_offset)) / log->block_size;
	entry->tagged = log->sequence;
	entry->has_tag = true;
	entry->is_escaped = is_escaped;
	log->journal.has_escaped |= is_escaped;
	return 0;
}

static int add_revoke(struct log *log, uint64_t block)
{
	struct ext_journal_entry *entry;
	int rc = count(log);

	if (rc <= 0)
		return rc;
	entry = slot(&log->journal, block);
	entry->block = block;
	entry->revoked = log->sequence;
	entry->has_revoke = true;
	return 0;
}

/* A descriptor: tags, one for each of the blocks that follow it in the log. */
static int read_descriptor(struct log *log, uint32_t descriptor)
{
	bool is_v3 = log->incompat & INCOMPAT_CSUM_V3;
	uint32_t tag_size = is_v3 ? sizeof(struct tag3) : sizeof(struct tag);
	uint32_t end = log->block_size;
	uint32_t at = sizeof(struct header);
	uint32_t flags = 0;

	if (log->incompat & (INCOMPAT_CSUM_V2 | INCOMPAT_CSUM_V3))
		end -= 4;
	if (!is_v3 && (log->incompat & INCOMPAT_CSUM_V2))
		tag_size += 2;
	if (!is_v3 && !(log->incompat & INCOMPAT_64BIT))
		tag_size -= 4;
	while (!(flags & TAG_LAST) && end - at >= tag_size) {
		union {
			struct tag tag;
			struct tag3 tag3;
		} record;
		uint64_t block;
		int rc = read_log(log, descriptor, at, &record, tag_size < sizeof(record) ? tag_size : sizeof(record));

		if (rc < 0)
			return rc;
		flags = is_v3 ? be32_get(record.tag3.flags) : be16_get(record.tag.flags);
		block = be32_get(record.tag.block);
		if (log->incompat & INCOMPAT_64BIT)
			block |= (uint64_t)be32_get(record.tag.block_high) << 32;
		rc = add_tag(log, block, flags & TAG_ESCAPED);
		if (rc == 0)
			rc = advance(log);
		if (rc < 0)
			return rc;
		at += tag_size;
		if (!(flags & TAG_SAME_UUID))
			at += 16;
		if (at > end)
			break;
	}
	return 0;
}

static int read_revokes(struct log *log, uint32_t block)
{
	uint32_t size = log->incompat & INCOMPAT_64BIT ? 8 : 4;
	uint32_t at = sizeof(struct header) + sizeof(be32);
	be32 used;
	int rc = read_log(log, block, sizeof(struct header), &used, sizeof(used));

	if (rc < 0)
		return rc;
	if (be32_get(used) > log->block_size)
		return FW_ECORRUPT;
	for (; at + size <= be32_get(used); at += size) {
		be32 number[2];

		rc = read_log(log, block, at, number, size);
		if (rc == 0)
			rc = add_revoke(log, size == 8 ? (uint64_t)be32_get(number[0]) << 32 | be32_get(number[1])
						       : be32_get(number[0]));
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The first walk ends at what is no block of the next transaction; the second, where that one was. */
static int walk(struct log *log)
{
	bool is_second = log->journal.table != NULL;
	int rc = 0;

	log->at = log->start;
	log->sequence = log->start_sequence;
	log->nr_steps = 0;
	while (rc == 0 && !(is_second && log->sequence == log->end_sequence)) {
		uint32_t block = log->at;
		struct header header;

		rc = read_log(log, block, 0, &header, sizeof(header));
		if (rc < 0)
			return rc;
		if (be32_get(header.magic) != EXT_JOURNAL_MAGIC || be32_get(header.sequence) != log->sequence)
			break;
		rc = advance(log);
		if (rc < 0)
			break;
		switch (be32_get(header.kind)) {
		case KIND_DESCRIPTOR:
			rc = read_descriptor(log, block);
			break;
		case KIND_REVOKE:
			rc = read_revokes(log, block);
			break;
		case KIND_COMMIT:
			log->sequence++;
			break;
		default:
			rc = 1;
			break;
		}
	}
	/* What follows the last commit may be anything: it ends the log, and is no damage. */
	if (!is_second)
		log->end_sequence = log->sequence;
	return rc == FW_ETOOBIG || (is_second && rc < 0) ? rc : 0;
}

static int read_super(struct log *log, uint32_t inode)
{
	struct ext_state *state = ext_state(log->fs);
	struct super super;
	uint32_t nr_fast = 0;
	uint32_t kind;
	int rc = ext_load(log->fs, inode);

	if (rc < 0)
		return rc;
	log->file = (struct fs_node){ .id = inode, .kind = FS_FILE, .size_bytes = state->size_bytes };
	log->block_size = state->block_size;
	rc = read_log(log, 0, 0, &super, sizeof(super));
	if (rc < 0)
		return rc;
	kind = be32_get(super.header.kind);
	log->end = be32_get(super.max_len);
	log->first = be32_get(super.first);
	log->start = be32_get(super.start);
	log->start_sequence = be32_get(super.sequence);
	if (be32_get(super.header.magic) != EXT_JOURNAL_MAGIC || (kind != KIND_SUPER1 && kind != KIND_SUPER2) ||
	    be32_get(super.block_size) != log->block_size)
		return FW_ECORRUPT;
	if (kind == KIND_SUPER2)
		log->incompat = be32_get(super.feature_incompat);
	if (log->incompat & ~KNOWN_INCOMPAT)
		return FW_ENOTSUP;
	if (log->incompat & INCOMPAT_FAST_COMMIT) {
		nr_fast = be32_get(super.nr_fast_commit_blocks);
		if (nr_fast == 0)
			nr_fast = DEFAULT_FAST_COMMIT_BLOCKS;
	}
	if (log->end > log->file.size_bytes / log->block_size || nr_fast >= log->end)
		return FW_ECORRUPT;
	log->end -= nr_fast;
	if (log->first == 0 || log->first >= log->end)
		return FW_ECORRUPT;
	if (log->start != 0 && (log->start < log->first || log->start >= log->end))
		return FW_ECORRUPT;
	return 0;
}

/* Both walks. The second finds nothing that the first did not count. */
static int read_all(struct log *log)
{
	size_t nr = 4;
	int rc = walk(log);

	if (rc < 0 || log->end_sequence == log->start_sequence)
		return rc;
	for (log->journal.table_bits = 2; nr < 2ull * log->nr_records; nr *= 2)
		log->journal.table_bits++;
	log->journal.table = arena_alloc(log->fs->arena, nr * sizeof(*log->journal.table));
	if (log->journal.table == NULL)
		return FW_ENOMEM;
	return walk(log);
}

int ext_journal_load(struct fs *fs, uint32_t inode)
{
	struct log log = { .fs = fs };
	int rc;

	if (inode == 0) {
		print("%s: ext4 was not unmounted, and its journal is on another disk\n", fs->source->name);
		return FW_ENOTSUP;
	}
	rc = read_super(&log, inode);
	if (rc == 0 && log.start != 0)
		rc = read_all(&log);
	if (rc < 0) {
		print("%s: ext4 was not unmounted, and its journal can't be read: %s\n", fs->source->name,
		      fw_error_text(rc));
		return rc;
	}
	if (log.start != 0)
		print("%s: ext4 was not unmounted: reading %u transactions in its journal\n", fs->source->name,
		      log.end_sequence - log.start_sequence);
	/* From now on, other blocks than those that were loaded may count. */
	ext_state(fs)->inode = 0;
	ext_state(fs)->journal = log.journal;
	return 0;
}
