/* The compressed kernel in a bzImage: a stream as the kernel's build writes it, then its unpacked size, 32 bits. */
#ifndef VMM_BOOT_PAYLOAD_H
#define VMM_BOOT_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

enum payload_format {
	PAYLOAD_GZIP,
	PAYLOAD_LZ4,
	PAYLOAD_XZ,
	PAYLOAD_ZSTD,
	PAYLOAD_FOREIGN, /* one that mote leaves to the kernel's own decompressor */
};

#define PAYLOAD_SIZE_WORD 4
#define PAYLOAD_MAGIC_BYTES 8

/* Tells the format by its first PAYLOAD_MAGIC_BYTES. */
enum payload_format payload_recognise(const uint8_t magic[PAYLOAD_MAGIC_BYTES]);

/* For messages. A foreign format is named too, if it is one that the kernel's build can choose. */
const char *payload_format_name(const uint8_t magic[PAYLOAD_MAGIC_BYTES]);

/* The unpacked size that the last four bytes of the `len` bytes claim; 0 if there are none. */
uint32_t payload_unpacked_bytes(const uint8_t *in, size_t len);

/* Unpacks a whole payload, size word included, into exactly `out_len` bytes: what payload_unpacked_bytes() said and the
 * caller found acceptable. Never writes more. 0, -EBADMSG if the stream is damaged or its size is another, -ENOMEM.
 * Control thread. */
__attribute__((warn_unused_result)) int payload_unpack(enum payload_format format, const uint8_t *in, size_t len,
						       uint8_t *out, size_t out_len);

/* How many processes can unpack one such payload at the same time, a part of it each. */
unsigned int payload_parts(enum payload_format format, size_t out_len);

/* Where the bytes of part `part` of `nr_parts` begin in the unpacked `out_len`, and the end for `nr_parts` itself. */
uint64_t payload_part_start(uint64_t out_len, unsigned int part, unsigned int nr_parts);

/* As payload_unpack(), but only part `part` of `nr_parts`, which are at most payload_parts(): all of them together fill
 * `out`, and each looks at the whole stream. */
__attribute__((warn_unused_result)) int payload_unpack_part(enum payload_format format, const uint8_t *in, size_t len,
							    uint8_t *out, size_t out_len, unsigned int part,
							    unsigned int nr_parts);

#define PAYLOAD_LZ4_BLOCK (8u << 20) /* bytes, unpacked: what can be unpacked by itself */
size_t payload_lz4_blocks(size_t out_len); /* how many of these hold so many bytes */

/* One format each, given the stream without its size word (gzip: with it, as it is gzip's own). */
__attribute__((warn_unused_result)) int payload_unpack_gzip(const uint8_t *in, size_t len, uint8_t *out,
							    size_t out_len);
__attribute__((warn_unused_result)) int payload_unpack_lz4(const uint8_t *in, size_t len, uint8_t *out, size_t out_len,
							   unsigned int part, unsigned int nr_parts);
__attribute__((warn_unused_result)) int payload_unpack_xz(const uint8_t *in, size_t len, uint8_t *out, size_t out_len);
__attribute__((warn_unused_result)) int payload_unpack_zstd(const uint8_t *in, size_t len, uint8_t *out,
							    size_t out_len);

#endif
