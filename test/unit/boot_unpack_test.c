/* LOADER_UNPACK: every codec, whole, cut and damaged, in memory and in a guest. */
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/base/endian.h"
#include "vmm/boot/unpack.h"

#define PLAIN_BYTES 120000
#define PACKED_MAX (PLAIN_BYTES * 2)

static uint8_t plain[PLAIN_BYTES], packed[PACKED_MAX], out[PLAIN_BYTES + 64];
static size_t packed_bytes;

static void pack_deflate(int window_bits)
{
	z_stream z = { 0 };

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = plain;
	z.avail_in = PLAIN_BYTES;
	z.next_out = packed;
	z.avail_out = PACKED_MAX;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed_bytes = z.total_out;
	deflateEnd(&z);
}

static void pack_lzma(bool alone)
{
	lzma_stream encoder = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	ck_assert(!lzma_lzma_preset(&options, 1));
	if (alone)
		ck_assert_int_eq(lzma_alone_encoder(&encoder, &options), LZMA_OK);
	else
		ck_assert_int_eq(lzma_easy_encoder(&encoder, 1, LZMA_CHECK_CRC32), LZMA_OK);
	encoder.next_in = plain;
	encoder.avail_in = PLAIN_BYTES;
	encoder.next_out = packed;
	encoder.avail_out = PACKED_MAX;
	ck_assert_int_eq(lzma_code(&encoder, LZMA_FINISH), LZMA_STREAM_END);
	packed_bytes = PACKED_MAX - encoder.avail_out;
	lzma_end(&encoder);
}

static void pack_zstd(void)
{
	/* Two frames, as a file system may store two extents. */
	size_t half = PLAIN_BYTES / 2;

	packed_bytes = ZSTD_compress(packed, PACKED_MAX, plain, half, 3);
	ck_assert(!ZSTD_isError(packed_bytes));
	packed_bytes +=
		ZSTD_compress(packed + packed_bytes, PACKED_MAX - packed_bytes, plain + half, PLAIN_BYTES - half, 3);
}

static void pack_lz4(void)
{
	static const uint8_t magic[4] = { 0x02, 0x21, 0x4c, 0x18 };
	int len = LZ4_compress_default((const char *)plain, (char *)packed + 8, PLAIN_BYTES, PACKED_MAX - 8);
	le32 word = le32_make((uint32_t)len);

	ck_assert_int_gt(len, 0);
	memcpy(packed, magic, sizeof(magic));
	memcpy(packed + 4, &word, sizeof(word));
	packed_bytes = (size_t)len + 8;
}

static const enum loader_codec codecs[] = {
	LOADER_ZLIB, LOADER_ZSTD, LOADER_XZ, LOADER_GZIP, LOADER_LZMA, LOADER_LZ4_LEGACY,
};
#define NR_CODECS ((int)(sizeof(codecs) / sizeof(codecs[0])))

static void pack(enum loader_codec codec)
{
	switch (codec) {
	case LOADER_ZLIB:
		return pack_deflate(15);
	case LOADER_GZIP:
		return pack_deflate(31);
	case LOADER_ZSTD:
		return pack_zstd();
	case LOADER_XZ:
		return pack_lzma(false);
	case LOADER_LZMA:
		return pack_lzma(true);
	case LOADER_LZ4_LEGACY:
		return pack_lz4();
	}
}

static void setup(void)
{
	srandom(1);
	for (size_t i = 0; i < PLAIN_BYTES; i++)
		plain[i] = i % 3 ? (uint8_t)(i / 100) : (uint8_t)random();
	memset(out, 0xcc, sizeof(out));
}

static int unpack(enum loader_codec codec, size_t in_bytes, size_t out_bytes, bool may_be_cut)
{
	return unpack_stream(&(struct unpack_stream){ codec, packed, in_bytes, out, out_bytes, may_be_cut });
}

START_TEST(unpacks_whole_streams)
{
	enum loader_codec codec = codecs[_i];

	pack(codec);
	ck_assert_int_eq(unpack(codec, packed_bytes, PLAIN_BYTES, false), PLAIN_BYTES);
	ck_assert_mem_eq(out, plain, PLAIN_BYTES);
	ck_assert_int_eq(unpack(codec, packed_bytes, PLAIN_BYTES + 64, false), PLAIN_BYTES);
	/* File systems pad. */
	memset(packed + packed_bytes, 0, 600);
	ck_assert_int_eq(unpack(codec, packed_bytes + 600, PLAIN_BYTES, false), PLAIN_BYTES);
}
END_TEST

