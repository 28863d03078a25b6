/* Images that are opened, and above all those that are not: one line says why, and the image stays as it is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/qcow2_support.h"

#define COPIED (UINT64_C(1) << 63)

static struct tiny tiny, base;

START_TEST(a_sound_image_is_opened)
{
	struct block_options options = { .discard = true };
	struct tiny_disk disk;

	tiny_init(&tiny, (uint32_t)_i);
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	ck_assert_uint_eq(block_geometry(disk.block)->size_bytes, TINY_SIZE);
	ck_assert_uint_eq(block_geometry(disk.block)->logical_block_bytes, 512);
	ck_assert(block_geometry(disk.block)->can_discard);
	ck_assert_uint_eq(block_geometry(disk.block)->discard_granularity_bytes, TINY_CLUSTER);
	tiny_expect(&disk, 0, 'A', TINY_CLUSTER);
	tiny_expect(&disk, TINY_CLUSTER, 0, TINY_SIZE - TINY_CLUSTER);
	tiny_close(&disk);
	ck_assert_str_eq(block_last_error, "");
}
END_TEST

START_TEST(using_an_image_without_writing_changes_nothing)
{
	struct block_options options = { .discard = true };
	static struct tiny now;
	struct tiny_disk disk;

	tiny_init(&tiny, 3);
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	ck_assert_int_eq(block_perform_range(disk.loop, disk.block, BLOCK_FLUSH, 0, 0), 0);
	tiny_close(&disk);
	now = tiny;
	tiny_load(&now);
	ck_assert_uint_eq(now.len, tiny.len);
	ck_assert_mem_eq(now.bytes, tiny.bytes, tiny.len);
}
END_TEST

/* A field of the header that can't be so. */
static const struct wrong {
	size_t at;
	unsigned int bytes;
	uint64_t value;
	int error;
	const char *text;
} wrongs[] = {
	{ 0, 4, 0x12345678, -EINVAL, "not a qcow2 image" },
	{ 4, 4, 1, -ENOTSUP, "version 1" },
	{ 4, 4, 4, -ENOTSUP, "version 4" },
	{ 20, 4, 8, -EINVAL, "2^8 bytes" },
	{ 20, 4, 22, -EINVAL, "2^22 bytes" },
	{ 20, 4, 0xffffffff, -EINVAL, "clusters" },
	{ 24, 8, 0, -EINVAL, "empty" },
	{ 24, 8, 513, -EINVAL, "513" },
	{ 24, 8, UINT64_MAX << 9, -EINVAL, "can't be" },
	{ 24, 8, UINT64_C(1) << 60, -EINVAL, "L1 table is too large" },
	{ 24, 8, TINY_SIZE + 512, -EINVAL, "L1 table has 8 entries" },
	{ 32, 4, 1, -ENOTSUP, "AES" },
	{ 32, 4, 2, -ENOTSUP, "LUKS" },
	{ 32, 4, 77, -ENOTSUP, "encrypted" },
	{ 36, 4, 7, -EINVAL, "L1 table has 7 entries" },
	{ 36, 4, 0, -EINVAL, "L1 table has 0 entries" },
	{ 36, 4, 0xffffffff, -EINVAL, "L1 table is too large" },
	{ 36, 4, 4096, -EINVAL, "L1 table at" },
	{ 40, 8, TINY_L1 + 512, -EINVAL, "do not begin at a cluster" },
	{ 40, 8, TINY_HEADER, -EINVAL, "L1 table at 0" },
	{ 40, 8, TINY_CLUSTERS *TINY_CLUSTER, -EINVAL, "L1 table at" },
	{ 40, 8, UINT64_C(1) << 62, -EINVAL, "L1 table at" },
	{ 40, 8, -(uint64_t)TINY_CLUSTER, -EINVAL, "L1 table at" },
	{ 48, 8, TINY_L1, -EINVAL, "refcount table at" },
	{ 48, 8, TINY_HEADER, -EINVAL, "refcount table at" },
	{ 48, 8, 8, -EINVAL, "do not begin at a cluster" },
	{ 48, 8, UINT64_C(1) << 63, -EINVAL, "refcount table at" },
	{ 56, 4, 0, -EINVAL, "0 clusters" },
	{ 56, 4, 2, -EINVAL, "refcount" },
	{ 56, 4, 0xffffffff, -EINVAL, "clusters" },
	{ 60, 4, 1000000, -EINVAL, "too many snapshots" },
	{ 72, 8, 1, -EINVAL, "qemu-img check -r all" },
	{ 72, 8, 2, -EINVAL, "corrupt" },
	{ 72, 8, 4, -ENOTSUP, "external data file" },
	{ 72, 8, 8, -ENOTSUP, "compression type 0" },
	{ 72, 8, 16, -ENOTSUP, "subclusters" },
	{ 72, 8, UINT64_C(1) << 40, -ENOTSUP, "bit 40" },
	{ 96, 4, 7, -EINVAL, "2^7 bits" },
	{ 96, 4, 0xffffffff, -EINVAL, "bits" },
	{ 100, 4, 96, -EINVAL, "header can't be 96" },
	{ 100, 4, 105, -EINVAL, "header can't be 105" },
	{ 100, 4, 0xfffffff8, -EINVAL, "header can't be" },
	{ 104, 8, UINT64_C(0x12345678fffffff0), -EINVAL, "header extension 12345678" },
	{ TINY_L1, 8, TINY_L2 | 1, -EINVAL, "L2 table at" },
	{ TINY_L1, 8, (TINY_L2 + 512) | COPIED, -EINVAL, "L2 table at" },
	{ TINY_L1, 8, (TINY_CLUSTERS * TINY_CLUSTER) | COPIED, -EINVAL, "L2 table at" },
	{ TINY_L1, 8, UINT64_C(0x00fffffffffffc00) | COPIED, -EINVAL, "L2 table at" },
	{ TINY_L1, 8, TINY_L1 | COPIED, -EINVAL, "L2 table at" },
	{ TINY_L1 + 8, 8, TINY_L2 | COPIED, -EINVAL, "L2 table at" },
	{ TINY_REFCOUNT_TABLE, 8, TINY_REFCOUNT_BLOCK + 1, -EINVAL, "refcount block at" },
	{ TINY_REFCOUNT_TABLE, 8, TINY_L2, -EINVAL, "refcount block at" },
	{ TINY_REFCOUNT_TABLE, 8, UINT64_C(1) << 50, -EINVAL, "refcount block at" },
	{ TINY_REFCOUNT_TABLE + 8, 8, TINY_REFCOUNT_BLOCK, -EINVAL, "refcount block at" },
};
#define NR_WRONGS ((int)(sizeof(wrongs) / sizeof(wrongs[0])))

