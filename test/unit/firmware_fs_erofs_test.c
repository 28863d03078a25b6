/* A tiny erofs made by hand, right and wrong. What mkfs.erofs makes is read in test/firmware/. */
#include <stdlib.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/all.h"
#include "test/unit/firmware_fs_support.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

/* Blocks of 4 KiB: superblock 0, inodes 1, the root directory 2, a file's bytes 3, a compressed one's 5. */
#define BLOCK 4096u
#define NR_BLOCKS 16u
#define SUPER 1024u
#define INODE(number) (BLOCK + (number)*32u)
#define ROOT 2u
#define FILE_INODE 4u
#define LINK 8u
#define PACKED 10u
#define CHUNKS 14u
#define DIR (2 * BLOCK)
#define HEADER (INODE(PACKED) + 32) /* of the compressed file */
#define PACK (HEADER + 8) /* of two indexes */
#define ENDLESS 896u
#define ENDLESS_BYTES (64 * BLOCK)
#define EXTENDED 1u
#define FLAT (0u << 1)
#define INDEXED (1u << 1)
#define FLAT_TAIL (2u << 1)
#define COMPACT (3u << 1)
#define CHUNKED (4u << 1)

static void put_inode(unsigned int number, uint16_t format, uint16_t mode, uint32_t size, uint32_t block)
{
	disk_put16(&disk, INODE(number), format);
	disk_put16(&disk, INODE(number) + 4, mode);
	disk_put32(&disk, INODE(number) + 8, size);
	disk_put32(&disk, INODE(number) + 16, block);
}

static size_t put_dirent(unsigned int index, uint64_t inode, uint8_t type, size_t name_at, const char *name)
{
	disk_put64(&disk, DIR + 12 * index, inode);
	disk_put16(&disk, DIR + 12 * index + 8, (uint16_t)name_at);
	disk.bytes[DIR + 12 * index + 10] = type;
	disk_put(&disk, DIR + name_at, name, strlen(name));
	return name_at + strlen(name);
}

/* 8 KiB of z, with zeroes before the stream. */
static void put_stream(void)
{
	uint8_t stream[43] = { 0x1f, 'z', 1, 0 };

	memset(stream + 4, 255, 32);
	stream[36] = 7;
	stream[37] = 0x50;
	memset(stream + 38, 'z', 5);
	disk_put(&disk, 6 * BLOCK - sizeof(stream), stream, sizeof(stream));
}

static void setup(void)
{
	size_t at = 6 * 12;

	said_clear();
	disk_init(&disk, "vda", NR_BLOCKS * BLOCK);
	disk_put32(&disk, SUPER, 0xe0f5e1e2);
	disk.bytes[SUPER + 12] = 12;
	disk_put16(&disk, SUPER + 14, ROOT);
	disk_put32(&disk, SUPER + 40, 1);
	disk.bytes[SUPER + 48] = 0xab;
	disk_put(&disk, SUPER + 64, "label", 5);
	disk_put32(&disk, SUPER + 80, 1);
	at = put_dirent(0, ROOT, 2, at, ".");
	at = put_dirent(1, ROOT, 2, at, "..");
	at = put_dirent(2, CHUNKS, 1, at, "chunks");
	at = put_dirent(3, FILE_INODE, 1, at, "file");
	at = put_dirent(4, LINK, 7, at, "link");
	at = put_dirent(5, PACKED, 1, at, "packed");
	put_inode(ROOT, FLAT, 0x41ed, (uint32_t)at, 2);
	put_inode(FILE_INODE, EXTENDED | FLAT_TAIL, 0x81a4, BLOCK + 5, 3);
	memset(disk.bytes + 3 * BLOCK, 'a', BLOCK);
	disk_put(&disk, INODE(FILE_INODE) + 64, "tail!", 5);
	put_inode(LINK, FLAT_TAIL, 0xa1ff, 4, 0);
	disk_put(&disk, INODE(LINK) + 32, "file", 4);
	put_inode(PACKED, COMPACT, 0x81a4, 2 * BLOCK, 1);
	disk_put16(&disk, PACK, 1u << 12); /* an extent from the beginning on */
	disk_put16(&disk, PACK + 2, 2u << 12 | 1);
	disk_put32(&disk, PACK + 4, 4); /* the block before the first of the pack */
	put_stream();
	put_inode(CHUNKS, CHUNKED, 0x81a4, 2 * BLOCK, 0);
	disk_put32(&disk, INODE(CHUNKS) + 32, 3);
	disk_put32(&disk, INODE(CHUNKS) + 36, UINT32_MAX);
}

