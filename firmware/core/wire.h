/* Numbers as disks hold them: of either byte order, at any address, that can't be used by accident as the machine's. */
#ifndef FIRMWARE_CORE_WIRE_H
#define FIRMWARE_CORE_WIRE_H

#include <stdint.h>

typedef struct {
	uint8_t raw[2];
} le16;
typedef struct {
	uint8_t raw[4];
} le32;
typedef struct {
	uint8_t raw[8];
} le64;
typedef struct {
	uint8_t raw[2];
} be16;
typedef struct {
	uint8_t raw[4];
} be32;
typedef struct {
	uint8_t raw[8];
} be64;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the firmware runs on x86-64");

static inline uint16_t le16_get(le16 v)
{
	uint16_t out;

	__builtin_memcpy(&out, v.raw, sizeof(out));
	return out;
}

static inline uint32_t le32_get(le32 v)
{
	uint32_t out;

	__builtin_memcpy(&out, v.raw, sizeof(out));
	return out;
}

static inline uint64_t le64_get(le64 v)
{
	uint64_t out;

	__builtin_memcpy(&out, v.raw, sizeof(out));
	return out;
}

static inline uint16_t be16_get(be16 v)
{
	uint16_t out;

	__builtin_memcpy(&out, v.raw, sizeof(out));
	return __builtin_bswap16(out);
}

static inline uint32_t be32_get(be32 v)
{
	uint32_t out;

	__builtin_memcpy(&out, v.raw, sizeof(out));
	return __builtin_bswap32(out);
}

static inline uint64_t be64_get(be64 v)
{
	uint64_t out;

	__builtin_memcpy(&out, v.raw, sizeof(out));
	return __builtin_bswap64(out);
}

#endif
