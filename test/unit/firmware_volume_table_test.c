/* Partition tables, right and wrong. */
#include <stdio.h>
#include <string.h>

#include "firmware/core/crc32.h"
#include "firmware/core/error.h"
#include "firmware/volume/volume.h"
#include "test/unit/firmware_disk.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

#define SECTOR 512u
#define NR_SECTORS 4096u

static struct volume volumes[VOLUME_MAX];

static int scan(struct disk *disk)
{
	struct source *source = &disk->source;

	return volume_scan(&source, 1, disk_arena(), volumes);
}

static void mbr_entry(struct disk *disk, uint32_t table, unsigned int slot, uint8_t type, uint32_t first, uint32_t nr)
{
	size_t at = (size_t)table * SECTOR + 446 + slot * 16;

	disk->bytes[at + 4] = type;
	disk_put32(disk, at + 8, first);
	disk_put32(disk, at + 12, nr);
	disk_put16(disk, (size_t)table * SECTOR + 510, 0xaa55);
}

static void gpt_seal(struct disk *disk, uint64_t lba)
{
	size_t at = lba * SECTOR;
	uint64_t entries = 0;

	memcpy(&entries, disk->bytes + at + 72, sizeof(entries));
	if (entries < NR_SECTORS)
		disk_put32(disk, at + 88, crc32(0, disk->bytes + entries * SECTOR, 4 * 128));
	disk_put32(disk, at + 16, 0);
	disk_put32(disk, at + 16, crc32(0, disk->bytes + at, 92));
}

static void gpt_header(struct disk *disk, uint64_t lba, uint64_t entries)
{
	size_t at = lba * SECTOR;

	disk_put(disk, at, "EFI PART", 8);
	disk_put32(disk, at + 8, 0x10000);
	disk_put32(disk, at + 12, 92);
	disk_put64(disk, at + 24, lba);
	disk_put64(disk, at + 72, entries);
	disk_put32(disk, at + 80, 4);
	disk_put32(disk, at + 84, 128);
	gpt_seal(disk, lba);
}

static void gpt_entry(struct disk *disk, uint64_t entries, unsigned int slot, uint64_t first, uint64_t last)
{
	size_t at = entries * SECTOR + slot * 128;

	memset(disk->bytes + at, 0x11, 32);
	disk_put64(disk, at + 32, first);
	disk_put64(disk, at + 40, last);
}

START_TEST(test_crc)
{
	ck_assert_uint_eq(crc32(0, "123456789", 9), 0xcbf43926u);
	ck_assert_uint_eq(crc32(crc32(0, "12345", 5), "6789", 4), 0xcbf43926u);
}
END_TEST

START_TEST(test_logical_partitions)
{
	struct disk disk;

	disk_init(&disk, "vda", NR_SECTORS * SECTOR);
	disk_put32(&disk, 440, 0xabcd);
	mbr_entry(&disk, 0, 0, 0xef, 100, 100);
	mbr_entry(&disk, 0, 2, 0x0f, 1000, 3000);
	mbr_entry(&disk, 1000, 0, 0x83, 10, 90);
	mbr_entry(&disk, 1000, 1, 0x05, 500, 1000);
	mbr_entry(&disk, 1500, 0, 0x83, 20, 80);
	disk.bytes[1520 * SECTOR] = 42;
	ck_assert_int_eq(scan(&disk), 4);
	ck_assert_str_eq(volumes[1].source->name, "vda1");
	ck_assert(volumes[1].is_esp);
	ck_assert_str_eq(volumes[1].part_uuid, "0000abcd-01");
	ck_assert_uint_eq(volumes[2].partition, 5);
	ck_assert_uint_eq(volumes[3].partition, 6);
	ck_assert_uint_eq(volumes[3].source->size_bytes, 80 * SECTOR);
	uint8_t byte = 0;
	ck_assert_int_eq(source_read(volumes[3].source, 0, &byte, 1), 0);
	ck_assert_uint_eq(byte, 42);
	ck_assert_int_eq(source_read(volumes[3].source, 80 * SECTOR, &byte, 1), FW_ECORRUPT);
	/* The chain leads back to its beginning. */
	mbr_entry(&disk, 1500, 1, 0x05, 0, 1000);
	ck_assert_int_le(scan(&disk), VOLUME_MAX);
	ck_assert_ptr_nonnull(strstr(said(), "vda"));
	/* And out of the disk. */
	mbr_entry(&disk, 1500, 1, 0x05, 0xffffff00, 1000);
	ck_assert_int_eq(scan(&disk), 4);
	disk_fini(&disk);
}
END_TEST

START_TEST(test_outside)
{
	struct disk disk;

	disk_init(&disk, "nvme0n1", NR_SECTORS * SECTOR);
	mbr_entry(&disk, 0, 0, 0x83, NR_SECTORS, 1);
	mbr_entry(&disk, 0, 1, 0x83, NR_SECTORS - 1, 100);
	mbr_entry(&disk, 0, 3, 0x83, 0xffffffff, 0xffffffff);
	ck_assert_int_eq(scan(&disk), 2);
	ck_assert_str_eq(volumes[1].source->name, "nvme0n1p2");
	ck_assert_uint_eq(volumes[1].source->size_bytes, SECTOR);
	/* Code where the entries would be: no table. */
	disk.bytes[446] = 0x33;
	ck_assert_int_eq(scan(&disk), 1);
	disk_fini(&disk);
}
END_TEST

