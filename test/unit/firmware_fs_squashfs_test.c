/* A tiny squashfs made by hand, right and wrong. What mksquashfs makes is read in test/firmware/. */
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/all.h"
#include "test/unit/firmware_fs_support.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

#define BLOCK 4096u
#define BYTES (64 * 1024u)
/* Each table is a block of metadata that is not compressed. */
#define INODES 1024u
#define DIRECTORIES 4096u
#define FRAGMENT_BLOCK 8192u
#define FRAGMENTS 9000u
#define DATA 16384u
#define PACKED_DATA 24576u
#define FRAGMENT_DATA 32768u
#define TABLE_BYTES 2048u
/* Inodes, by their offset. */
#define ROOT 0u
#define FILE_INODE 32u
#define LINK 72u
#define PACKED 100u
#define AT(inode) (INODES + 2 + (inode))
#define LISTING (DIRECTORIES + 2)
#define ENTRY (LISTING + 12) /* the first: "file" */

static size_t put_dirent(size_t at, unsigned int inode, uint16_t type, const char *name)
{
	disk_put16(&disk, at, (uint16_t)inode);
	disk_put16(&disk, at + 4, type);
	disk_put16(&disk, at + 6, (uint16_t)(strlen(name) - 1));
	disk_put(&disk, at + 8, name, strlen(name));
	return at + 8 + strlen(name);
}

static void put_root(void)
{
	size_t at = ENTRY;

	disk_put32(&disk, LISTING, 2); /* three entries */
	at = put_dirent(at, FILE_INODE, 2, "file");
	at = put_dirent(at, LINK, 3, "link");
	at = put_dirent(at, PACKED, 2, "packed");
	disk_put16(&disk, AT(ROOT), 1);
	disk_put16(&disk, AT(ROOT) + 24, (uint16_t)(at - LISTING + 3));
}

static void setup(void)
{
	said_clear();
	disk_init(&disk, "vda", BYTES);
	disk_put(&disk, 0, "hsqs", 4);
	disk_put32(&disk, 12, BLOCK);
	disk_put32(&disk, 16, 1);
	disk_put16(&disk, 20, 5); /* LZ4 */
	disk_put16(&disk, 22, 12);
	disk_put16(&disk, 28, 4);
	disk_put64(&disk, 32, ROOT);
	disk_put64(&disk, 64, INODES);
	disk_put64(&disk, 72, DIRECTORIES);
	disk_put64(&disk, 80, FRAGMENTS);
	disk_put16(&disk, INODES, 0x8000 | TABLE_BYTES);
	disk_put16(&disk, DIRECTORIES, 0x8000 | TABLE_BYTES);
	disk_put16(&disk, FRAGMENT_BLOCK, 0x8000 | 16);
	put_root();
	/* A block, a hole and six bytes of a fragment. */
	disk_put16(&disk, AT(FILE_INODE), 2);
	disk_put32(&disk, AT(FILE_INODE) + 16, DATA);
	disk_put32(&disk, AT(FILE_INODE) + 20, 0);
	disk_put32(&disk, AT(FILE_INODE) + 24, 10);
	disk_put32(&disk, AT(FILE_INODE) + 28, 2 * BLOCK + 6);
	disk_put32(&disk, AT(FILE_INODE) + 32, 1u << 24 | BLOCK);
	memset(disk.bytes + DATA, 'a', BLOCK);
	disk_put64(&disk, FRAGMENTS, FRAGMENT_BLOCK);
	disk_put64(&disk, FRAGMENT_BLOCK + 2, FRAGMENT_DATA);
	disk_put32(&disk, FRAGMENT_BLOCK + 10, 1u << 24 | 100);
	disk_put(&disk, FRAGMENT_DATA + 10, "tail!?", 6);
	disk_put16(&disk, AT(LINK), 3);
	disk_put32(&disk, AT(LINK) + 20, 4);
	disk_put(&disk, AT(LINK) + 24, "file", 4);
	/* The extended form, compressed. */
	disk_put16(&disk, AT(PACKED), 9);
	disk_put64(&disk, AT(PACKED) + 16, PACKED_DATA);
	disk_put64(&disk, AT(PACKED) + 24, 5);
	disk_put32(&disk, AT(PACKED) + 44, UINT32_MAX);
	disk_put32(&disk, AT(PACKED) + 56, 6);
	disk_put(&disk, PACKED_DATA, "\x50hello", 6);
}

