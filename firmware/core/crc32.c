#include "firmware/core/crc32.h"

/* Both polynomials are written with their lowest power first, as the bytes are taken. */
static uint32_t go_on(uint32_t polynomial, uint32_t crc, const void *buf, size_t len)
{
	const uint8_t *at = buf;

	while (len-- > 0) {
		crc ^= *at++;
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (polynomial & -(crc & 1));
	}
	return crc;
}

uint32_t crc32(uint32_t crc, const void *buf, size_t len)
{
	return ~go_on(0xedb88320, ~crc, buf, len);
}

uint32_t crc32c(uint32_t crc, const void *buf, size_t len)
{
	return go_on(0x82f63b78, crc, buf, len);
}