START_TEST(test_gpt)
{
	struct disk disk;

	disk_init(&disk, "vda", NR_SECTORS * SECTOR);
	mbr_entry(&disk, 0, 0, 0xee, 1, NR_SECTORS - 1);
	gpt_entry(&disk, 2, 0, 100, 199);
	gpt_entry(&disk, 2, 3, 200, 100000);
	gpt_header(&disk, 1, 2);
	ck_assert_int_eq(scan(&disk), 3);
	ck_assert_uint_eq(volumes[1].source->size_bytes, 100 * SECTOR);
	ck_assert_str_eq(volumes[1].part_uuid, "11111111-1111-1111-1111-111111111111");
	ck_assert_uint_eq(volumes[2].partition, 4);
	ck_assert_uint_eq(volumes[2].source->size_bytes, (NR_SECTORS - 200) * SECTOR);
	/* Ranges that end before they begin, or are too large for a number of bytes. */
	gpt_entry(&disk, 2, 0, 200, 199);
	gpt_entry(&disk, 2, 3, 1ull << 60, UINT64_MAX);
	gpt_seal(&disk, 1);
	ck_assert_int_eq(scan(&disk), 1);
	gpt_entry(&disk, 2, 0, 0, UINT64_MAX);
	gpt_seal(&disk, 1);
	ck_assert_int_eq(scan(&disk), 2);
	ck_assert_uint_eq(volumes[1].source->size_bytes, NR_SECTORS * SECTOR);
	disk_fini(&disk);
}
END_TEST

START_TEST(test_gpt_copy)
{
	struct disk disk;

	disk_init(&disk, "vda", NR_SECTORS * SECTOR);
	gpt_entry(&disk, NR_SECTORS - 33, 0, 100, 199);
	gpt_header(&disk, NR_SECTORS - 1, NR_SECTORS - 33);
	gpt_header(&disk, 1, 2);
	disk.bytes[SECTOR + 40] ^= 1; /* the checksum is wrong */
	ck_assert_int_eq(scan(&disk), 1); /* an old copy, for all that is known */
	mbr_entry(&disk, 0, 0, 0xee, 1, NR_SECTORS - 1);
	ck_assert_int_eq(scan(&disk), 2);
	ck_assert_ptr_nonnull(strstr(said(), "copy at the disk's end"));
	/* So are the first header's entries. */
	gpt_entry(&disk, 2, 0, 300, 399);
	gpt_seal(&disk, 1);
	disk.bytes[2 * SECTOR + 40] ^= 1;
	ck_assert_int_eq(scan(&disk), 2);
	ck_assert_uint_eq(volumes[1].source->size_bytes, 100 * SECTOR);
	/* A table beyond the disk, and entries of no size. */
	disk_put64(&disk, (NR_SECTORS - 1) * SECTOR + 72, UINT64_MAX / 256);
	gpt_seal(&disk, NR_SECTORS - 1);
	ck_assert_int_eq(scan(&disk), 2); /* what the MBR has */
	ck_assert_int_eq(volumes[1].scheme, 'm');
	disk_put64(&disk, (NR_SECTORS - 1) * SECTOR + 72, NR_SECTORS - 33);
	disk_put32(&disk, (NR_SECTORS - 1) * SECTOR + 84, 0);
	gpt_seal(&disk, NR_SECTORS - 1);
	ck_assert_int_eq(scan(&disk), 2);
	ck_assert_int_eq(volumes[1].scheme, 'm');
	disk_put32(&disk, (NR_SECTORS - 1) * SECTOR + 84, 128);
	disk_put32(&disk, (NR_SECTORS - 1) * SECTOR + 80, UINT32_MAX);
	gpt_seal(&disk, NR_SECTORS - 1);
	ck_assert_int_le(scan(&disk), VOLUME_MAX);
	disk_fini(&disk);
}
END_TEST

START_TEST(test_no_room)
{
	struct disk disk;
	struct source *source = &disk.source;
	struct arena arena = { .base = (uint8_t *)volumes };

	disk_init(&disk, "vda", NR_SECTORS * SECTOR);
	mbr_entry(&disk, 0, 0, 0x83, 100, 100);
	ck_assert_int_eq(volume_scan(&source, 1, &arena, volumes), FW_ENOMEM);
	disk_fini(&disk);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/volume: tables");
	TCase *tcase = tcase_create("tables");

	tcase_add_test(tcase, test_crc);
	tcase_add_test(tcase, test_logical_partitions);
	tcase_add_test(tcase, test_outside);
	tcase_add_test(tcase, test_gpt);
	tcase_add_test(tcase, test_gpt_copy);
	tcase_add_test(tcase, test_no_room);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
