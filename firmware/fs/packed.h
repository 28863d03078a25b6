/* Parts of files that are compressed, each for itself: unpacking them, and keeping those that were unpacked last. */
#ifndef FIRMWARE_FS_PACKED_H
#define FIRMWARE_FS_PACKED_H

#include <stddef.h>
#include <stdint.h>

#define FS_NR_UNPACKED 3

struct arena;
struct fs;

/* As squashfs numbers them. */
enum fs_codec {
	FS_PLAIN,
	FS_ZLIB,
	FS_LZMA,
	FS_LZO,
	FS_XZ,
	FS_LZ4,
	FS_ZSTD,
	FS_NR_CODECS,
};

struct fs_packed {
	uint64_t at; /* bytes from the beginning of the source, not 0 */
	uint32_t len;
	uint32_t unpacked_len; /* at most */
	enum fs_codec codec;
	/* Not 0 in btrfs alone: LZO comes in pieces that know of sectors, and what a stream does not fill is zeroes. */
	uint32_t sector_bytes;
};

/* What a file system keeps for it, zero at first. */
struct fs_unpacker {
	struct fs_unpacked {
		uint8_t *bytes;
		uint32_t max; /* of them: room */
		uint32_t len;
		uint64_t at; /* in the source; 0: nothing is there */
	} last[FS_NR_UNPACKED], packed;
	unsigned int next; /* of `last`, to be given up */
	const struct arena *arena; /* where they are: a copy of the file system with another has its own */
};

/* Reads `len` bytes, `into` a part as it is unpacked; FW_ECORRUPT if it does not have them. */
__attribute__((warn_unused_result)) int fs_read_packed(struct fs *fs, const struct fs_packed *part, uint64_t into,
						       void *to, size_t len);

#endif
