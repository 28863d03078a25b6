/* The checksums of 32 bits that partition tables and file systems guard themselves with. */
#ifndef FIRMWARE_CORE_CRC32_H
#define FIRMWARE_CORE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of ISO 3309, as GPT and LVM2 have it. Goes on from `crc`, 0 at the beginning, as zlib's crc32() does. */
uint32_t crc32(uint32_t crc, const void *buf, size_t len);

/* CRC-32C (RFC 3720), as erofs has it: goes on from `crc`, all ones at the beginning, and does not turn the bits of the
 * result around. */
uint32_t crc32c(uint32_t crc, const void *buf, size_t len);

#endif
