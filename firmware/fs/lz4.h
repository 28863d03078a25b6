/* LZ4, one raw block, as erofs and squashfs compress with it (lz4, doc/lz4_Block_format.md). */
#ifndef FIRMWARE_FS_LZ4_H
#define FIRMWARE_FS_LZ4_H

#include <stddef.h>
#include <stdint.h>

/* Unpacks a block until it ends or `to_size` bytes are there: how many they are, or FW_ECORRUPT. */
__attribute__((warn_unused_result)) int64_t lz4_unpack(const uint8_t *from, size_t from_len, uint8_t *to,
						       size_t to_size);

#endif