START_TEST(never_writes_more)
{
	enum loader_codec codec = codecs[_i];
	int error;

	pack(codec);
	error = unpack(codec, packed_bytes, PLAIN_BYTES - 100, false);
	ck_assert(error == -E2BIG || error == -EBADMSG);
	ck_assert_uint_eq(out[PLAIN_BYTES - 100], 0xcc);
	ck_assert_int_eq(unpack(codec, packed_bytes, PLAIN_BYTES - 100, true), PLAIN_BYTES - 100);
	ck_assert_mem_eq(out, plain, PLAIN_BYTES - 100);
	ck_assert_uint_eq(out[PLAIN_BYTES - 100], 0xcc);
	ck_assert_int_eq(unpack(codec, packed_bytes, 1, true), 1);
}
END_TEST

START_TEST(tells_a_cut_stream)
{
	enum loader_codec codec = codecs[_i];
	int got;

	pack(codec);
	ck_assert_int_lt(unpack(codec, packed_bytes / 3, PLAIN_BYTES, false), 0);
	got = unpack(codec, packed_bytes / 3, PLAIN_BYTES, true);
	ck_assert_int_ge(got, 0);
	ck_assert_int_lt(got, PLAIN_BYTES);
	ck_assert_mem_eq(out, plain, (size_t)got);
	for (size_t len = 1; len < 40; len++)
		ck_assert_int_le(unpack(codec, len, PLAIN_BYTES, false), 0);
}
END_TEST

START_TEST(survives_damage)
{
	enum loader_codec codec = codecs[_i];
	int worst = 0;

	pack(codec);
	srandom(2);
	for (int round = 0; round < 60; round++) {
		size_t where = (size_t)random() % packed_bytes;
		uint8_t was = packed[where];
		int got;

		packed[where] ^= (uint8_t)(1 + random() % 255);
		got = unpack(codec, packed_bytes, PLAIN_BYTES, round % 2);
		if (got > PLAIN_BYTES || (got < 0 && got != -EBADMSG && got != -E2BIG && got != -ENOMEM))
			worst = got;
		packed[where] = was;
	}
	ck_assert_int_eq(worst, 0);
	ck_assert_uint_eq(out[PLAIN_BYTES], 0xcc);
}
END_TEST

START_TEST(knows_no_other_codec)
{
	pack(LOADER_ZSTD);
	ck_assert_int_eq(unpack((enum loader_codec)0, packed_bytes, PLAIN_BYTES, true), -ENOTSUP);
	ck_assert_int_eq(unpack((enum loader_codec)99, packed_bytes, PLAIN_BYTES, true), -ENOTSUP);
	ck_assert_int_eq(unpack(LOADER_XZ, packed_bytes, PLAIN_BYTES, true), -EBADMSG);
}
END_TEST

START_TEST(works_in_guest_memory)
{
	struct test_guest guest;
	struct unpack_request request = { codecs[_i], 0x100000, 0, 0x400000, PLAIN_BYTES, false };

	pack(codecs[_i]);
	test_guest_start(&guest);
	request.from_bytes = (uint32_t)packed_bytes;
	ck_assert_int_eq(guest_memory_write(&guest.memory, request.from, packed, packed_bytes), 0);
	ck_assert_int_eq(unpack_in_guest(&guest.memory, &request, NULL), PLAIN_BYTES);
	ck_assert_mem_eq(guest_memory_at(&guest.memory, request.to, PLAIN_BYTES), plain, PLAIN_BYTES);
	/* Over itself. */
	request.to = request.from;
	ck_assert_int_eq(unpack_in_guest(&guest.memory, &request, NULL), PLAIN_BYTES);
	ck_assert_mem_eq(guest_memory_at(&guest.memory, request.to, PLAIN_BYTES), plain, PLAIN_BYTES);
	request.from = TEST_RAM_BYTES - 10;
	ck_assert_int_eq(unpack_in_guest(&guest.memory, &request, NULL), -EFAULT);
	request.from_bytes = 0;
	ck_assert_int_eq(unpack_in_guest(&guest.memory, &request, NULL), -EBADMSG);
	test_guest_end(&guest);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("boot_unpack");
	TCase *tcase = tcase_create("unpack");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, unpacks_whole_streams, 0, NR_CODECS);
	tcase_add_loop_test(tcase, never_writes_more, 0, NR_CODECS);
	tcase_add_loop_test(tcase, tells_a_cut_stream, 0, NR_CODECS);
	tcase_add_loop_test(tcase, survives_damage, 0, NR_CODECS);
	tcase_add_test(tcase, knows_no_other_codec);
	tcase_add_loop_test(tcase, works_in_guest_memory, 0, NR_CODECS);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
