#include "vmm/tables/aml.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Opcodes (ACPI 6.5, 20.2 and 20.3). */
enum {
	OP_ZERO = 0x00,
	OP_ONE = 0x01,
	OP_NAME = 0x08,
	OP_BYTE = 0x0a,
	OP_WORD = 0x0b,
	OP_DWORD = 0x0c,
	OP_STRING = 0x0d,
	OP_QWORD = 0x0e,
	OP_SCOPE = 0x10,
	OP_BUFFER = 0x11,
	OP_PACKAGE = 0x12,
	OP_METHOD = 0x14,
	OP_DUAL_NAME = 0x2e,
	OP_MULTI_NAME = 0x2f,
	OP_EXTENDED = 0x5b,
	OP_LOCAL0 = 0x60,
	OP_STORE = 0x70,
	OP_AND = 0x7b,
	OP_NOTIFY = 0x86,
	OP_IF = 0xa0,
	/* after OP_EXTENDED */
	OP_EXT_REGION = 0x80,
	OP_EXT_FIELD = 0x81,
	OP_EXT_DEVICE = 0x82,
};

#define REGION_SYSTEM_IO 1
#define FIELD_BYTE_ACCESS 1 /* no lock, preserve */
#define METHOD_SERIALIZED 8

#define PKG_LENGTH_MAX_BYTES 4
#define INTEGER_MAX_BYTES 9

static void put(struct aml *aml, const void *bytes, size_t len)
{
	if (aml->failed || len > aml->capacity - aml->size) {
		aml->failed = true;
		return;
	}
	memcpy(aml->bytes + aml->size, bytes, len);
	aml->size += len;
}

static void put_u8(struct aml *aml, uint8_t value)
{
	put(aml, &value, 1);
}

/* The low `len` bytes, least significant first, as all of AML is. */
static void put_le(struct aml *aml, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_u8(aml, (uint8_t)(value >> (8 * i)));
}

/* Puts bytes before what was written since `mark`. */
static void insert(struct aml *aml, size_t mark, const uint8_t *bytes, size_t len)
{
	if (aml->failed || len > aml->capacity - aml->size) {
		aml->failed = true;
		return;
	}
	memmove(aml->bytes + mark + len, aml->bytes + mark, aml->size - mark);
	memcpy(aml->bytes + mark, bytes, len);
	aml->size += len;
}

/* The length counts itself (20.2.4). The number of bytes, 0 if `contents` is beyond 28 bits. */
static size_t encode_pkg_length(uint8_t out[PKG_LENGTH_MAX_BYTES], size_t contents)
{
	size_t length = contents + 1;

	if (length < 0x40) {
		out[0] = (uint8_t)length;
		return 1;
	}
	for (size_t nr = 2; nr <= PKG_LENGTH_MAX_BYTES; nr++) {
		length = contents + nr;
		if (length >> (4 + 8 * (nr - 1)) != 0)
			continue;
		out[0] = (uint8_t)((nr - 1) << 6 | (length & 0xf));
		for (size_t i = 1; i < nr; i++)
			out[i] = (uint8_t)(length >> (4 + 8 * (i - 1)));
		return nr;
	}
	return 0;
}

static size_t encode_integer(uint8_t out[INTEGER_MAX_BYTES], uint64_t value)
{
	static const struct {
		uint8_t op;
		uint8_t bytes;
	} forms[] = { { OP_BYTE, 1 }, { OP_WORD, 2 }, { OP_DWORD, 4 }, { OP_QWORD, 8 } };
	unsigned int form = 0;

	if (value <= 1) {
		out[0] = value == 0 ? OP_ZERO : OP_ONE;
		return 1;
	}
	while (form < 3 && value >> (8 * forms[form].bytes) != 0)
		form++;
	out[0] = forms[form].op;
	for (unsigned int i = 0; i < forms[form].bytes; i++)
		out[1 + i] = (uint8_t)(value >> (8 * i));
	return 1u + forms[form].bytes;
}

void aml_init(struct aml *aml, void *buffer, size_t capacity)
{
	*aml = (struct aml){ .bytes = buffer, .capacity = capacity };
}

int aml_finish(const struct aml *aml)
{
	if (aml->failed || aml->size > INT_MAX)
		return -ENOSPC;
	return (int)aml->size;
}

/* One name segment: up to the next '.' or the end. Returns what follows. */
static const char *put_segment(struct aml *aml, const char *name)
{
	char segment[4] = { '_', '_', '_', '_' };
	size_t len = strcspn(name, ".");

	memcpy(segment, name, len < sizeof(segment) ? len : sizeof(segment));
	put(aml, segment, sizeof(segment));
	return name[len] == '.' ? name + len + 1 : name + len;
}

