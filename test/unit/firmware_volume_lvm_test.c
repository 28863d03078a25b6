/* LVM2: its language, and physical volumes made by hand, right and wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/core/crc32.h"
#include "firmware/core/error.h"
#include "firmware/volume/lvm_text.h"
#include "firmware/volume/volume.h"
#include "test/unit/firmware_disk.h"
#include "test/unit/firmware_said.h"
#include "test/unit/unit.h"

#define AREA 4096u
#define AREA_BYTES 8192u
#define EXTENTS 65536u /* where they begin: sector 128 */
#define EXTENT 4096u /* 8 sectors */
#define DISK_BYTES (EXTENTS + 64 * EXTENT)

static struct volume volumes[VOLUME_MAX];

static struct lvm_text text_of(const char *text)
{
	return (struct lvm_text){ text, text + strlen(text) };
}

START_TEST(test_language)
{
	struct lvm_text text = text_of("# comment {\n a = 12\nname=\"x } \\\" y\" list = [\"p\", 3, [ 4 ]]\n"
				       "s-1 { inner { a = 1 } b = 2 # }\n }\nlast = -5");
	struct lvm_text found;
	struct lvm_item item;
	uint64_t number;

	ck_assert_int_eq(lvm_find_number(text, "a", &number), 0);
	ck_assert_uint_eq(number, 12);
	ck_assert_int_eq(lvm_find(text, "name", LVM_STRING, &found), 0);
	ck_assert(lvm_is(found, "x } \\\" y"));
	ck_assert_int_eq(lvm_find(text, "name", LVM_NUMBER, &found), FW_ECORRUPT);
	ck_assert_int_eq(lvm_find(text, "b", LVM_NUMBER, &found), FW_ECORRUPT);
	ck_assert_int_eq(lvm_find_number(text, "last", &number), FW_ECORRUPT);
	ck_assert_int_eq(lvm_find(text, "s-1", LVM_SECTION, &found), 0);
	ck_assert_int_eq(lvm_find_number(found, "b", &number), 0);
	ck_assert_uint_eq(number, 2);
	ck_assert_int_eq(lvm_find(text, "list", LVM_LIST, &found), 0);
	ck_assert_int_eq(lvm_next_value(&found, &item), 1);
	ck_assert(item.kind == LVM_STRING && lvm_is(item.body, "p"));
	ck_assert_int_eq(lvm_next_value(&found, &item), 1);
	ck_assert(item.kind == LVM_NUMBER && lvm_is(item.body, "3"));
	ck_assert_int_eq(lvm_next_value(&found, &item), 1);
	ck_assert(item.kind == LVM_LIST);
	ck_assert_int_eq(lvm_next_value(&found, &item), 0);
}
END_TEST

START_TEST(test_bad_language)
{
	static const char *const bad[] = { "a",	      "a {",	 "a = ",    "a = \"x", "a = \"\\",     "a = [ 1",
					   "a { { }", "a b = 1", "{ a = 1", "= 1",     "a { # }\n } }" };
	uint64_t number;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lvm_text text = text_of(bad[i]);
		struct lvm_item item;
		int rc;

		while ((rc = lvm_next(&text, &item)) == 1)
			;
		ck_assert_int_eq(rc, FW_ECORRUPT);
	}
	ck_assert_int_eq(lvm_number(text_of("999999999999999999"), &number), 0);
	ck_assert_int_eq(lvm_number(text_of("9999999999999999999"), &number), FW_ECORRUPT);
	ck_assert_int_eq(lvm_number(text_of("0x10"), &number), FW_ECORRUPT);
}
END_TEST

static uint32_t lvm_crc(const uint8_t *bytes, size_t len)
{
	return ~crc32(~0xf597a6cfu, bytes, len);
}

static void seal_label(struct disk *disk)
{
	disk_put32(disk, 512 + 16, lvm_crc(disk->bytes + 512 + 20, 512 - 20));
}

static void seal_area(struct disk *disk)
{
	disk_put32(disk, AREA, lvm_crc(disk->bytes + AREA + 4, 512 - 4));
}

