/* What the tests of LZ4 and LZO share. */
#ifndef TEST_UNIT_FIRMWARE_LZ_SUPPORT_H
#define TEST_UNIT_FIRMWARE_LZ_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

/* lz4_unpack() or lzo_unpack(). */
typedef int64_t (*lz_unpack)(const uint8_t *from, size_t from_len, uint8_t *to, size_t to_size);

/* Unpacks to memory of exactly that size, so that a sanitizer sees each byte too many. What comes out must be the
 * beginning of `expected`, if that is not NULL. */
int64_t unpack_exactly(lz_unpack unpack, const void *from, size_t from_len, size_t to_size, const char *expected);

/* Unpacks streams of random bytes. */
void unpack_noise(lz_unpack unpack);

#endif
