/* Packed clusters: whole, cut off, of several frames, and noise. */
#include <errno.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "test/unit/unit.h"
#include "virtio/backend/qcow2/unpack.h"

#define PLAIN_BYTES 4096

static uint8_t plain[PLAIN_BYTES], packed[2 * PLAIN_BYTES], out[PLAIN_BYTES + 16];

static void make_plain(void)
{
	for (unsigned int i = 0; i < PLAIN_BYTES; i++)
		plain[i] = (uint8_t)(i * i / 100);
	memset(packed, 0xee, sizeof(packed));
	memset(out, 0x55, sizeof(out));
}

static size_t pack_zlib(size_t at, const uint8_t *from, size_t len)
{
	z_stream stream = { .next_in = (uint8_t *)from,
			    .avail_in = (unsigned int)len,
			    .next_out = packed + at,
			    .avail_out = (unsigned int)(sizeof(packed) - at) };

	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, -12, 9, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	len = stream.total_out;
	deflateEnd(&stream);
	return len;
}

static size_t pack_zstd(size_t at, const uint8_t *from, size_t len)
{
	size_t got = ZSTD_compress(packed + at, sizeof(packed) - at, from, len, 3);

	ck_assert(!ZSTD_isError(got));
	return got;
}

static size_t pack(int compression, size_t at, const uint8_t *from, size_t len)
{
	return compression == QCOW2_ZSTD ? pack_zstd(at, from, len) : pack_zlib(at, from, len);
}

static int unpack(int compression, size_t len)
{
	int rc = qcow2_unpack((enum qcow2_compression)compression, packed, len, out, PLAIN_BYTES);

	for (size_t i = PLAIN_BYTES; i < sizeof(out); i++)
		ck_assert_uint_eq(out[i], 0x55);
	return rc;
}

START_TEST(a_cluster_comes_back_whatever_follows_it)
{
	make_plain();
	(void)pack(_i, 0, plain, PLAIN_BYTES);
	ck_assert_int_eq(unpack(_i, sizeof(packed)), 0);
	ck_assert_mem_eq(out, plain, PLAIN_BYTES);
}
END_TEST

START_TEST(a_cluster_that_is_cut_off_is_refused)
{
	size_t len;

	make_plain();
	len = pack(_i, 0, plain, PLAIN_BYTES);
	ck_assert_int_eq(unpack(_i, len / 2), -EIO);
	ck_assert_int_eq(unpack(_i, 1), -EIO);
}
END_TEST

START_TEST(too_little_and_too_much_are_told_apart)
{
	static uint8_t large[2 * PLAIN_BYTES];

	make_plain();
	(void)pack(_i, 0, plain, PLAIN_BYTES - 1);
	ck_assert_int_eq(unpack(_i, sizeof(packed)), -EIO);
	/* Unpacking ends when the cluster is full; a zstd frame is taken as a whole or not at all. */
	(void)pack(_i, 0, large, sizeof(large));
	ck_assert_int_eq(unpack(_i, sizeof(packed)), _i == QCOW2_ZSTD ? -EIO : 0);
}
END_TEST

START_TEST(zstd_may_come_in_several_frames)
{
	size_t len;

	make_plain();
	len = pack_zstd(0, plain, 1000);
	(void)pack_zstd(len, plain + 1000, PLAIN_BYTES - 1000);
	ck_assert_int_eq(unpack(QCOW2_ZSTD, sizeof(packed)), 0);
	ck_assert_mem_eq(out, plain, PLAIN_BYTES);
}
END_TEST

START_TEST(frames_that_hold_nothing_come_to_an_end)
{
	size_t at = 0;

	make_plain();
	while (at + 64 < sizeof(packed))
		at += pack_zstd(at, plain, 0);
	ck_assert_int_eq(unpack(QCOW2_ZSTD, at), -EIO);
}
END_TEST

START_TEST(noise_is_refused)
{
	uint32_t state = 1;

	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < sizeof(packed); i++) {
			state = state * 1664525 + 1013904223;
			packed[i] = (uint8_t)(state >> 24);
		}
		if (_i == QCOW2_ZSTD)
			memcpy(packed, "\x28\xb5\x2f\xfd", 4);
		memset(out, 0x55, sizeof(out));
		ck_assert_int_le(unpack(_i, sizeof(packed)), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("qcow2_unpack");
	TCase *tcase = tcase_create("unpack");

	tcase_add_loop_test(tcase, a_cluster_comes_back_whatever_follows_it, QCOW2_ZLIB, QCOW2_ZSTD + 1);
	tcase_add_loop_test(tcase, a_cluster_that_is_cut_off_is_refused, QCOW2_ZLIB, QCOW2_ZSTD + 1);
	tcase_add_loop_test(tcase, too_little_and_too_much_are_told_apart, QCOW2_ZLIB, QCOW2_ZSTD + 1);
	tcase_add_test(tcase, zstd_may_come_in_several_frames);
	tcase_add_test(tcase, frames_that_hold_nothing_come_to_an_end);
	tcase_add_loop_test(tcase, noise_is_refused, QCOW2_ZLIB, QCOW2_ZSTD + 1);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
