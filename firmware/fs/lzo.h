/* LZO1X, as btrfs and squashfs compress with it (Linux, Documentation/staging/lzo.rst). */
#ifndef FIRMWARE_FS_LZO_H
#define FIRMWARE_FS_LZO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Unpacks a stream to at most `to_size` bytes: how many they are, or FW_ECORRUPT. */
__attribute__((warn_unused_result)) int64_t lzo_unpack(const uint8_t *from, size_t from_len, uint8_t *to,
						       size_t to_size);

/* The same for what btrfs makes of it: pieces, each with its length before it, which does not cross a sector's end;
 * before all of them the length of all. */
__attribute__((warn_unused_result)) int64_t lzo_unpack_sectors(const uint8_t *from, size_t from_len, uint32_t sector,
							       uint8_t *to, size_t to_size);

#endif