/* As list_root(), but the root may be damaged. */
static int list_any_root(unsigned int *nr)
{
	struct fs_node root;
	int rc;

	*nr = 0;
	ck_assert_int_eq(mount_disk(), 1);
	rc = fs.ops->root(&fs, &root);
	return rc < 0 ? rc : list_node(&root, nr);
}

START_TEST(test_reads)
{
	uint8_t buf[3 * BLOCK];
	struct fs_node node;
	unsigned int nr;

	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_str_eq(fs.ops->name, "squashfs");
	ck_assert_str_eq(fs.uuid, "");
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), 2 * BLOCK + 6);
	ck_assert_uint_eq(buf[BLOCK - 1], 'a');
	ck_assert_uint_eq(buf[BLOCK] | buf[2 * BLOCK - 1], 0);
	ck_assert_mem_eq(buf + 2 * BLOCK, "tail!?", 6);
	/* Backwards too. */
	ck_assert_int_eq(fs_open(&fs, "/file", &node), 0);
	ck_assert_int_eq(fs.ops->read(&fs, &node, BLOCK + 1, buf, 1), 1);
	ck_assert_uint_eq(buf[0], 0);
	ck_assert_int_eq(fs.ops->read(&fs, &node, 1, buf, 1), 1);
	ck_assert_uint_eq(buf[0], 'a');
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), 5);
	ck_assert_mem_eq(buf, "hello", 5);
	ck_assert_int_eq(read_file("/nothing", buf, sizeof(buf)), FW_ENOENT);
	ck_assert_int_eq(list_any_root(&nr), 0);
	ck_assert_uint_eq(nr, 3);
}
END_TEST

/* One with an arena of its own, whose memory is forgotten, leaves the other's alone. */
START_TEST(test_copy)
{
	static uint8_t memory[65536];
	struct arena arena = { memory, sizeof(memory), 0 };
	struct fs_node node;
	struct fs copy;
	uint8_t byte;

	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_int_eq(fs_open(&fs, "/packed", &node), 0);
	ck_assert_int_eq(fs.ops->read(&fs, &node, 1, &byte, 1), 1);
	copy = fs;
	copy.arena = &arena;
	ck_assert_int_eq(copy.ops->read(&copy, &node, 2, &byte, 1), 1);
	ck_assert_uint_gt(arena.used, 0);
	memset(memory, 0xff, sizeof(memory));
	ck_assert_int_eq(fs.ops->read(&fs, &node, 4, &byte, 1), 1);
	ck_assert_uint_eq(byte, 'o');
}
END_TEST

START_TEST(test_bad_super)
{
	static const struct {
		size_t at;
		uint16_t value;
		int rc;
	} cases[] = {
		{ 20, 0, FW_ENOTSUP },	 { 20, 7, FW_ENOTSUP },	  { 20, 0xffff, FW_ENOTSUP }, { 28, 3, FW_ENOTSUP },
		{ 22, 11, FW_ECORRUPT }, { 22, 21, FW_ECORRUPT }, { 22, 64, FW_ECORRUPT },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t old[2];

		said_clear();
		memcpy(old, disk.bytes + cases[i].at, sizeof(old));
		disk_put16(&disk, cases[i].at, cases[i].value);
		ck_assert_int_eq(mount_disk(), cases[i].rc);
		ck_assert_ptr_nonnull(strstr(said(), "vda: squashfs"));
		disk_put(&disk, cases[i].at, old, sizeof(old));
	}
	disk.bytes[0] = 'q';
	ck_assert_int_eq(mount_disk(), 0);
}
END_TEST

START_TEST(test_bad_tables)
{
	static const uint64_t places[] = { 0, BYTES, BYTES - 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 48 };
	static const uint16_t heads[] = { 0, 0x8000, 0x8001, 1, 0x7fff, 16 };
	unsigned int nr;

	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		disk_put64(&disk, 64, places[i]);
		ck_assert_int_ne(list_any_root(&nr), 0);
	}
	disk_put64(&disk, 64, INODES);
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		disk_put64(&disk, 72, places[i]);
		ck_assert_int_lt(list_any_root(&nr), 0);
	}
	disk_put64(&disk, 72, DIRECTORIES);
	for (unsigned int i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		disk_put16(&disk, INODES, heads[i]);
		ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
	}
	disk_put16(&disk, INODES, 0x8000 | TABLE_BYTES);
	/* The root's place in its block. */
	disk_put64(&disk, 32, 8192);
	ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
	disk_put64(&disk, 32, 0xffff);
	ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
	disk_put64(&disk, 32, UINT64_MAX);
	ck_assert_int_lt(list_any_root(&nr), 0);
}
END_TEST

