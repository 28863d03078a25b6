/* Decompression that the VMM does for the loader, outside the guest: the decoders are there already, and need not be
 * in the loader as well. */
#ifndef FIRMWARE_CORE_UNPACK_H
#define FIRMWARE_CORE_UNPACK_H

#include <stddef.h>

enum fw_codec {
	FW_ZLIB, /* RFC 1950 */
	FW_ZSTD, /* one or more frames */
	FW_XZ, /* .xz */
	FW_GZIP, /* RFC 1952 */
	FW_LZMA, /* .lzma, "alone" */
	FW_LZ4_LEGACY, /* as Linux's initrds are */
};

/* Unpacks all of `from` into at most `to_size` bytes. The bytes written; FW_ECORRUPT if it is no such stream, ends
 * early, or would be larger; FW_ENOTSUP if this codec is not there. Each call costs some tens of microseconds. */
__attribute__((warn_unused_result)) int fw_unpack(enum fw_codec codec, const void *from, size_t from_len, void *to,
						  size_t to_size);

/* The same for the beginning of a stream: stops without an error when `to` is full or `from` ends. */
__attribute__((warn_unused_result)) int fw_unpack_start(enum fw_codec codec, const void *from, size_t from_len,
							void *to, size_t to_size);

#endif
