#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/boot/payload.h"

/* More than one block of lz4's legacy frame. */
#define PLAIN_BYTES ((9u << 20) + 12345)
#define SMALL_BYTES 5000

static uint8_t *plain_bytes(size_t len)
{
	uint8_t *plain = malloc(len);

	ck_assert_ptr_nonnull(plain);
	for (size_t i = 0; i < len; i++)
		plain[i] = (uint8_t)(i % 251 ^ i >> 13);
	return plain;
}

/* Out has a guard behind it that nothing may touch. */
static int unpack(const struct bytes *packed, size_t len, uint8_t *out, size_t out_len)
{
	int ret;

	memset(out, 0xee, out_len + 64);
	ret = payload_unpack(payload_recognise(packed->data), packed->data, len, out, out_len);
	for (size_t i = 0; i < 64; i++)
		ck_assert_uint_eq(out[out_len + i], 0xee);
	return ret;
}

START_TEST(unpacks_what_the_library_packed)
{
	uint8_t *plain = plain_bytes(PLAIN_BYTES);
	uint8_t *out = malloc(PLAIN_BYTES + 64);
	struct bytes packed = test_pack((enum test_packing)_i, plain, PLAIN_BYTES);

	ck_assert_uint_eq(payload_unpacked_bytes(packed.data, packed.len), PLAIN_BYTES);
	ck_assert_int_eq(unpack(&packed, packed.len, out, PLAIN_BYTES), 0);
	ck_assert(memcmp(out, plain, PLAIN_BYTES) == 0);
	bytes_free(&packed);
	free(plain);
	free(out);
}
END_TEST

START_TEST(refuses_another_size_than_the_stream_has)
{
	uint8_t *plain = plain_bytes(SMALL_BYTES);
	uint8_t *out = malloc(SMALL_BYTES + 128);
	struct bytes packed = test_pack((enum test_packing)_i, plain, SMALL_BYTES);

	for (int off = -64; off <= 64; off++) {
		int ret = unpack(&packed, packed.len, out, (size_t)(SMALL_BYTES + off));

		ck_assert_int_eq(ret, off == 0 ? 0 : -EBADMSG);
	}
	ck_assert_int_eq(unpack(&packed, packed.len, out, 1), -EBADMSG);
	bytes_free(&packed);
	free(plain);
	free(out);
}
END_TEST

START_TEST(refuses_every_truncation)
{
	uint8_t *plain = plain_bytes(SMALL_BYTES);
	uint8_t *out = malloc(SMALL_BYTES + 64);
	struct bytes packed = test_pack((enum test_packing)_i, plain, SMALL_BYTES);

	/* gzip's last word is its size: it belongs to the stream. The others end before the size word. */
	for (size_t len = 0; len < packed.len; len++)
		ck_assert_int_eq(unpack(&packed, len, out, SMALL_BYTES), -EBADMSG);
	bytes_free(&packed);
	free(plain);
	free(out);
}
END_TEST

START_TEST(survives_every_flipped_byte)
{
	uint8_t *plain = plain_bytes(SMALL_BYTES);
	uint8_t *out = malloc(SMALL_BYTES + 64);
	struct bytes packed = test_pack((enum test_packing)_i, plain, SMALL_BYTES);
	unsigned int refused = 0;

	for (size_t i = 0; i < packed.len; i++) {
		int ret;

		packed.data[i] ^= 0x55;
		ret = unpack(&packed, packed.len, out, SMALL_BYTES);
		ck_assert(ret == 0 || ret == -EBADMSG || ret == -ENOMEM);
		refused += ret != 0;
		packed.data[i] ^= 0x55;
	}
	/* lz4 has no checksum, but most damage shows in its structure. */
	ck_assert_uint_gt(refused, 0);
	bytes_free(&packed);
	free(plain);
	free(out);
}
END_TEST

