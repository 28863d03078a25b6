#include "firmware/volume/crc32.h"

uint32_t crc32(uint32_t crc, const void *buf, size_t len)
{
	const uint8_t *at = buf;

	crc = ~crc;
	while (len-- > 0) {
		crc ^= *at++;
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
	}
	return ~crc;
}