/* Puts the text into the ring at `offset`. */
static void put_text(struct disk *disk, size_t offset, const char *text)
{
	size_t len = strlen(text) + 1;

	for (size_t i = 0; i < len; i++) {
		size_t at = offset + i;

		if (at >= AREA_BYTES)
			at = at - AREA_BYTES + 512;
		disk->bytes[AREA + at] = (uint8_t)text[i];
	}
	disk_put64(disk, AREA + 40, offset);
	disk_put64(disk, AREA + 48, len);
	disk_put32(disk, AREA + 56, lvm_crc((const uint8_t *)text, len));
	seal_area(disk);
}

static void make_pv(struct disk *disk, const char *name, char letter)
{
	disk_init(disk, name, DISK_BYTES);
	disk_put(disk, 512, "LABELONE", 8);
	disk_put64(disk, 512 + 8, 1);
	disk_put32(disk, 512 + 20, 32);
	disk_put(disk, 512 + 24, "LVM2 001", 8);
	memset(disk->bytes + 512 + 32, letter, 32);
	disk_put64(disk, 512 + 64, DISK_BYTES);
	disk_put64(disk, 512 + 72, EXTENTS);
	disk_put64(disk, 512 + 104, AREA);
	disk_put64(disk, 512 + 112, AREA_BYTES);
	seal_label(disk);
	disk_put(disk, AREA + 4, " LVM2 x[5A%r0N*>", 16);
	disk_put32(disk, AREA + 20, 1);
	disk_put64(disk, AREA + 24, AREA);
	disk_put64(disk, AREA + 32, AREA_BYTES);
	for (unsigned int i = 0; i < 64; i++)
		memset(disk->bytes + EXTENTS + i * EXTENT, letter == 'a' ? i : 100 + i, EXTENT);
}

#define PV(number, letter)                                                                                             \
	"pv" number " { id = \"" letter "-" letter letter letter letter letter letter letter letter letter letter      \
		letter letter letter letter letter letter letter letter letter letter letter letter letter letter      \
			letter letter letter letter letter letter letter "\" pe_start = 128 pe_count = 64 }\n"
#define GROUP(seqno, volumes)                                                                                          \
	"vg {\nid = \"VG-ID\"\nseqno = " seqno "\nextent_size = 8\nphysical_volumes {\n" PV("0", "a")                  \
		PV("1", "b") "}\nlogical_volumes {\n" volumes "}\n}\ncontents = \"Text Format Volume Group\"\n"
#define VOLUME(name, nr, segments)                                                                                     \
	name " { id = \"LV-ID\" status = [\"READ\", \"VISIBLE\"] segment_count = " nr "\n" segments "}\n"
#define SEGMENT(start, count, nr, stripes)                                                                             \
	"segment { start_extent = " start " extent_count = " count " type = \"striped\" stripe_count = " nr            \
	" stripe_size = 2 stripes = [" stripes "] }\n"

static struct disk disks[2];

static void setup(void)
{
	said_clear();
	make_pv(&disks[0], "vda", 'a');
	make_pv(&disks[1], "vdb", 'b');
}

static void teardown(void)
{
	disk_fini(&disks[0]);
	disk_fini(&disks[1]);
}

/* The logical volumes that are found, behind the disks. */
static int scan(unsigned int nr_disks)
{
	struct source *const sources[] = { &disks[0].source, &disks[1].source };
	int nr = volume_scan(sources, nr_disks, disk_arena(), volumes);

	return nr < 0 ? nr : nr - (int)nr_disks;
}

static int scan_text(const char *text)
{
	put_text(&disks[0], 512, text);
	return scan(2);
}

static uint8_t byte_at(const struct volume *volume, uint64_t offset)
{
	uint8_t byte = 0xff;

	ck_assert_int_eq(source_read(volume->source, offset, &byte, 1), 0);
	return byte;
}

