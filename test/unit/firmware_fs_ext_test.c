/* A tiny ext2 file system made by hand, right and wrong. What mke2fs and the kernel make is read in test/firmware/. */
#include <stdio.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/all.h"
#include "test/unit/firmware_fs_support.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

/* Blocks of 1 KiB: superblock 1, descriptor 2, inodes 3 to 6, the root directory 7, and behind it what tests put there.
 */
#define BLOCK 1024u
#define NR_BLOCKS 64u
#define NR_INODES 32u
#define SUPER BLOCK
#define ROOT (7 * BLOCK)
#define INODE(number) (3 * BLOCK + ((number)-1) * 128)
#define MAP(number, index) (INODE(number) + 40 + 4 * (index))

static void put_inode(unsigned int number, uint16_t mode, uint32_t size, uint32_t flags)
{
	disk_put16(&disk, INODE(number), mode);
	disk_put32(&disk, INODE(number) + 4, size);
	disk_put32(&disk, INODE(number) + 32, flags);
}

static void put_dirent(size_t at, uint32_t inode, uint16_t rec_len, uint8_t type, const char *name)
{
	disk_put32(&disk, at, inode);
	disk_put16(&disk, at + 4, rec_len);
	disk.bytes[at + 6] = (uint8_t)strlen(name);
	disk.bytes[at + 7] = type;
	disk_put(&disk, at + 8, name, strlen(name));
}

static void setup(void)
{
	said_clear();
	disk_init(&disk, "vda", NR_BLOCKS * BLOCK);
	disk_put32(&disk, SUPER, NR_INODES);
	disk_put32(&disk, SUPER + 4, NR_BLOCKS);
	disk_put32(&disk, SUPER + 20, 1);
	disk_put32(&disk, SUPER + 32, 8192);
	disk_put32(&disk, SUPER + 40, NR_INODES);
	disk_put16(&disk, SUPER + 56, 0xef53);
	disk_put32(&disk, SUPER + 76, 1);
	disk_put16(&disk, SUPER + 88, 128);
	disk_put32(&disk, SUPER + 96, 0x2 | 0x40); /* types in directories, extents */
	disk_put(&disk, SUPER + 120, "label", 5);
	disk_put32(&disk, 2 * BLOCK + 8, 3);
	put_inode(2, 0x41ed, BLOCK, 0);
	disk_put32(&disk, MAP(2, 0), 7);
	put_dirent(ROOT, 2, 12, 2, ".");
	put_dirent(ROOT + 12, 2, 12, 2, "..");
	put_dirent(ROOT + 24, 11, 16, 1, "file");
	put_dirent(ROOT + 40, 12, BLOCK - 40, 7, "link");
	put_inode(11, 0x81a4, 3 * BLOCK, 0);
	disk_put32(&disk, MAP(11, 0), 8);
	disk_put32(&disk, MAP(11, 2), 9);
	memset(disk.bytes + 8 * BLOCK, 'a', BLOCK);
	memset(disk.bytes + 9 * BLOCK, 'c', BLOCK);
	put_inode(12, 0xa1ff, 4, 0);
	disk_put(&disk, MAP(12, 0), "file", 4);
}

START_TEST(test_reads)
{
	uint8_t buf[4 * BLOCK];
	unsigned int nr;

	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_str_eq(fs.label, "label");
	ck_assert_str_eq(fs.ops->name, "ext4");
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), 3 * BLOCK);
	ck_assert_uint_eq(buf[BLOCK - 1], 'a');
	ck_assert_uint_eq(buf[BLOCK] | buf[2 * BLOCK - 1], 0);
	ck_assert_uint_eq(buf[2 * BLOCK], 'c');
	ck_assert_int_eq(list_root(&nr), 0);
	ck_assert_uint_eq(nr, 2);
}
END_TEST

START_TEST(test_indirect)
{
	uint8_t buf[300 * BLOCK];

	/* Block 12 through one block of numbers, block 268 through two, block 269 missing. */
	put_inode(11, 0x81a4, 270 * BLOCK, 0);
	disk_put32(&disk, MAP(11, 12), 10);
	disk_put32(&disk, 10 * BLOCK, 8);
	disk_put32(&disk, MAP(11, 13), 11);
	disk_put32(&disk, 11 * BLOCK, 12);
	disk_put32(&disk, 12 * BLOCK, 9);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), 270 * BLOCK);
	ck_assert_uint_eq(buf[12 * BLOCK], 'a');
	ck_assert_uint_eq(buf[13 * BLOCK] | buf[267 * BLOCK], 0);
	ck_assert_uint_eq(buf[268 * BLOCK], 'c');
	ck_assert_uint_eq(buf[269 * BLOCK], 0);
	disk_put32(&disk, MAP(11, 13), NR_BLOCKS);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
}
END_TEST