void aml_path(struct aml *aml, const char *path)
{
	unsigned int nr = *path != '\0' && strcmp(path, "\\") != 0;

	if (*path == '\\')
		put_u8(aml, (uint8_t)*path++);
	for (const char *p = path; *p != '\0'; p++)
		nr += *p == '.';
	if (nr == 0) {
		put_u8(aml, 0); /* NullName */
	} else if (nr == 2) {
		put_u8(aml, OP_DUAL_NAME);
	} else if (nr > 2) {
		put_u8(aml, OP_MULTI_NAME);
		put_u8(aml, (uint8_t)nr);
	}
	while (*path != '\0')
		path = put_segment(aml, path);
}

void aml_integer(struct aml *aml, uint64_t value)
{
	uint8_t encoded[INTEGER_MAX_BYTES];

	put(aml, encoded, encode_integer(encoded, value));
}

void aml_string(struct aml *aml, const char *ascii)
{
	put_u8(aml, OP_STRING);
	put(aml, ascii, strlen(ascii) + 1);
}

static unsigned int hex_digit(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)(c - 'A' + 10);
}

void aml_eisa_id(struct aml *aml, const char *id)
{
	/* Three letters of five bits, then four hexadecimal digits, as one big-endian number. */
	uint32_t value =
		(uint32_t)(id[0] & 0x1f) << 26 | (uint32_t)(id[1] & 0x1f) << 21 | (uint32_t)(id[2] & 0x1f) << 16;

	for (unsigned int i = 0; i < 4; i++)
		value |= hex_digit(id[3 + i]) << (12 - 4 * i);
	put_u8(aml, OP_DWORD);
	put_le(aml, __builtin_bswap32(value), 4);
}

void aml_name(struct aml *aml, const char *path)
{
	put_u8(aml, OP_NAME);
	aml_path(aml, path);
}

size_t aml_scope_begin(struct aml *aml, const char *path)
{
	size_t mark;

	put_u8(aml, OP_SCOPE);
	mark = aml->size;
	aml_path(aml, path);
	return mark;
}

size_t aml_device_begin(struct aml *aml, const char *path)
{
	size_t mark;

	put_u8(aml, OP_EXTENDED);
	put_u8(aml, OP_EXT_DEVICE);
	mark = aml->size;
	aml_path(aml, path);
	return mark;
}

size_t aml_method_begin(struct aml *aml, const char *path, unsigned int nr_args, bool serialized)
{
	size_t mark;

	put_u8(aml, OP_METHOD);
	mark = aml->size;
	aml_path(aml, path);
	put_u8(aml, (uint8_t)((nr_args & 7) | (serialized ? METHOD_SERIALIZED : 0)));
	return mark;
}

size_t aml_package_begin(struct aml *aml, uint8_t nr_elements)
{
	size_t mark;

	put_u8(aml, OP_PACKAGE);
	mark = aml->size;
	put_u8(aml, nr_elements);
	return mark;
}

size_t aml_if_begin(struct aml *aml)
{
	put_u8(aml, OP_IF);
	return aml->size;
}

void aml_end(struct aml *aml, size_t mark)
{
	uint8_t encoded[PKG_LENGTH_MAX_BYTES];
	size_t len;

	if (aml->failed)
		return;
	len = encode_pkg_length(encoded, aml->size - mark);
	if (len == 0)
		aml->failed = true;
	insert(aml, mark, encoded, len);
}

void aml_io_region(struct aml *aml, const char *path, uint16_t port, uint16_t size_bytes)
{
	put_u8(aml, OP_EXTENDED);
	put_u8(aml, OP_EXT_REGION);
	aml_path(aml, path);
	put_u8(aml, REGION_SYSTEM_IO);
	aml_integer(aml, port);
	aml_integer(aml, size_bytes);
}

size_t aml_byte_field_begin(struct aml *aml, const char *region)
{
	size_t mark;

	put_u8(aml, OP_EXTENDED);
	put_u8(aml, OP_EXT_FIELD);
	mark = aml->size;
	aml_path(aml, region);
	put_u8(aml, FIELD_BYTE_ACCESS);
	return mark;
}

void aml_field_unit(struct aml *aml, const char *segment, unsigned int bits)
{
	uint8_t encoded[PKG_LENGTH_MAX_BYTES];

	put_segment(aml, segment);
	/* A unit's width is written as a package length that does not count itself. */
	if (bits < 0x40) {
		put_u8(aml, (uint8_t)bits);
		return;
	}
	encoded[0] = (uint8_t)(1 << 6 | (bits & 0xf));
	encoded[1] = (uint8_t)(bits >> 4);
	if (bits >> 12 != 0)
		aml->failed = true;
	put(aml, encoded, 2);
}