START_TEST(a_wrong_field_is_refused)
{
	const struct wrong *wrong = &wrongs[_i];

	tiny_init(&tiny, 3);
	if (wrong->bytes == 4)
		tiny_put32(&tiny, wrong->at, (uint32_t)wrong->value);
	else
		tiny_put64(&tiny, wrong->at, wrong->value);
	tiny_must_be_refused(&tiny, false, wrong->error, wrong->text);
}
END_TEST

START_TEST(a_file_that_ends_early_is_refused)
{
	static const size_t lengths[] = { 1, 4, 71, 104, 512, 1024, 3000, 4096, 5119 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		tiny_init(&tiny, 3);
		tiny.len = lengths[i];
		tiny_must_be_refused(&tiny, false, -EINVAL, "cannot open");
	}
}
END_TEST

START_TEST(an_unknown_feature_is_called_by_its_name)
{
	tiny_init(&tiny, 3);
	tiny_put64(&tiny, 72, UINT64_C(1) << 33);
	tiny_put32(&tiny, 104, 0x6803f857);
	tiny_put32(&tiny, 108, 96);
	tiny.bytes[112] = 1; /* a compatible feature of the same bit */
	tiny.bytes[113] = 33;
	strcpy((char *)tiny.bytes + 114, "something else");
	tiny.bytes[160] = 0;
	tiny.bytes[161] = 33;
	strcpy((char *)tiny.bytes + 162, "time\033travel");
	tiny_must_be_refused(&tiny, true, -ENOTSUP, "time?travel");
}
END_TEST

