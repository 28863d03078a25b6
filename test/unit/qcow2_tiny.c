#include "test/unit/qcow2_tiny.h"

#include <endian.h>
#include <string.h>

void tiny_put16(struct tiny *tiny, size_t at, uint16_t value)
{
	value = htobe16(value);
	memcpy(tiny->bytes + at, &value, sizeof(value));
}

void tiny_put32(struct tiny *tiny, size_t at, uint32_t value)
{
	value = htobe32(value);
	memcpy(tiny->bytes + at, &value, sizeof(value));
}

void tiny_put64(struct tiny *tiny, size_t at, uint64_t value)
{
	value = htobe64(value);
	memcpy(tiny->bytes + at, &value, sizeof(value));
}

uint64_t tiny_get64(const struct tiny *tiny, size_t at)
{
	uint64_t value;

	memcpy(&value, tiny->bytes + at, sizeof(value));
	return be64toh(value);
}

uint16_t tiny_get_count(const struct tiny *tiny, size_t offset)
{
	uint16_t value;

	memcpy(&value, tiny->bytes + TINY_REFCOUNT_BLOCK + 2 * (offset / TINY_CLUSTER), sizeof(value));
	return be16toh(value);
}

void tiny_count(struct tiny *tiny, size_t offset, uint16_t count)
{
	tiny_put16(tiny, TINY_REFCOUNT_BLOCK + 2 * (offset / TINY_CLUSTER), count);
}

void tiny_map(struct tiny *tiny, unsigned int cluster, uint64_t entry)
{
	tiny_put64(tiny, TINY_L2 + 8 * cluster, entry);
}

void tiny_init(struct tiny *tiny, uint32_t version)
{
	memset(tiny->bytes, 0, sizeof(tiny->bytes)); /* the file may be used again */
	tiny->len = TINY_CLUSTERS * TINY_CLUSTER;
	tiny_put32(tiny, 0, 0x514649fb);
	tiny_put32(tiny, 4, version);
	tiny_put32(tiny, 20, 10);
	tiny_put64(tiny, 24, TINY_SIZE);
	tiny_put32(tiny, 36, 8);
	tiny_put64(tiny, 40, TINY_L1);
	tiny_put64(tiny, 48, TINY_REFCOUNT_TABLE);
	tiny_put32(tiny, 56, 1);
	if (version >= 3) {
		tiny_put32(tiny, 96, 4);
		tiny_put32(tiny, 100, 104);
	}
	tiny_put64(tiny, TINY_REFCOUNT_TABLE, TINY_REFCOUNT_BLOCK);
	tiny_put64(tiny, TINY_L1, TINY_L2 | UINT64_C(1) << 63);
	for (size_t offset = 0; offset <= TINY_DATA; offset += TINY_CLUSTER)
		tiny_count(tiny, offset, 1);
	tiny_map(tiny, 0, TINY_DATA | UINT64_C(1) << 63);
	memset(tiny->bytes + TINY_DATA, 'A', TINY_CLUSTER);
}

void tiny_set_backing(struct tiny *tiny, const char *name, const char *format)
{
	size_t at = 104;

	if (format != NULL) {
		tiny_put32(tiny, at, 0xe2792aca);
		tiny_put32(tiny, at + 4, (uint32_t)strlen(format));
		memcpy(tiny->bytes + at + 8, format, strlen(format));
		at += 8 + (strlen(format) + 7) / 8 * 8;
	}
	tiny_put64(tiny, at, 0);
	tiny_put64(tiny, 8, 512);
	tiny_put32(tiny, 16, (uint32_t)strlen(name));
	memcpy(tiny->bytes + 512, name, strlen(name));
}