/* An extent header in an inode or a block. */
static void put_extents(size_t at, uint16_t nr, uint16_t depth)
{
	disk_put16(&disk, at, 0xf30a);
	disk_put16(&disk, at + 2, nr);
	disk_put16(&disk, at + 6, depth);
}

START_TEST(test_extents)
{
	uint8_t buf[8 * BLOCK];

	put_inode(11, 0x81a4, 6 * BLOCK, 0x80000);
	put_extents(MAP(11, 0), 1, 1);
	disk_put32(&disk, MAP(11, 4), 10);
	disk_put32(&disk, MAP(11, 5), 0);
	put_extents(10 * BLOCK, 2, 0);
	disk_put32(&disk, 10 * BLOCK + 12, 1); /* file blocks 1 and 2 in 8 and 9 */
	disk_put16(&disk, 10 * BLOCK + 16, 2);
	disk_put32(&disk, 10 * BLOCK + 20, 8);
	disk_put32(&disk, 10 * BLOCK + 24, 4); /* 4: there, not written */
	disk_put16(&disk, 10 * BLOCK + 28, 32768 + 1);
	disk_put32(&disk, 10 * BLOCK + 32, 8);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), 6 * BLOCK);
	ck_assert_uint_eq(buf[0] | buf[3 * BLOCK] | buf[4 * BLOCK] | buf[5 * BLOCK], 0);
	ck_assert_uint_eq(buf[BLOCK], 'a');
	ck_assert_uint_eq(buf[2 * BLOCK], 'c');
	/* A tree that leads back to itself, one that is too deep, and too many entries. */
	put_extents(10 * BLOCK, 2, 1);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	put_extents(MAP(11, 0), 1, 6);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	put_extents(MAP(11, 0), 5, 0);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	put_extents(MAP(11, 0), 1, 1);
	put_extents(10 * BLOCK, 2, 0);
	disk_put32(&disk, 10 * BLOCK + 20, NR_BLOCKS - 1);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
}
END_TEST

START_TEST(test_bad_directory)
{
	static const uint16_t lengths[] = { 4, 8, 11, 2000, 1023, 0xfffc };
	unsigned int nr;

	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		disk_put16(&disk, ROOT + 24 + 4, lengths[i]);
		ck_assert_int_eq(list_root(&nr), FW_ECORRUPT);
	}
	disk_put16(&disk, ROOT + 24 + 4, 16);
	put_inode(2, 0x41ed, 0xffffffff, 0);
	ck_assert_int_eq(list_root(&nr), FW_ECORRUPT);
	/* A hole in it. */
	put_inode(2, 0x41ed, 2 * BLOCK, 0);
	ck_assert_int_ne(list_root(&nr), 0);
}
END_TEST

START_TEST(test_bad_inodes)
{
	uint8_t buf[BLOCK];

	disk_put32(&disk, ROOT + 24, NR_INODES + 1);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	disk_put32(&disk, ROOT + 24, 11);
	put_inode(12, 0xa1ff, 5000, 0);
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), FW_ETOOBIG);
	put_inode(11, 0x81a4, BLOCK, 0x800); /* encrypted */
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ENOTSUP);
	disk_put32(&disk, 2 * BLOCK + 8, 0xffffffff);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
}
END_TEST

START_TEST(test_bad_super)
{
	static const struct {
		size_t at;
		uint32_t value;
		int rc;
	} cases[] = {
		{ 24, 7, FW_ECORRUPT },	   { 24, UINT32_MAX, FW_ECORRUPT }, { 40, 0, FW_ECORRUPT },
		{ 32, 0, FW_ECORRUPT },	   { 88, 64, FW_ECORRUPT },	    { 88, 129, FW_ECORRUPT },
		{ 88, 2048, FW_ECORRUPT }, { 96, 0x80000042, FW_ENOTSUP },  { 96, 0xc2, FW_ECORRUPT },
		{ 96, 0x46, FW_ENOTSUP }, /* a journal elsewhere */
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t old[4];

		said_clear();
		memcpy(old, disk.bytes + SUPER + cases[i].at, sizeof(old));
		disk_put32(&disk, SUPER + cases[i].at, cases[i].value);
		ck_assert_int_eq(mount_disk(), cases[i].rc);
		ck_assert_ptr_nonnull(strstr(said(), "vda: ext4"));
		disk_put(&disk, SUPER + cases[i].at, old, sizeof(old));
	}
	disk.bytes[SUPER + 56] = 0;
	ck_assert_int_eq(mount_disk(), 0);
}
END_TEST