START_TEST(unknown_extensions_are_passed_over)
{
	struct block_options options = { 0 };
	struct tiny_disk disk;

	tiny_init(&tiny, 3);
	tiny_put32(&tiny, 104, 0xdeadbeef);
	tiny_put32(&tiny, 108, 13);
	memset(tiny.bytes + 112, 0xff, 13);
	tiny_put32(&tiny, 128, 0x6803f857);
	tiny_put32(&tiny, 132, 7);
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	tiny_expect(&disk, 0, 'A', TINY_CLUSTER);
	tiny_close(&disk);
}
END_TEST

START_TEST(a_compression_that_is_not_known_is_refused)
{
	tiny_init(&tiny, 3);
	tiny_put64(&tiny, 72, 8);
	tiny_put32(&tiny, 100, 112);
	tiny.bytes[104] = 9;
	tiny_must_be_refused(&tiny, true, -ENOTSUP, "compression type 9");
}
END_TEST

START_TEST(blocks_that_do_not_fit_are_refused)
{
	struct block_options options = { .path = tiny.path, .format = BLOCK_FORMAT_QCOW2, .logical_block_bytes = 4096 };
	struct block *block = NULL;

	tiny_init(&tiny, 3);
	tiny_put64(&tiny, 24, TINY_SIZE - 512);
	tiny_save(&tiny);
	block_log_catch();
	ck_assert_int_eq(block_open(&options, &block), -EINVAL);
	ck_assert_ptr_nonnull(strstr(block_last_error, "blocks of 4096"));
}
END_TEST

START_TEST(what_vouches_for_bitmaps_goes_when_we_write)
{
	struct block_options options = { .read_only = true };
	struct tiny_disk disk;

	tiny_init(&tiny, 3);
	tiny_put64(&tiny, 88, 3);
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(tiny_get64(&tiny, 88), 3);
	options.read_only = false;
	tiny_open(&tiny, &options, &disk);
	tiny_close(&disk);
	tiny_load(&tiny);
	ck_assert_uint_eq(tiny_get64(&tiny, 88), 0);
}
END_TEST

/* --- backing files --- */

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

START_TEST(a_backing_file_is_looked_for_beside_the_image)
{
	struct block_options options = { 0 };
	struct tiny_disk disk;

	tiny_init(&base, 3);
	tiny_map(&base, 1, TINY_DATA);
	tiny_save(&base);
	tiny_init(&tiny, 3);
	tiny_map(&tiny, 0, 0);
	tiny_set_backing(&tiny, name_of(base.path), "qcow2");
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	tiny_expect(&disk, 0, 'A', 2 * TINY_CLUSTER);
	tiny_expect(&disk, 2 * TINY_CLUSTER, 0, TINY_CLUSTER);
	tiny_close(&disk);
}
END_TEST

START_TEST(a_missing_backing_file_is_named_with_its_image)
{
	tiny_init(&tiny, 3);
	tiny_set_backing(&tiny, "/nowhere/base.img", "raw");
	tiny_must_be_refused(&tiny, false, -ENOENT, "'/nowhere/base.img' is not there");
}
END_TEST

START_TEST(a_chain_that_leads_back_is_refused)
{
	/* Itself, and one by way of another. */
	tiny_init(&tiny, 3);
	tiny_save(&tiny);
	tiny_set_backing(&tiny, name_of(tiny.path), "qcow2");
	tiny_must_be_refused(&tiny, _i, -ELOOP, "leads back");

	tiny_init(&base, 3);
	tiny_set_backing(&base, tiny.path, "qcow2");
	tiny_save(&base);
	tiny_set_backing(&tiny, base.path, "qcow2");
	tiny_save(&tiny);
	block_log_catch();
	tiny_must_be_refused(&tiny, _i, -ELOOP, "leads back");
}
END_TEST