START_TEST(test_linear)
{
	put_text(&disks[0], 512,
		 GROUP("1", VOLUME("swap", "1", SEGMENT("0", "1", "1", "\"pv0\", 9"))
				    VOLUME("root", "2",
					   SEGMENT("0", "3", "1", "\"pv0\", 5") SEGMENT("3", "2", "1", "\"pv1\", 1"))));
	ck_assert_int_eq(scan(2), 2);
	ck_assert_str_eq(volumes[2].lvm_name, "vg/root");
	ck_assert_str_eq(volumes[2].lvm_uuid, "VG-ID/LV-ID");
	ck_assert_str_eq(volumes[3].lvm_name, "vg/swap");
	ck_assert_uint_eq(volumes[2].source->size_bytes, 5 * EXTENT);
	ck_assert_uint_eq(byte_at(&volumes[2], 0), 5);
	ck_assert_uint_eq(byte_at(&volumes[2], 3 * EXTENT - 1), 7);
	ck_assert_uint_eq(byte_at(&volumes[2], 3 * EXTENT), 101);
	ck_assert_uint_eq(byte_at(&volumes[2], 5 * EXTENT - 1), 102);
	/* One disk is missing: only what lies on the other can be used. */
	ck_assert_int_eq(scan(1), 1);
	ck_assert_str_eq(volumes[1].lvm_name, "vg/swap");
	ck_assert_ptr_nonnull(strstr(said(), "vg/root: can't be used: a physical volume of it is missing"));
}
END_TEST

START_TEST(test_striped)
{
	uint8_t bytes[4096];

	ck_assert_int_eq(scan_text(GROUP("1", VOLUME("root", "1", SEGMENT("0", "4", "2", "\"pv1\", 2, \"pv0\", 0")))),
			 1);
	ck_assert_int_eq(source_read(volumes[2].source, 512, bytes, sizeof(bytes)), 0);
	ck_assert_uint_eq(bytes[511], 102);
	ck_assert_uint_eq(bytes[512], 0);
	ck_assert_uint_eq(bytes[512 + 1024], 102);
	ck_assert_uint_eq(byte_at(&volumes[2], 2 * EXTENT), 103);
	ck_assert_uint_eq(byte_at(&volumes[2], 4 * EXTENT - 1), 1);
}
END_TEST

START_TEST(test_ring_and_age)
{
	/* The first disk has the older text, the second the newer one, around its ring's end. */
	put_text(&disks[0], 1024, GROUP("9", VOLUME("old", "1", SEGMENT("0", "1", "1", "\"pv0\", 0"))));
	put_text(&disks[1], AREA_BYTES - 100, GROUP("10", VOLUME("new", "1", SEGMENT("0", "1", "1", "\"pv0\", 3"))));
	ck_assert_int_eq(scan(2), 1);
	ck_assert_str_eq(volumes[2].lvm_name, "vg/new");
	ck_assert_uint_eq(byte_at(&volumes[2], 0), 3);
	/* It is damaged: the older one still counts. */
	disks[1].bytes[AREA + 512] ^= 1;
	ck_assert_int_eq(scan(2), 1);
	ck_assert_str_eq(volumes[2].lvm_name, "vg/old");
	ck_assert_ptr_nonnull(strstr(said(), "vdb: the LVM2 metadata can't be read"));
	/* An area that is to be ignored. */
	disk_put32(&disks[0], AREA + 60, 1);
	seal_area(&disks[0]);
	ck_assert_int_eq(scan(2), 0);
}
END_TEST

