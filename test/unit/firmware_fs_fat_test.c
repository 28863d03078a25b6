/* A tiny FAT12 made by hand, right and wrong. What mkfs.fat and mtools make is read in test/firmware/. */
#include <stdio.h>
#include <string.h>

#include "firmware/core/error.h"
#include "firmware/fs/all.h"
#include "test/unit/firmware_fs_support.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

/* Sectors and clusters of 512 bytes: boot sector, table, root directory, and 61 clusters from sector 3 on. */
#define SECTOR 512u
#define TABLE SECTOR
#define ROOT (2 * SECTOR)
#define CLUSTER(number) ((1 + (number)) * SECTOR)

static void chain(unsigned int cluster, unsigned int next)
{
	size_t at = TABLE + cluster * 3 / 2;
	uint16_t old = (uint16_t)(disk.bytes[at] | disk.bytes[at + 1] << 8);

	disk_put16(&disk, at, (uint16_t)(cluster & 1 ? (old & 0x000f) | next << 4 : (old & 0xf000) | (next & 0xfff)));
}

static void put_entry(unsigned int slot, const char name[12], uint8_t attributes, uint16_t cluster, uint32_t size)
{
	size_t at = ROOT + slot * 32;

	memset(disk.bytes + at, 0, 32);
	disk_put(&disk, at, name, 11);
	disk.bytes[at + 11] = attributes;
	disk_put16(&disk, at + 26, cluster);
	disk_put32(&disk, at + 28, size);
}

static void put_long(unsigned int slot, uint8_t number, uint8_t checksum, const char *name)
{
	static const uint8_t places[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
	size_t at = ROOT + slot * 32;

	memset(disk.bytes + at, 0, 32);
	disk.bytes[at] = number;
	disk.bytes[at + 11] = 0x0f;
	disk.bytes[at + 13] = checksum;
	for (unsigned int i = 0; i < 13 && name[i] != '\0'; i++)
		disk_put16(&disk, at + places[i], (uint8_t)name[i]);
}

static uint8_t checksum(const char name[12])
{
	uint8_t sum = 0;

	for (unsigned int i = 0; i < 11; i++)
		sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + name[i]);
	return sum;
}

static void setup(void)
{
	said_clear();
	disk_init(&disk, "vda", 64 * SECTOR);
	disk.bytes[0] = 0xeb;
	disk_put16(&disk, 11, SECTOR);
	disk.bytes[13] = 1;
	disk_put16(&disk, 14, 1);
	disk.bytes[16] = 1;
	disk_put16(&disk, 17, 16);
	disk_put16(&disk, 19, 64);
	disk.bytes[21] = 0xf8;
	disk_put16(&disk, 22, 1);
	disk.bytes[38] = 0x29;
	disk_put32(&disk, 39, 0x12ab34cd);
	disk_put(&disk, 43, "NO NAME    ", 11);
	disk_put16(&disk, 510, 0xaa55);
	put_entry(0, "MY LABEL   ", 0x08, 0, 0);
	put_entry(1, "FILE    TXT", 0x20, 2, 1200);
	put_long(2, 0x42, checksum("ALONGN~1   "), "ame.efi");
	put_long(3, 0x01, checksum("ALONGN~1   "), "A long file n");
	put_entry(4, "ALONGN~1   ", 0x20, 0, 0);
	chain(2, 3);
	chain(3, 5);
	chain(5, 0xfff);
	for (unsigned int i = 2; i < 60; i++)
		memset(disk.bytes + CLUSTER(i), (int)i, SECTOR);
}

static int append(void *arg, const char *name, size_t len, enum fs_kind kind)
{
	strncat(arg, name, len);
	strcat(arg, kind == FS_DIRECTORY ? "/ " : " ");
	return 0;
}

START_TEST(test_reads)
{
	uint8_t buf[2000];
	char names[200] = "";
	struct fs_node root;

	ck_assert_int_eq(read_file("/file.TXT", buf, sizeof(buf)), 1200);
	ck_assert_uint_eq(buf[0], 2);
	ck_assert_uint_eq(buf[1023], 3);
	ck_assert_uint_eq(buf[1024], 5);
	ck_assert_str_eq(fs.label, "MY LABEL");
	ck_assert_str_eq(fs.uuid, "12AB-34CD");
	ck_assert_int_eq(fs.ops->root(&fs, &root), 0);
	ck_assert_int_eq(fs.ops->list(&fs, &root, append, names), 0);
	ck_assert_str_eq(names, "FILE.TXT A long file name.efi ");
	ck_assert_int_eq(read_file("/a LONG file NAME.efi", buf, sizeof(buf)), 0);
	ck_assert_int_eq(read_file("/alongn~1", buf, sizeof(buf)), 0);
	ck_assert_int_eq(read_file("/my label", buf, sizeof(buf)), FW_ENOENT);
}
END_TEST