START_TEST(test_reads)
{
	uint8_t buf[3 * BLOCK];
	unsigned int nr;

	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_str_eq(fs.ops->name, "erofs");
	ck_assert_str_eq(fs.label, "label");
	ck_assert_str_eq(fs.uuid, "ab000000-0000-0000-0000-000000000000");
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), BLOCK + 5);
	ck_assert_uint_eq(buf[BLOCK - 1], 'a');
	ck_assert_mem_eq(buf + BLOCK, "tail!", 5);
	ck_assert_int_eq(read_file("/chunks", buf, sizeof(buf)), 2 * BLOCK);
	ck_assert_uint_eq(buf[BLOCK - 1], 'a');
	ck_assert_uint_eq(buf[BLOCK] | buf[2 * BLOCK - 1], 0);
	ck_assert_int_eq(read_file("/nothing", buf, sizeof(buf)), FW_ENOENT);
	ck_assert_int_eq(list_root(&nr), 0);
	ck_assert_uint_eq(nr, 4);
}
END_TEST

START_TEST(test_checksum)
{
	uint32_t crc = UINT32_MAX;

	disk_put32(&disk, SUPER + 8, 1);
	for (size_t i = SUPER; i < BLOCK; i++) {
		crc ^= disk.bytes[i];
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78 & -(crc & 1));
	}
	ck_assert_int_eq(mount_disk(), FW_ECORRUPT);
	disk_put32(&disk, SUPER + 4, crc);
	ck_assert_int_eq(mount_disk(), 1);
	disk.bytes[BLOCK - 1] ^= 1;
	ck_assert_int_eq(mount_disk(), FW_ECORRUPT);
}
END_TEST

START_TEST(test_bad_super)
{
	static const struct {
		size_t at;
		uint32_t value;
		int rc;
	} cases[] = {
		{ 12, 8, FW_ECORRUPT },	  { 12, 17, FW_ECORRUPT },  { 12, 255, FW_ECORRUPT },
		{ 80, 0x21, FW_ENOTSUP }, { 80, 0x81, FW_ENOTSUP }, { 80, 0x80000000, FW_ENOTSUP },
		{ 80, 0x3, 1 },		  { 40, UINT32_MAX, 1 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t old[4];

		said_clear();
		memcpy(old, disk.bytes + SUPER + cases[i].at, sizeof(old));
		disk_put32(&disk, SUPER + cases[i].at, cases[i].value);
		ck_assert_int_eq(mount_disk(), cases[i].rc);
		if (cases[i].rc < 0)
			ck_assert_ptr_nonnull(strstr(said(), "vda: erofs"));
		disk_put(&disk, SUPER + cases[i].at, old, sizeof(old));
	}
	/* Compressed with LZMA. */
	disk_put32(&disk, SUPER + 80, 3);
	disk_put16(&disk, SUPER + 84, 2);
	ck_assert_int_eq(mount_disk(), FW_ENOTSUP);
	ck_assert_ptr_nonnull(strstr(said(), "LZMA"));
	disk.bytes[SUPER] = 0;
	ck_assert_int_eq(mount_disk(), 0);
}
END_TEST

START_TEST(test_bad_directory)
{
	static const uint16_t first[] = { 0, 11, 13, 12 * 400, 0xfff0, 71 };
	static const uint16_t third[] = { 0, 71, 72, 4095, 0xffff };
	uint8_t buf[1];
	unsigned int nr;

	for (unsigned int i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		disk_put16(&disk, DIR + 8, first[i]);
		ck_assert_int_eq(list_root(&nr), FW_ECORRUPT);
	}
	disk_put16(&disk, DIR + 8, 72);
	for (unsigned int i = 0; i < sizeof(third) / sizeof(third[0]); i++) {
		disk_put16(&disk, DIR + 2 * 12 + 8, third[i]);
		ck_assert_int_eq(list_root(&nr), FW_ECORRUPT);
	}
	put_inode(ROOT, FLAT, 0x41ed, UINT32_MAX, 2);
	ck_assert_int_eq(list_root(&nr), FW_ECORRUPT);
	put_inode(ROOT, FLAT, 0x41ed, 5, 2);
	ck_assert_int_eq(list_root(&nr), FW_ECORRUPT);
	put_inode(ROOT, FLAT, 0x41ed, 4096, NR_BLOCKS);
	ck_assert_int_eq(list_root(&nr), FW_ECORRUPT);
	put_inode(ROOT, FLAT, 0x81a4, 4096, 2);
	ck_assert_int_eq(list_root(&nr), FW_ENOENT);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ENOENT);
}
END_TEST