START_TEST(test_bad_directory)
{
	static const uint16_t sizes[] = { 0, 2, 4, 3 + 12, 3 + 12 + 9, 0xffff };
	static const uint32_t counts[] = { 256, UINT32_MAX, UINT32_MAX - 1 };
	unsigned int nr;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		disk_put16(&disk, AT(ROOT) + 24, sizes[i]);
		ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
	}
	disk_put16(&disk, AT(ROOT) + 24, 3);
	ck_assert_int_eq(list_any_root(&nr), 0);
	ck_assert_uint_eq(nr, 0);
	put_root();
	for (unsigned int i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		disk_put32(&disk, LISTING, counts[i]);
		ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
	}
	disk_put32(&disk, LISTING, 2);
	disk_put16(&disk, ENTRY + 6, 255);
	ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
	disk_put16(&disk, ENTRY + 6, 0xffff);
	ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
	/* One of 4 GiB. */
	disk_put16(&disk, AT(ROOT), 8);
	disk_put32(&disk, AT(ROOT) + 20, UINT32_MAX);
	ck_assert_int_eq(list_any_root(&nr), FW_ECORRUPT);
}
END_TEST

START_TEST(test_bad_inodes)
{
	uint8_t buf[3 * BLOCK];
	struct fs_node node;

	/* A directory in itself, and no inode at all. */
	put_dirent(ENTRY, ROOT, 2, "file");
	ck_assert_int_eq(read_file("/file/file/file/packed", buf, sizeof(buf)), 5);
	put_dirent(ENTRY, 8190, 2, "file");
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	put_dirent(ENTRY, FILE_INODE, 2, "file");
	disk_put16(&disk, AT(FILE_INODE), 4);
	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_int_eq(fs_open(&fs, "/file", &node), 0);
	ck_assert_int_eq(node.kind, FS_OTHER);
	disk_put16(&disk, AT(FILE_INODE), 0xffff);
	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_int_eq(fs_open(&fs, "/file", &node), 0);
	ck_assert_int_eq(node.kind, FS_OTHER);
	disk_put32(&disk, AT(LINK) + 20, 5000);
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), FW_ETOOBIG);
	disk_put32(&disk, AT(LINK) + 20, 4);
	disk_put(&disk, AT(LINK) + 24, "link", 4);
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), FW_ELOOP);
}
END_TEST

START_TEST(test_bad_files)
{
	static const uint32_t lengths[] = { 1u << 24 | (BLOCK - 1), BLOCK + 1, 1u << 24 | (BLOCK + 1), 1u << 25, 7 };
	uint8_t buf[3 * BLOCK];
	struct fs_node node;

	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		disk_put32(&disk, AT(FILE_INODE) + 32, lengths[i]);
		ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	}
	disk_put32(&disk, AT(FILE_INODE) + 32, 1u << 24 | BLOCK);
	disk_put32(&disk, AT(FILE_INODE) + 16, BYTES - 1);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	disk_put32(&disk, AT(FILE_INODE) + 16, DATA);
	disk_put32(&disk, AT(FILE_INODE) + 20, 1); /* of one fragment */
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	disk_put32(&disk, AT(FILE_INODE) + 20, 0);
	disk_put32(&disk, AT(FILE_INODE) + 24, 95);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	disk_put32(&disk, AT(FILE_INODE) + 24, UINT32_MAX);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	/* A stream that unpacks to less than its block should. */
	disk_put64(&disk, AT(PACKED) + 24, 6);
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), FW_ECORRUPT);
	/* Sizes that no list of blocks can have. */
	disk_put64(&disk, AT(PACKED) + 24, UINT64_MAX);
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), FW_ECORRUPT);
	disk_put64(&disk, AT(PACKED) + 24, UINT64_MAX >> 1);
	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_int_eq(fs_open(&fs, "/packed", &node), 0);
	ck_assert_int_eq(fs.ops->read(&fs, &node, UINT64_C(1) << 40, buf, 1), FW_ETOOBIG);
	ck_assert_int_eq(fs.ops->read(&fs, &node, UINT64_C(1) << 30, buf, 1), FW_ECORRUPT);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/fs: squashfs");
	TCase *tcase = tcase_create("squashfs");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_reads);
	tcase_add_test(tcase, test_copy);
	tcase_add_test(tcase, test_bad_super);
	tcase_add_test(tcase, test_bad_tables);
	tcase_add_test(tcase, test_bad_directory);
	tcase_add_test(tcase, test_bad_inodes);
	tcase_add_test(tcase, test_bad_files);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
