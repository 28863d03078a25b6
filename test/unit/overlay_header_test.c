/* The first page of an overlay's file: what is written is read back, and nothing else is believed. */
#include <string.h>

#include "test/unit/unit.h"
#include "virtio/backend/overlay/header.h"

static const struct overlay_header example = {
	.disk_bytes = 12345 * 512,
	.base = { .format = BLOCK_FORMAT_QCOW2,
		  .inode = 0x123456789abcdef,
		  .mtime_s = -5,
		  .mtime_ns = 999999999,
		  .path = "/srv/images/debian.qcow2" },
};
static uint8_t page[OVERLAY_HEADER_BYTES];

START_TEST(what_is_written_is_read_back)
{
	struct overlay_header found;

	overlay_header_encode(&example, page);
	ck_assert_ptr_null(overlay_header_decode(page, &found));
	ck_assert_uint_eq(found.disk_bytes, example.disk_bytes);
	ck_assert_int_eq(found.base.format, BLOCK_FORMAT_QCOW2);
	ck_assert_uint_eq(found.base.inode, example.base.inode);
	ck_assert_int_eq(found.base.mtime_s, -5);
	ck_assert_uint_eq(found.base.mtime_ns, 999999999);
	ck_assert(!found.base.is_device);
	ck_assert_str_eq(found.base.path, example.base.path);
	ck_assert_ptr_null(overlay_base_compare(&found, &example));
}
END_TEST

START_TEST(any_byte_that_changes_is_noticed)
{
	struct overlay_header found = { .disk_bytes = 77 };

	for (size_t i = 0; i < sizeof(page); i++) {
		overlay_header_encode(&example, page);
		page[i] ^= (uint8_t)(1u << i % 8);
		ck_assert_msg(overlay_header_decode(page, &found) != NULL, "byte %zu may change", i);
		ck_assert_uint_eq(found.disk_bytes, 77);
	}
}
END_TEST

START_TEST(a_size_that_can_not_be_is_refused)
{
	static const uint64_t sizes[] = { 0, 511, 513, OVERLAY_MAX_DISK_BYTES + 512, UINT64_MAX - 511, UINT64_MAX };
	struct overlay_header header = example, found;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		header.disk_bytes = sizes[i];
		overlay_header_encode(&header, page);
		ck_assert_ptr_nonnull(overlay_header_decode(page, &found));
	}
	header.disk_bytes = OVERLAY_MAX_DISK_BYTES;
	overlay_header_encode(&header, page);
	ck_assert_ptr_null(overlay_header_decode(page, &found));
	header.disk_bytes = 512;
	header.base.format = BLOCK_FORMAT_AUTO;
	overlay_header_encode(&header, page);
	ck_assert_ptr_nonnull(overlay_header_decode(page, &found));
}
END_TEST

START_TEST(the_parts_of_the_file_do_not_overlap)
{
	static const uint64_t sizes[] = {
		512, 4096, 4608, (UINT64_C(1) << 27) + 512, UINT64_C(1) << 40, OVERLAY_MAX_DISK_BYTES
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t bits = overlay_bitmap_bytes(sizes[i]) * 8;

		ck_assert_uint_ge(bits, overlay_nr_blocks(sizes[i]));
		ck_assert_uint_ge(overlay_nr_blocks(sizes[i]) * OVERLAY_BLOCK_BYTES, sizes[i]);
		ck_assert_uint_lt(overlay_nr_blocks(sizes[i]) * OVERLAY_BLOCK_BYTES - sizes[i], OVERLAY_BLOCK_BYTES);
		ck_assert_uint_ge(overlay_data_offset(sizes[i]), OVERLAY_BITMAP_OFFSET + bits / 8);
		ck_assert_uint_eq(overlay_data_offset(sizes[i]) % (1 << 20), 0);
	}
	ck_assert_uint_eq(overlay_data_offset(512), 1 << 20);
	ck_assert_uint_eq(overlay_bitmap_bytes((UINT64_C(1) << 27) + 512), 8192);
}
END_TEST

START_TEST(a_base_is_known_by_more_than_its_path)
{
	struct overlay_header other = example;

	strcpy(other.base.path, "/elsewhere");
	ck_assert_ptr_null(overlay_base_compare(&example, &other));
	other.disk_bytes += 512;
	ck_assert_ptr_nonnull(overlay_base_compare(&example, &other));
	other = example;
	other.base.format = BLOCK_FORMAT_RAW;
	ck_assert_ptr_nonnull(overlay_base_compare(&example, &other));
	other = example;
	other.base.is_device = true;
	ck_assert_ptr_nonnull(overlay_base_compare(&example, &other));
	other = example;
	other.base.inode++;
	ck_assert_ptr_nonnull(overlay_base_compare(&example, &other));
	other = example;
	other.base.mtime_s++;
	ck_assert_ptr_nonnull(overlay_base_compare(&example, &other));
	other = example;
	other.base.mtime_ns--;
	ck_assert_ptr_nonnull(overlay_base_compare(&example, &other));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_header");
	TCase *tcase = tcase_create("header");

	tcase_add_test(tcase, what_is_written_is_read_back);
	tcase_add_test(tcase, any_byte_that_changes_is_noticed);
	tcase_add_test(tcase, a_size_that_can_not_be_is_refused);
	tcase_add_test(tcase, the_parts_of_the_file_do_not_overlap);
	tcase_add_test(tcase, a_base_is_known_by_more_than_its_path);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