START_TEST(an_image_as_backing_file_must_be_said_to_be_one)
{
	tiny_init(&base, 3);
	tiny_save(&base);
	tiny_init(&tiny, 3);
	tiny_set_backing(&tiny, base.path, NULL);
	tiny_must_be_refused(&tiny, false, -EINVAL, "does not tell the format");
}
END_TEST

START_TEST(a_backing_file_that_is_raw_is_raw_whatever_it_holds)
{
	struct block_options options = { 0 };
	struct tiny_disk disk;
	struct iovec iov;
	uint8_t first[512];

	tiny_init(&base, 3);
	tiny_save(&base);
	tiny_init(&tiny, 3);
	tiny_map(&tiny, 0, 0);
	tiny_set_backing(&tiny, base.path, "raw");
	tiny_save(&tiny);
	tiny_open(&tiny, &options, &disk);
	iov = (struct iovec){ first, sizeof(first) };
	ck_assert_int_eq(block_perform(disk.loop, disk.block, BLOCK_READ, 0, &iov, 1), 0);
	ck_assert_mem_eq(first, base.bytes, sizeof(first));
	tiny_close(&disk);
}
END_TEST

START_TEST(backing_names_that_are_no_files_are_refused)
{
	tiny_init(&tiny, 3);
	tiny_set_backing(&tiny, "json:{\"driver\":\"null-co\"}", "raw");
	tiny_must_be_refused(&tiny, false, -ENOTSUP, "not a path");
	tiny_set_backing(&tiny, "nbd://somewhere/x", "raw");
	tiny_must_be_refused(&tiny, false, -ENOTSUP, "not a path");
	tiny_set_backing(&tiny, "base.vmdk", "vmdk");
	tiny_must_be_refused(&tiny, false, -ENOENT, "base.vmdk");
	tiny_set_backing(&tiny, "/dev", "raw");
	tiny_save(&tiny);
	tiny_put32(&tiny, 16, 1024);
	tiny_must_be_refused(&tiny, false, -EINVAL, "no valid name");
	tiny_set_backing(&tiny, "two\nlines", "raw");
	tiny_must_be_refused(&tiny, false, -EINVAL, "no valid name");
	tiny_set_backing(&tiny, "x", "raw");
	tiny_put64(&tiny, 8, TINY_CLUSTER);
	tiny_must_be_refused(&tiny, false, -EINVAL, "no valid name");
	tiny_put64(&tiny, 8, UINT64_MAX);
	tiny_must_be_refused(&tiny, false, -EINVAL, "no valid name");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qcow2_open");
	TCase *images = tcase_create("images");
	TCase *backing = tcase_create("backing");

	tcase_add_loop_test(images, a_sound_image_is_opened, 2, 4);
	tcase_add_test(images, using_an_image_without_writing_changes_nothing);
	tcase_add_loop_test(images, a_wrong_field_is_refused, 0, NR_WRONGS);
	tcase_add_test(images, a_file_that_ends_early_is_refused);
	tcase_add_test(images, an_unknown_feature_is_called_by_its_name);
	tcase_add_test(images, unknown_extensions_are_passed_over);
	tcase_add_test(images, a_compression_that_is_not_known_is_refused);
	tcase_add_test(images, blocks_that_do_not_fit_are_refused);
	tcase_add_test(images, what_vouches_for_bitmaps_goes_when_we_write);
	tcase_add_test(backing, a_backing_file_is_looked_for_beside_the_image);
	tcase_add_test(backing, a_missing_backing_file_is_named_with_its_image);
	tcase_add_loop_test(backing, a_chain_that_leads_back_is_refused, 0, 2);
	tcase_add_test(backing, an_image_as_backing_file_must_be_said_to_be_one);
	tcase_add_test(backing, a_backing_file_that_is_raw_is_raw_whatever_it_holds);
	tcase_add_test(backing, backing_names_that_are_no_files_are_refused);
	suite_add_tcase(suite, images);
	suite_add_tcase(suite, backing);
	return unit_main(suite);
}
