#include "vmm/boot/bzimage.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/log.h"

#define SECTOR_BYTES 512
#define DEFAULT_SETUP_SECTS 4 /* what 0 means */

/* Versions that brought the fields used here. */
#define VERSION_LOADED_HIGH 0x0200
#define VERSION_PAYLOAD 0x0208
#define VERSION_XLOADFLAGS 0x020c

/* Where the second byte of the jump over the header counts from. */
#define JUMP_END LINUX_SETUP_FIELD(header)

static int read_header(const struct source *src, struct linux_setup_header *hdr)
{
	size_t len = sizeof(*hdr);
	size_t end;
	int ret;

	ret = source_read(src, hdr, len, LINUX_SETUP_OFFSET);
	if (ret)
		return ret;
	/* What follows a shorter header of an older kernel is its code. */
	end = JUMP_END + (le16_get(hdr->jump) >> 8) - LINUX_SETUP_OFFSET;
	if (end < len)
		memset((uint8_t *)hdr + end, 0, len - end);
	return 0;
}

static int truncated(const struct source *src, const char *path, uint64_t wanted)
{
	log_error("kernel %s is truncated: its header promises %llu bytes and the file has %llu; copy it again", path,
		  (unsigned long long)wanted, (unsigned long long)src->size_bytes);
	return -EBADMSG;
}

static int find_payload(const struct source *src, const char *path, struct bzimage *bz)
{
	uint64_t offset = le32_get(bz->hdr.payload_offset);
	uint64_t len = le32_get(bz->hdr.payload_length);

	if (bz->version < VERSION_PAYLOAD || len == 0)
		return 0;
	if (bz->kernel_offset + offset + len > src->size_bytes)
		return truncated(src, path, bz->kernel_offset + offset + len);
	if (!range_contains(0, bz->kernel_bytes, offset, len)) {
		log_error("kernel %s is corrupt: its payload lies outside of its protected-mode part; copy it again",
			  path);
		return -EBADMSG;
	}
	bz->payload_offset = bz->kernel_offset + offset;
	bz->payload_bytes = len;
	return 0;
}

int bzimage_read(const struct source *src, const char *path, struct bzimage *bz)
{
	uint64_t setup_sects, promised;
	int ret;

	*bz = (struct bzimage){ 0 };
	ret = read_header(src, &bz->hdr);
	if (ret)
		return ret;
	bz->version = le16_get(bz->hdr.version);
	if (bz->version < VERSION_LOADED_HIGH || !(bz->hdr.loadflags & LINUX_LOADFLAG_LOADED_HIGH)) {
		log_error("kernel %s is a zImage for 16-bit loaders; give a bzImage", path);
		return -ENOEXEC;
	}
	bz->is_32bit = bz->version >= VERSION_XLOADFLAGS && !(le16_get(bz->hdr.xloadflags) & LINUX_XLF_KERNEL_64);

	setup_sects = bz->hdr.setup_sects ? bz->hdr.setup_sects : DEFAULT_SETUP_SECTS;
	bz->kernel_offset = (setup_sects + 1) * SECTOR_BYTES;
	promised = (uint64_t)le32_get(bz->hdr.syssize) * 16;
	if (bz->kernel_offset >= src->size_bytes)
		return truncated(src, path, bz->kernel_offset + promised);
	bz->kernel_bytes = src->size_bytes - bz->kernel_offset;
	/* syssize is rounded up; a signature may follow it. */
	if (promised > bz->kernel_bytes + 15)
		return truncated(src, path, bz->kernel_offset + promised);
	if (promised && promised < bz->kernel_bytes)
		bz->kernel_bytes = promised;
	return find_payload(src, path, bz);
}
