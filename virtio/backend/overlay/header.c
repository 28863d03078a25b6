#include "virtio/backend/overlay/header.h"

#include <stddef.h>
#include <string.h>

#include "vmm/base/checked.h"
#include "vmm/base/endian.h"

#define OVERLAY_VERSION 1
#define DATA_ALIGN (UINT64_C(1) << 20)
#define PAGE_BYTES UINT64_C(4096)

struct wire_header {
	char magic[OVERLAY_MAGIC_BYTES];
	le32 version;
	le32 block_bytes;
	le64 disk_bytes;
	le64 bitmap_offset;
	le64 data_offset;
	le32 base_format; /* enum block_format; its numbers are part of the format */
	le32 base_is_device;
	le64 base_inode;
	le64 base_mtime_s;
	le32 base_mtime_ns;
	le32 reserved; /* 0 */
	char base_path[OVERLAY_PATH_BYTES]; /* ends with a zero */
	uint8_t rest[OVERLAY_HEADER_BYTES - 88 - OVERLAY_PATH_BYTES]; /* 0 */
	le64 checksum; /* of all before it */
};

_Static_assert(sizeof(struct wire_header) == OVERLAY_HEADER_BYTES, "the header is one page");
_Static_assert(offsetof(struct wire_header, base_path) == 80, "no hole before the path");
_Static_assert(offsetof(struct wire_header, checksum) == OVERLAY_HEADER_BYTES - 8, "the checksum comes last");
_Static_assert(BLOCK_FORMAT_RAW == 1 && BLOCK_FORMAT_QCOW2 == 2, "these numbers are in files");

static uint64_t round_up(uint64_t value, uint64_t align)
{
	return align_down(value + align - 1, align);
}

uint64_t overlay_nr_blocks(uint64_t disk_bytes)
{
	return round_up(disk_bytes, OVERLAY_BLOCK_BYTES) / OVERLAY_BLOCK_BYTES;
}

uint64_t overlay_bitmap_bytes(uint64_t disk_bytes)
{
	return round_up(round_up(overlay_nr_blocks(disk_bytes), 8) / 8, PAGE_BYTES);
}

uint64_t overlay_data_offset(uint64_t disk_bytes)
{
	return round_up(OVERLAY_BITMAP_OFFSET + overlay_bitmap_bytes(disk_bytes), DATA_ALIGN);
}

uint64_t overlay_file_bytes(uint64_t disk_bytes)
{
	return overlay_data_offset(disk_bytes) + overlay_nr_blocks(disk_bytes) * OVERLAY_BLOCK_BYTES;
}

/* FNV-1a: against what damages files by accident. Who means to harm can as well write another overlay. */
static uint64_t checksum(const uint8_t *bytes, size_t nr)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < nr; i++)
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}

void overlay_header_encode(const struct overlay_header *header, uint8_t page[OVERLAY_HEADER_BYTES])
{
	const struct overlay_base *base = &header->base;
	struct wire_header wire = {
		.version = le32_make(OVERLAY_VERSION),
		.block_bytes = le32_make(OVERLAY_BLOCK_BYTES),
		.disk_bytes = le64_make(header->disk_bytes),
		.bitmap_offset = le64_make(OVERLAY_BITMAP_OFFSET),
		.data_offset = le64_make(overlay_data_offset(header->disk_bytes)),
		.base_format = le32_make(base->format),
		.base_is_device = le32_make(base->is_device),
		.base_inode = le64_make(base->inode),
		.base_mtime_s = le64_make((uint64_t)base->mtime_s),
		.base_mtime_ns = le32_make(base->mtime_ns),
	};

	memcpy(wire.magic, OVERLAY_MAGIC, OVERLAY_MAGIC_BYTES);
	memcpy(wire.base_path, base->path, strnlen(base->path, OVERLAY_PATH_BYTES - 1));
	memcpy(page, &wire, sizeof(wire));
	wire.checksum = le64_make(checksum(page, offsetof(struct wire_header, checksum)));
	memcpy(page, &wire, sizeof(wire));
}

const char *overlay_header_decode(const uint8_t page[OVERLAY_HEADER_BYTES], struct overlay_header *header)
{
	struct wire_header wire;
	uint64_t disk_bytes;
	uint32_t format;

	memcpy(&wire, page, sizeof(wire));
	if (memcmp(wire.magic, OVERLAY_MAGIC, OVERLAY_MAGIC_BYTES) != 0)
		return "it is not an overlay of mote's";
	/* Before the checksum: another version may have it elsewhere. */
	if (le32_get(wire.version) != OVERLAY_VERSION)
		return "it was made by another version of mote";
	if (le64_get(wire.checksum) != checksum(page, offsetof(struct wire_header, checksum)))
		return "its header is damaged";
	disk_bytes = le64_get(wire.disk_bytes);
	format = le32_get(wire.base_format);
	if (disk_bytes == 0 || disk_bytes % BLOCK_SECTOR_BYTES != 0 || disk_bytes > OVERLAY_MAX_DISK_BYTES)
		return "its header names an impossible size";
	if (le32_get(wire.block_bytes) != OVERLAY_BLOCK_BYTES ||
	    le64_get(wire.bitmap_offset) != OVERLAY_BITMAP_OFFSET ||
	    le64_get(wire.data_offset) != overlay_data_offset(disk_bytes))
		return "its header names an impossible layout";
	if ((format != BLOCK_FORMAT_RAW && format != BLOCK_FORMAT_QCOW2) || le32_get(wire.base_is_device) > 1 ||
	    memchr(wire.base_path, '\0', OVERLAY_PATH_BYTES) == NULL)
		return "its header does not say what its base is";
	*header = (struct overlay_header){
		.disk_bytes = disk_bytes,
		.base = { .format = (enum block_format)format,
			  .is_device = le32_get(wire.base_is_device),
			  .inode = le64_get(wire.base_inode),
			  .mtime_s = (int64_t)le64_get(wire.base_mtime_s),
			  .mtime_ns = le32_get(wire.base_mtime_ns) },
	};
	memcpy(header->base.path, wire.base_path, OVERLAY_PATH_BYTES);
	return NULL;
}

const char *overlay_base_compare(const struct overlay_header *recorded, const struct overlay_header *found)
{
	const struct overlay_base *then = &recorded->base, *now = &found->base;

	if (recorded->disk_bytes != found->disk_bytes)
		return "is of another size";
	if (then->format != now->format)
		return "is of another format";
	if (then->is_device != now->is_device || then->inode != now->inode)
		return "is another file";
	if (then->mtime_s != now->mtime_s || then->mtime_ns != now->mtime_ns)
		return "has been written to since";
	return NULL;
}