START_TEST(test_bad_inodes)
{
	uint8_t buf[3 * BLOCK];

	disk_put64(&disk, DIR + 3 * 12, UINT64_C(1) << 40);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	disk_put64(&disk, DIR + 3 * 12, FILE_INODE);
	disk_put64(&disk, INODE(FILE_INODE) + 8, UINT64_C(1) << 63);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	disk_put64(&disk, INODE(FILE_INODE) + 8, UINT64_MAX >> 1);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), sizeof(buf));
	disk_put64(&disk, INODE(FILE_INODE) + 8, BLOCK + 5);
	disk_put16(&disk, INODE(FILE_INODE), EXTENDED | 7u << 1);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ENOTSUP);
	/* Attributes that push the tail off the disk. */
	disk_put16(&disk, INODE(FILE_INODE), EXTENDED | FLAT_TAIL);
	disk_put16(&disk, INODE(FILE_INODE) + 2, 0xffff);
	ck_assert_int_eq(read_file("/file", buf, sizeof(buf)), FW_ECORRUPT);
	put_inode(LINK, FLAT_TAIL, 0xa1ff, 5000, 0);
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), FW_ETOOBIG);
	put_inode(LINK, FLAT_TAIL, 0xa1ff, 0, 0);
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), FW_ENOENT);
	/* A link to itself. */
	put_inode(LINK, FLAT_TAIL, 0xa1ff, 4, 0);
	disk_put(&disk, INODE(LINK) + 32, "link", 4);
	ck_assert_int_eq(read_file("/link", buf, sizeof(buf)), FW_ELOOP);
}
END_TEST

START_TEST(test_chunks)
{
	uint8_t buf[3 * BLOCK];

	put_inode(CHUNKS, CHUNKED, 0x81a4, 2 * BLOCK, 0x40);
	ck_assert_int_eq(read_file("/chunks", buf, sizeof(buf)), FW_ENOTSUP);
	/* With indexes: the first chunk is on this device, then on another, then nowhere. */
	put_inode(CHUNKS, CHUNKED, 0x81a4, BLOCK, 0x20);
	disk_put32(&disk, INODE(CHUNKS) + 32, 0);
	disk_put32(&disk, INODE(CHUNKS) + 36, 3);
	ck_assert_int_eq(read_file("/chunks", buf, sizeof(buf)), BLOCK);
	ck_assert_uint_eq(buf[0], 'a');
	disk_put16(&disk, INODE(CHUNKS) + 34, 1);
	ck_assert_int_eq(read_file("/chunks", buf, sizeof(buf)), FW_ENOTSUP);
	disk_put16(&disk, INODE(CHUNKS) + 34, 0);
	disk_put32(&disk, INODE(CHUNKS) + 36, NR_BLOCKS);
	ck_assert_int_eq(read_file("/chunks", buf, sizeof(buf)), FW_ECORRUPT);
	/* One of 8 TiB. */
	put_inode(CHUNKS, CHUNKED, 0x81a4, 2 * BLOCK, 0x1f);
	disk_put32(&disk, INODE(CHUNKS) + 32, 2);
	ck_assert_int_eq(read_file("/chunks", buf, sizeof(buf)), 2 * BLOCK);
	ck_assert_uint_eq(buf[BLOCK], 'a');
}
END_TEST

START_TEST(test_packed)
{
	uint8_t buf[3 * BLOCK];
	struct fs_node node;

	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), 2 * BLOCK);
	ck_assert_uint_eq(buf[0], 'z');
	ck_assert_uint_eq(buf[2 * BLOCK - 1], 'z');
	/* A part of it. */
	memset(buf, 0, sizeof(buf));
	ck_assert_int_eq(fs_open(&fs, "/packed", &node), 0);
	ck_assert_int_eq(fs.ops->read(&fs, &node, BLOCK - 1, buf, 3), 3);
	ck_assert_mem_eq(buf, "zzz", 4);
	/* An extent as it is in the second block, with the index of 8 bytes: "a" from 100 on. */
	put_inode(PACKED, INDEXED, 0x81a4, 2 * BLOCK, 2);
	memset(disk.bytes + HEADER + 8, 0, 24);
	disk_put16(&disk, HEADER + 16, 1);
	disk_put32(&disk, HEADER + 20, 5);
	disk_put16(&disk, HEADER + 26, 100);
	disk_put32(&disk, HEADER + 28, 3);
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), 2 * BLOCK);
	ck_assert_uint_eq(buf[BLOCK + 99], 'z');
	ck_assert_uint_eq(buf[BLOCK + 100], 'a');
	ck_assert_uint_eq(buf[2 * BLOCK - 1], 'a');
	/* It can't begin where its block has ended. */
	disk_put16(&disk, HEADER + 26, BLOCK);
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), FW_ECORRUPT);
}
END_TEST

