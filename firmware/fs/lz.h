/* What LZO and LZ4 have in common: literals that are copied from the stream, and matches that repeat what came out. */
#ifndef FIRMWARE_FS_LZ_H
#define FIRMWARE_FS_LZ_H

#include <stddef.h>
#include <stdint.h>

/* A stream while it is unpacked. */
struct lz {
	const uint8_t *from;
	const uint8_t *from_end;
	uint8_t *begin; /* of what comes out */
	uint8_t *to;
	uint8_t *to_end;
};

/* All of these: FW_ECORRUPT if the stream ends before, or leads out of what is there. */

/* The next byte, or the next two, little-endian. */
__attribute__((warn_unused_result)) int lz_byte(struct lz *lz);
__attribute__((warn_unused_result)) int lz_word(struct lz *lz);

__attribute__((warn_unused_result)) int lz_literals(struct lz *lz, uint64_t len);

/* Repeats what came out `distance` bytes ago; it may overlap what is written. */
__attribute__((warn_unused_result)) int lz_match(struct lz *lz, uint64_t distance, uint64_t len);

#endif