void aml_local(struct aml *aml, unsigned int n)
{
	put_u8(aml, (uint8_t)(OP_LOCAL0 + (n & 7)));
}

void aml_store(struct aml *aml)
{
	put_u8(aml, OP_STORE);
}

void aml_and(struct aml *aml)
{
	put_u8(aml, OP_AND);
}

void aml_no_target(struct aml *aml)
{
	put_u8(aml, 0);
}

void aml_notify(struct aml *aml, const char *path, uint8_t value)
{
	put_u8(aml, OP_NOTIFY);
	aml_path(aml, path);
	aml_integer(aml, value);
}

/* --- Resource templates --- */

#define RESOURCE_IO 0x47 /* small, 7 bytes follow */
#define RESOURCE_END 0x79
#define RESOURCE_MEMORY32_FIXED 0x86
#define RESOURCE_DWORD_SPACE 0x87
#define RESOURCE_WORD_SPACE 0x88
#define RESOURCE_INTERRUPT 0x89
#define RESOURCE_QWORD_SPACE 0x8a

#define IO_DECODE_16 1
#define INTERRUPT_CONSUMER 0x01
#define INTERRUPT_EDGE 0x02 /* and active high, exclusive: zeros */
#define MEMORY_READ_WRITE 1
#define SPACE_MEMORY 0
#define SPACE_BUS 2
#define SPACE_PRODUCER_POSITIVE_FIXED 0x0c /* producer, positive decode, both ends fixed */

size_t aml_resources_begin(struct aml *aml)
{
	put_u8(aml, OP_BUFFER);
	return aml->size;
}

void aml_resources_end(struct aml *aml, size_t mark)
{
	uint8_t encoded[INTEGER_MAX_BYTES];

	put_u8(aml, RESOURCE_END);
	put_u8(aml, 0); /* a checksum of zero counts as correct (6.4.2.9) */
	if (aml->failed)
		return;
	insert(aml, mark, encoded, encode_integer(encoded, aml->size - mark));
	aml_end(aml, mark);
}

void aml_io(struct aml *aml, uint16_t port, uint8_t size_bytes)
{
	put_u8(aml, RESOURCE_IO);
	put_u8(aml, IO_DECODE_16);
	put_le(aml, port, 2); /* lowest and highest base: it can't move */
	put_le(aml, port, 2);
	put_u8(aml, 1); /* alignment */
	put_u8(aml, size_bytes);
}

void aml_interrupt_edge_high(struct aml *aml, uint32_t gsi)
{
	put_u8(aml, RESOURCE_INTERRUPT);
	put_le(aml, 6, 2);
	put_u8(aml, INTERRUPT_CONSUMER | INTERRUPT_EDGE);
	put_u8(aml, 1); /* one interrupt */
	put_le(aml, gsi, 4);
}

void aml_memory32_fixed(struct aml *aml, uint32_t base, uint32_t size_bytes)
{
	put_u8(aml, RESOURCE_MEMORY32_FIXED);
	put_le(aml, 9, 2);
	put_u8(aml, MEMORY_READ_WRITE);
	put_le(aml, base, 4);
	put_le(aml, size_bytes, 4);
}

/* The three address space descriptors differ in the width of their five numbers alone (6.4.3.5). */
static void put_space(struct aml *aml, uint8_t tag, uint8_t type, uint8_t type_flags, uint64_t first, uint64_t size,
		      size_t width)
{
	put_u8(aml, tag);
	put_le(aml, 3 + 5 * width, 2);
	put_u8(aml, type);
	put_u8(aml, SPACE_PRODUCER_POSITIVE_FIXED);
	put_u8(aml, type_flags);
	put_le(aml, 0, width); /* granularity */
	put_le(aml, first, width);
	put_le(aml, first + size - 1, width);
	put_le(aml, 0, width); /* translation */
	put_le(aml, size, width);
}

void aml_bus_range(struct aml *aml, uint16_t first, uint16_t last)
{
	put_space(aml, RESOURCE_WORD_SPACE, SPACE_BUS, 0, first, (uint64_t)last - first + 1, 2);
}

void aml_memory_window(struct aml *aml, uint64_t base, uint64_t size_bytes)
{
	bool low = base + size_bytes - 1 <= UINT32_MAX;

	put_space(aml, low ? RESOURCE_DWORD_SPACE : RESOURCE_QWORD_SPACE, SPACE_MEMORY, MEMORY_READ_WRITE, base,
		  size_bytes, low ? 4 : 8);
}
