#include "test/firmware/sparse_disk.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/core/wire.h"

#define PAGE 4096u
#define SECTOR 512u
#define SECOND_DISK 0x80000000u

struct piece {
	le32 sector;
	le16 len;
};

static int sparse_read(struct source *source, uint64_t offset, void *buf, size_t len)
{
	const struct sparse_disk *disk = (const struct sparse_disk *)source;
	uint8_t *to = buf;

	while (len > 0) {
		const uint8_t *page = disk->pages[offset / PAGE];
		size_t into = offset % PAGE;
		size_t part = len < PAGE - into ? len : PAGE - into;

		if (page != NULL)
			memcpy(to, page + into, part);
		else
			memset(to, 0, part);
		to += part;
		offset += part;
		len -= part;
	}
	return 0;
}

static void put(struct sparse_disk *disk, uint64_t offset, const uint8_t *bytes, size_t len)
{
	while (len > 0 && offset < disk->source.size_bytes) {
		uint8_t **page = &disk->pages[offset / PAGE];
		size_t into = offset % PAGE;
		size_t part = len < PAGE - into ? len : PAGE - into;

		if (*page == NULL)
			*page = calloc(1, PAGE);
		memcpy(*page + into, bytes, part);
		bytes += part;
		offset += part;
		len -= part;
	}
}

void sparse_load(struct sparse_disk disks[SPARSE_NR_DISKS], const uint8_t *bytes, size_t len)
{
	le32 raw = { { 0 } };
	uint32_t kib;

	memcpy(&raw, bytes, len < sizeof(raw) ? len : sizeof(raw));
	kib = le32_get(raw) < SPARSE_MAX_KIB ? le32_get(raw) : SPARSE_MAX_KIB;
	for (unsigned int i = 0; i < SPARSE_NR_DISKS; i++) {
		disks[i] =
			(struct sparse_disk){ .source = { .read = sparse_read, .size_bytes = (uint64_t)kib * 1024 } };
		snprintf(disks[i].source.name, sizeof(disks[i].source.name), "vd%c", 'a' + i);
		disks[i].nr_pages = kib / 4 + 1;
		disks[i].pages = calloc(disks[i].nr_pages, sizeof(*disks[i].pages));
	}
	for (size_t at = sizeof(raw); at < len && len - at >= sizeof(struct piece);) {
		struct piece piece;
		uint32_t sector;
		size_t part;

		memcpy(&piece, bytes + at, sizeof(piece));
		at += sizeof(piece);
		sector = le32_get(piece.sector);
		part = le16_get(piece.len) < len - at ? le16_get(piece.len) : len - at;
		put(&disks[sector & SECOND_DISK ? 1 : 0], (uint64_t)(sector & ~SECOND_DISK) * SECTOR, bytes + at, part);
		at += part;
	}
}

void sparse_free(struct sparse_disk disks[SPARSE_NR_DISKS])
{
	for (unsigned int i = 0; i < SPARSE_NR_DISKS; i++) {
		for (size_t j = 0; j < disks[i].nr_pages; j++)
			free(disks[i].pages[j]);
		free(disks[i].pages);
	}
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	while (len > 0 && *bytes == 0) {
		bytes++;
		len--;
	}
	return len == 0;
}

static void put_number(FILE *file, uint32_t number, unsigned int len)
{
	for (; len > 0; len--, number >>= 8)
		fputc((int)(number & 0xff), file);
}

void sparse_write(FILE *file, unsigned int disk, const uint8_t *bytes, size_t len)
{
	if (disk == 0)
		put_number(file, (uint32_t)(len / 1024), 4);
	for (size_t at = 0; at + SECTOR <= len;) {
		size_t end = at;

		while (end + SECTOR <= len && end - at < 32768 && !is_zero(bytes + end, SECTOR))
			end += SECTOR;
		if (end > at) {
			put_number(file, (uint32_t)(at / SECTOR) | (disk > 0 ? SECOND_DISK : 0), 4);
			put_number(file, (uint32_t)(end - at), 2);
			fwrite(bytes + at, 1, end - at, file);
			at = end;
		} else {
			at += SECTOR;
		}
	}
}