/* A journal of 20 blocks from block 20 on, in inode 8; its log begins at block 1. */
#define JOURNAL (20 * BLOCK)

static void put_header(unsigned int block, uint32_t kind, uint32_t sequence)
{
	disk_put32_be(&disk, JOURNAL + block * BLOCK, 0xc03b3998);
	disk_put32_be(&disk, JOURNAL + block * BLOCK + 4, kind);
	disk_put32_be(&disk, JOURNAL + block * BLOCK + 8, sequence);
}

static void put_journal(void)
{
	disk_put32(&disk, SUPER + 96, 0x46);
	disk_put32(&disk, SUPER + 224, 8);
	put_inode(8, 0x8180, 20 * BLOCK, 0x80000);
	put_extents(MAP(8, 0), 1, 0);
	disk_put16(&disk, MAP(8, 4), 20);
	disk_put32(&disk, MAP(8, 5), 20);
	put_header(0, 4, 0);
	disk_put32_be(&disk, JOURNAL + 12, BLOCK);
	disk_put32_be(&disk, JOURNAL + 16, 20);
	disk_put32_be(&disk, JOURNAL + 20, 1);
	disk_put32_be(&disk, JOURNAL + 24, 5); /* sequence */
	disk_put32_be(&disk, JOURNAL + 28, 18); /* the log goes round its end */
	put_header(18, 1, 5);
	disk_put32_be(&disk, JOURNAL + 18 * BLOCK + 12, 8); /* block 8 */
	disk_put32_be(&disk, JOURNAL + 18 * BLOCK + 16, 8); /* the last */
	memset(disk.bytes + JOURNAL + 19 * BLOCK, 'N', BLOCK);
	put_header(1, 2, 5);
}

START_TEST(test_journal)
{
	uint8_t buf[4 * BLOCK];

	put_journal();
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), 3 * BLOCK);
	ck_assert_uint_eq(buf[0], 'N');
	ck_assert_uint_eq(buf[2 * BLOCK], 'c');
	ck_assert_ptr_nonnull(strstr(said(), "reading 1 transactions"));
	/* Without a commit it never happened. */
	put_header(1, 2, 6);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), 3 * BLOCK);
	ck_assert_uint_eq(buf[0], 'a');
	/* Revoked by the next transaction, if that was committed. */
	put_header(1, 2, 5);
	put_header(2, 5, 6);
	disk_put32_be(&disk, JOURNAL + 2 * BLOCK + 12, 20);
	disk_put32_be(&disk, JOURNAL + 2 * BLOCK + 16, 8);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), 3 * BLOCK);
	ck_assert_uint_eq(buf[0], 'N');
	put_header(3, 2, 6);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), 3 * BLOCK);
	ck_assert_uint_eq(buf[0], 'a');
}
END_TEST

START_TEST(test_bad_journal)
{
	static const struct {
		size_t at;
		uint32_t value;
	} cases[] = {
		{ 0, 0 },  { 4, 9 },   { 12, 4096 }, { 16, 0 },		 { 16, 1u << 30 },
		{ 20, 0 }, { 20, 20 }, { 28, 20 },   { 28, UINT32_MAX }, { 40, 0x80 },
	};
	uint8_t buf[4 * BLOCK];

	put_journal();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t old[4];

		memcpy(old, disk.bytes + JOURNAL + cases[i].at, sizeof(old));
		disk_put32_be(&disk, JOURNAL + cases[i].at, cases[i].value);
		ck_assert_int_lt(mount_disk(), 0);
		disk_put(&disk, JOURNAL + cases[i].at, old, sizeof(old));
	}
	/* Descriptors whose tags fill the log again and again. */
	for (unsigned int i = 1; i < 20; i++) {
		memset(disk.bytes + JOURNAL + i * BLOCK, 0, BLOCK);
		put_header(i, 1, 5);
	}
	ck_assert_int_lt(read_file("/file", buf, sizeof(buf)), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/fs: ext");
	TCase *tcase = tcase_create("ext");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_reads);
	tcase_add_test(tcase, test_indirect);
	tcase_add_test(tcase, test_extents);
	tcase_add_test(tcase, test_bad_directory);
	tcase_add_test(tcase, test_bad_inodes);
	tcase_add_test(tcase, test_bad_super);
	tcase_add_test(tcase, test_journal);
	tcase_add_test(tcase, test_bad_journal);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