START_TEST(test_bad_volumes)
{
	static const char *const bad[] = {
		VOLUME("x", "2", SEGMENT("0", "3", "1", "\"pv0\", 5")), /* a segment too few */
		VOLUME("x", "1", SEGMENT("0", "3", "1", "\"pv0\", 5") SEGMENT("3", "3", "1", "\"pv0\", 5")),
		VOLUME("x", "1", SEGMENT("1", "3", "1", "\"pv0\", 5")), /* a gap */
		VOLUME("x", "1", SEGMENT("0", "0", "1", "\"pv0\", 5")), /* empty */
		VOLUME("x", "1", SEGMENT("0", "3", "0", "\"pv0\", 5")),
		VOLUME("x", "1", SEGMENT("0", "3", "2", "\"pv0\", 5")), /* a stripe too few */
		VOLUME("x", "1", SEGMENT("0", "3", "1000000", "\"pv0\", 5")),
		VOLUME("x", "1", SEGMENT("0", "3", "1", "\"pv7\", 5")),
		VOLUME("x", "1", SEGMENT("0", "3", "1", "5, \"pv0\"")),
		VOLUME("x", "1", SEGMENT("0", "3", "1", "\"pv0\", 999999999999999999")),
		VOLUME("x", "1", SEGMENT("0", "999999999999999999", "1", "\"pv0\", 5")),
		VOLUME("x", "99999999", SEGMENT("0", "3", "1", "\"pv0\", 5")),
		VOLUME("x", "0", ""),
		("x { id = \"I\" status = [\"VISIBLE\"] segment_count = 1 s { start_extent = 0 extent_count = 1 "
		 "type = \"thin\" } }\n"),
		"x { id = \"I\" status = [\"READ\"] segment_count = 1 }\n", /* hidden */
		"x { status = [\"VISIBLE\"] segment_count = 1 }\n",
	};
	char text[4096];

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), GROUP("1", "%s" VOLUME("y", "1", SEGMENT("0", "1", "1", "\"pv0\", 0"))),
			 bad[i]);
		/* The next one is found all the same. */
		ck_assert_int_eq(scan_text(text), 1);
		ck_assert_str_eq(volumes[2].lvm_name, "vg/y");
	}
	ck_assert_ptr_nonnull(strstr(said(), "type thin is not read"));
}
END_TEST

START_TEST(test_beyond_disk)
{
	uint8_t byte;

	/* Extents that the disk does not have: the volume is there, and reading it fails. */
	ck_assert_int_eq(scan_text(GROUP("1", VOLUME("x", "1", SEGMENT("0", "3", "1", "\"pv0\", 63")))), 1);
	ck_assert_uint_eq(byte_at(&volumes[2], 0), 63);
	ck_assert_int_eq(source_read(volumes[2].source, EXTENT, &byte, 1), FW_ECORRUPT);
}
END_TEST

START_TEST(test_bad_headers)
{
	static const struct {
		size_t at;
		uint32_t value;
		bool is_label;
	} cases[] = {
		{ 512 + 20, 500, true },   { 512 + 20, UINT32_MAX, true },   { 512 + 8, 2, true },
		{ 512 + 104, 7, true },	   { 512 + 108, 1, true },	     { 512 + 112, 100, true },
		{ AREA + 20, 2, false },   { AREA + 40, 100, false },	     { AREA + 40, AREA_BYTES, false },
		{ AREA + 44, 1, false },   { AREA + 48, AREA_BYTES, false }, { AREA + 52, 1, false },
		{ AREA + 32, 100, false }, { AREA + 24, 0, false },
	};

	put_text(&disks[0], 512, GROUP("1", VOLUME("x", "1", SEGMENT("0", "1", "1", "\"pv0\", 0"))));
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t old[4];

		memcpy(old, disks[0].bytes + cases[i].at, sizeof(old));
		disk_put32(&disks[0], cases[i].at, cases[i].value);
		seal_label(&disks[0]);
		seal_area(&disks[0]);
		ck_assert_int_eq(scan(2), 0);
		disk_put(&disks[0], cases[i].at, old, sizeof(old));
		seal_label(&disks[0]);
		seal_area(&disks[0]);
	}
	ck_assert_int_eq(scan(2), 1);
	disks[0].bytes[512 + 40] ^= 1; /* the label's checksum */
	ck_assert_int_eq(scan(2), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("firmware/volume: lvm");
	TCase *tcase = tcase_create("lvm");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_language);
	tcase_add_test(tcase, test_bad_language);
	tcase_add_test(tcase, test_linear);
	tcase_add_test(tcase, test_striped);
	tcase_add_test(tcase, test_ring_and_age);
	tcase_add_test(tcase, test_bad_volumes);
	tcase_add_test(tcase, test_beyond_disk);
	tcase_add_test(tcase, test_bad_headers);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
