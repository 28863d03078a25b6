/* The CRC of ISO 3309 that GPT and LVM2 guard their tables with. */
#ifndef FIRMWARE_VOLUME_CRC32_H
#define FIRMWARE_VOLUME_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `crc`, 0 at the beginning, as zlib's crc32() does. */
uint32_t crc32(uint32_t crc, const void *buf, size_t len);

#endif