START_TEST(test_bad_long_names)
{
	char names[200] = "";
	struct fs_node root;

	/* Of another file, a part missing, numbers out of order: the short name is what there is. */
	disk.bytes[ROOT + 3 * 32 + 13] ^= 1;
	put_long(5, 0x43, checksum("B          "), "x");
	put_long(6, 0x01, checksum("B          "), "y");
	put_entry(7, "B          ", 0x20, 0, 0);
	put_long(8, 0x7f, checksum("C          "), "x");
	put_entry(9, "C          ", 0x10, 0, 0);
	put_long(10, 0x40, checksum("D          "), "x");
	put_entry(11, "D          ", 0x20, 0, 0);
	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_int_eq(fs.ops->root(&fs, &root), 0);
	ck_assert_int_eq(fs.ops->list(&fs, &root, append, names), 0);
	ck_assert_str_eq(names, "FILE.TXT ALONGN~1 B C/ D ");
}
END_TEST

START_TEST(test_bad_chains)
{
	static const unsigned int nexts[] = { 0, 1, 63, 0xff0, 0xfff };
	uint8_t buf[2000];

	/* To what is no cluster, and to the end before the file's. */
	for (unsigned int i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
		chain(3, nexts[i]);
		ck_assert_int_eq(read_file("/file.txt", buf, sizeof(buf)), FW_ECORRUPT);
	}
	/* Round and round: it ends where the file ends, or where there are no more clusters. */
	chain(3, 2);
	ck_assert_int_eq(read_file("/file.txt", buf, sizeof(buf)), 1200);
	put_entry(1, "FILE    TXT", 0x20, 2, UINT32_MAX);
	static uint8_t large[100 * SECTOR];
	ck_assert_int_eq(read_file("/file.txt", large, sizeof(large)), FW_ECORRUPT);
	put_entry(1, "FILE    TXT", 0x20, 1, 10);
	ck_assert_int_eq(read_file("/file.txt", buf, sizeof(buf)), FW_ECORRUPT);
	put_entry(1, "FILE    TXT", 0x20, 0, 10);
	ck_assert_int_eq(read_file("/file.txt", buf, sizeof(buf)), FW_ECORRUPT);
}
END_TEST

START_TEST(test_directory_loop)
{
	char names[4096] = "";
	struct fs_node node;

	/* A directory whose clusters are a ring, full of files. */
	put_entry(1, "RING       ", 0x10, 2, 0);
	chain(2, 3);
	chain(3, 2);
	for (unsigned int i = 0; i < 32; i++) {
		memset(disk.bytes + CLUSTER(2) + i * 32, 0, 32);
		disk_put(&disk, CLUSTER(2) + i * 32, "F          ", 11);
	}
	ck_assert_int_eq(mount_disk(), 1);
	ck_assert_int_eq(fs_open(&fs, "/ring", &node), 0);
	ck_assert_int_eq(node.kind, FS_DIRECTORY);
	ck_assert_int_eq(fs.ops->list(&fs, &node, append, names), FW_ECORRUPT);
	ck_assert_int_eq(fs_open(&fs, "/ring/none", &node), FW_ECORRUPT);
}
END_TEST

START_TEST(test_not_fat)
{
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {
		{ 0, 0 },  { 11, 1 }, { 12, 0 },    { 12, 0x40 }, { 13, 0 },   { 13, 3 },  { 14, 0 },
		{ 16, 0 }, { 19, 3 }, { 21, 0x12 }, { 22, 0 },	  { 22, 200 }, { 510, 0 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t old = disk.bytes[cases[i].at];

		disk.bytes[cases[i].at] = cases[i].value;
		ck_assert_int_eq(mount_disk(), 0);
		disk.bytes[cases[i].at] = old;
	}
	ck_assert_int_eq(mount_disk(), 1);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/fs: fat");
	TCase *tcase = tcase_create("fat");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_reads);
	tcase_add_test(tcase, test_bad_long_names);
	tcase_add_test(tcase, test_bad_chains);
	tcase_add_test(tcase, test_directory_loop);
	tcase_add_test(tcase, test_not_fat);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
