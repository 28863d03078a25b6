#include "firmware/loader/foreign.h"

#include <stddef.h>

#include "firmware/core/bytes.h"

#define MAGIC_MAX 8

struct magic {
	uint32_t offset;
	uint8_t len;
	bool is_encrypted;
	char bytes[MAGIC_MAX];
	const char *name;
};

/* As blkid knows them. */
static const struct magic magics[] = {
	{ 0, 6, true, "LUKS\xba\xbe", "LUKS, encrypted" },
	{ 3, 8, true, "-FVE-FS-", "BitLocker, encrypted" },
	{ 3, 8, false, "NTFS    ", "NTFS" },
	{ 3, 8, false, "EXFAT   ", "exFAT" },
	{ 4086, 8, false, "SWAPSPAC", "swap" }, /* "SWAPSPACE2" at the end of a page */
	{ 536, 8, false, "LVM2 001", "LVM physical volume" },
	{ 24, 8, false, "LVM2 001", "LVM physical volume" },
	{ 4096, 4, false, "\xfc\x4e\x2b\xa9", "part of a Linux RAID" },
	{ 0, 4, false, "\xfc\x4e\x2b\xa9", "part of a Linux RAID" },
	{ 4120, 8, false, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca", "bcachefs" },
	{ 1024, 4, false, "\x10\x20\xf5\xf2", "F2FS" },
	{ 32769, 5, false, "CD001", "ISO 9660" },
	{ 65588, 8, false, "ReIsErFs", "ReiserFS" },
	{ 65588, 8, false, "ReIsEr2F", "ReiserFS" },
	{ 32768, 4, false, "JFS1", "JFS" },
	{ 1030, 2, false, "\x34\x34", "NILFS2" },
};

struct foreign foreign_recognise(struct source *source)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *magic = &magics[i];
		char bytes[MAGIC_MAX];

		if (source_read(source, magic->offset, bytes, magic->len) < 0)
			continue;
		if (memcmp(bytes, magic->bytes, magic->len) == 0)
			return (struct foreign){ magic->name, magic->is_encrypted };
	}
	return (struct foreign){ 0 };
}