START_TEST(joins_concatenated_lz4_frames)
{
	uint8_t *plain = plain_bytes(SMALL_BYTES);
	uint8_t *out = malloc(2 * SMALL_BYTES + 64);
	struct bytes first = test_pack(PACK_LZ4, plain, SMALL_BYTES);
	struct bytes both = { 0 };

	bytes_add(&both, first.data, first.len - PAYLOAD_SIZE_WORD);
	bytes_add(&both, first.data, first.len);
	ck_assert_int_eq(unpack(&both, both.len, out, 2 * SMALL_BYTES), 0);
	ck_assert(memcmp(out + SMALL_BYTES, plain, SMALL_BYTES) == 0);
	bytes_free(&first);
	bytes_free(&both);
	free(plain);
	free(out);
}
END_TEST

/* Each part fills its own bytes and no others. */
START_TEST(unpacks_in_parts)
{
	const unsigned int nr = payload_parts(PAYLOAD_LZ4, PLAIN_BYTES);
	uint8_t *plain = plain_bytes(PLAIN_BYTES), *none = calloc(1, PLAIN_BYTES), *out = calloc(1, PLAIN_BYTES);
	struct bytes packed = test_pack(PACK_LZ4, plain, PLAIN_BYTES);

	ck_assert_uint_eq(nr, 2);
	ck_assert_uint_eq(payload_parts(PAYLOAD_XZ, PLAIN_BYTES), 1);
	for (unsigned int part = nr; part-- > 0;) {
		uint64_t from = payload_part_start(PLAIN_BYTES, part, nr);

		ck_assert_int_eq(payload_unpack_part(PAYLOAD_LZ4, packed.data, packed.len, out, PLAIN_BYTES, part, nr),
				 0);
		ck_assert(memcmp(out, none, from) == 0);
		ck_assert(memcmp(out + from, plain + from, PLAIN_BYTES - from) == 0);
	}
	ck_assert_uint_eq(payload_part_start(PLAIN_BYTES, 0, nr), 0);
	ck_assert_uint_eq(payload_part_start(PLAIN_BYTES, nr, nr), PLAIN_BYTES);
	bytes_free(&packed);
	free(plain);
	free(none);
	free(out);
}
END_TEST

START_TEST(leaves_other_formats_to_the_kernel)
{
	static const struct {
		const char magic[PAYLOAD_MAGIC_BYTES + 1];
		const char *name;
	} foreign[] = {
		{ "BZh91AY&", "bzip2" },
		{ "\x5d\x00\x00\x80\x00\xff\xff\xff", "lzma" },
		{ "\x89LZO\x00\x0d\x0a\x1a", "lzo" },
		{ "\xde\xad\xbe\xef\xde\xad\xbe\xef", "unknown" },
	};

	for (size_t i = 0; i < 4; i++) {
		const uint8_t *magic = (const uint8_t *)foreign[i].magic;
		uint8_t out[8];

		ck_assert_int_eq(payload_recognise(magic), PAYLOAD_FOREIGN);
		ck_assert_ptr_nonnull(strstr(payload_format_name(magic), foreign[i].name));
		ck_assert_int_eq(payload_unpack(PAYLOAD_FOREIGN, magic, PAYLOAD_MAGIC_BYTES, out, sizeof(out)),
				 -EBADMSG);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_payload");
	TCase *tcase = tcase_create("payload");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, unpacks_what_the_library_packed, 0, NR_PACKINGS);
	tcase_add_loop_test(tcase, refuses_another_size_than_the_stream_has, 0, NR_PACKINGS);
	tcase_add_loop_test(tcase, refuses_every_truncation, 0, NR_PACKINGS);
	tcase_add_loop_test(tcase, survives_every_flipped_byte, 0, NR_PACKINGS);
	tcase_add_test(tcase, joins_concatenated_lz4_frames);
	tcase_add_test(tcase, unpacks_in_parts);
	tcase_add_test(tcase, leaves_other_formats_to_the_kernel);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