START_TEST(test_zstd)
{
	/* A frame with one raw block of five bytes. */
	static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, 0x29, 0, 0, 'h', 'e', 'l', 'l', 'o' };
	uint8_t buf[BLOCK];

	put_inode(PACKED, COMPACT, 0x81a4, 5, 1);
	disk.bytes[HEADER + 6] = 3;
	disk_put(&disk, 6 * BLOCK - sizeof(frame), frame, sizeof(frame));
	memset(disk.bytes + 5 * BLOCK, 0, BLOCK - sizeof(frame));
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), 5);
	ck_assert_mem_eq(buf, "hello", 5);
}
END_TEST

START_TEST(test_bad_packed)
{
	static const struct {
		size_t at;
		uint16_t value;
		int rc;
	} cases[] = {
		{ HEADER + 4, 0x10, FW_ENOTSUP },
		{ HEADER + 4, 0x20, FW_ENOTSUP },
		{ HEADER + 6, 1, FW_ENOTSUP },
		{ HEADER + 6, 2, FW_ENOTSUP },
		{ HEADER + 6, 15, FW_ENOTSUP },
		{ HEADER + 6, 0x100, FW_ENOTSUP },
		{ HEADER + 6, 0x8000, FW_ENOTSUP },
		{ PACK, 2u << 12, FW_ECORRUPT }, /* no extent begins */
		{ PACK, 1u << 12 | 1, FW_ECORRUPT }, /* or behind what is read */
		{ PACK, 0, FW_ECORRUPT }, /* more in a block than it holds */
		{ PACK + 6, 0xffff, FW_ECORRUPT }, /* off the disk */
		{ HEADER + 4, 8, FW_ECORRUPT }, /* a tail without bytes */
		{ 6 * BLOCK - 43 + 2, 0, FW_ECORRUPT }, /* a damaged stream */
	};
	uint8_t buf[3 * BLOCK];

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t old[2];

		memcpy(old, disk.bytes + cases[i].at, sizeof(old));
		disk_put16(&disk, cases[i].at, cases[i].value);
		ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), cases[i].rc);
		disk_put(&disk, cases[i].at, old, sizeof(old));
	}
	/* The stream ends before its extent. */
	memset(disk.bytes + 5 * BLOCK, 0, BLOCK);
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), FW_ECORRUPT);
}
END_TEST

/* An index in which no extent ends, or begins, longer than any. */
START_TEST(test_endless)
{
	uint8_t buf[16];
	struct fs_node node;

	disk.bytes = realloc(disk.bytes, ENDLESS_BYTES);
	disk.source.size_bytes = ENDLESS_BYTES;
	disk_put64(&disk, DIR + 5 * 12, ENDLESS);
	memset(disk.bytes + INODE(ENDLESS), 0, 80);
	put_inode(ENDLESS, EXTENDED | INDEXED, 0x81a4, 0, 0);
	disk_put64(&disk, INODE(ENDLESS) + 8, UINT64_MAX >> 1);
	for (size_t at = INODE(ENDLESS) + 80; at < ENDLESS_BYTES; at += 8) {
		disk_put64(&disk, at, 0);
		disk_put16(&disk, at, at == INODE(ENDLESS) + 80 ? 1 : 2);
	}
	ck_assert_int_eq(read_file("/packed", buf, sizeof(buf)), FW_ECORRUPT);
	ck_assert_uint_lt(disk.nr_reads, 10000);
	ck_assert_int_eq(fs_open(&fs, "/packed", &node), 0);
	disk.nr_reads = 0;
	ck_assert_int_eq(fs.ops->read(&fs, &node, 20000ull * BLOCK, buf, sizeof(buf)), FW_ECORRUPT);
	ck_assert_uint_lt(disk.nr_reads, 10000);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/fs: erofs");
	TCase *tcase = tcase_create("erofs");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_reads);
	tcase_add_test(tcase, test_checksum);
	tcase_add_test(tcase, test_bad_super);
	tcase_add_test(tcase, test_bad_directory);
	tcase_add_test(tcase, test_bad_inodes);
	tcase_add_test(tcase, test_chunks);
	tcase_add_test(tcase, test_packed);
	tcase_add_test(tcase, test_zstd);
	tcase_add_test(tcase, test_bad_packed);
	tcase_add_test(tcase, test_endless);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
