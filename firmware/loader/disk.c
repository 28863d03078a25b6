#include "firmware/loader/disk.h"

#include "firmware/core/bytes.h"
#include "firmware/core/error.h"
#include "firmware/core/print.h"
#include "firmware/loader/disk_cache.h"

/* From here on a read goes past the cache, but for its unaligned ends. */
#define DIRECT_BYTES 0x8000u
/* The block size that no disk exceeds: a direct read starts and ends at a multiple. */
#define BLOCK_BYTES 4096
/* Where a piece of the cache starts: mostly before what is asked for, since file systems go forward. */
#define PIECE_ALIGN 0x4000u

static int read_piece(struct disk *disk, uint64_t offset, const uint8_t **bytes, size_t *len)
{
	uint64_t start = offset - offset % PIECE_ALIGN;
	uint64_t left = disk->source.size_bytes - start;
	size_t size = left < DISK_CACHE_PIECE ? (size_t)left : DISK_CACHE_PIECE;
	uint8_t *piece = disk_cache_take(disk->all->cache, disk->index, start, size);
	int ret = virtio_blk_read(&disk->blk, start / VIRTIO_BLK_SECTOR, size / VIRTIO_BLK_SECTOR, piece, NULL);

	if (ret < 0)
		disk_cache_forget(disk->all->cache);
	*bytes = piece + (offset - start);
	*len = size - (size_t)(offset - start);
	return ret;
}

/* Sets *len to how much of it is in one piece. */
static int read_cached(struct disk *disk, uint64_t offset, void *to, size_t *len)
{
	size_t there;
	const uint8_t *bytes = disk_cache_find(disk->all->cache, disk->index, offset, &there);
	int ret = bytes != NULL ? 0 : read_piece(disk, offset, &bytes, &there);

	if (*len > there)
		*len = there;
	if (ret == 0)
		memcpy(to, bytes, *len);
	return ret;
}

/* Whole blocks, straight to their place. */
static int read_direct(struct disk *disk, uint64_t offset, void *to, size_t len)
{
	void (*meanwhile)(void) = NULL;

	if (len >= DISK_MEANWHILE_BYTES) {
		meanwhile = disk->all->meanwhile;
		disk->all->meanwhile = NULL;
	}
	return virtio_blk_read(&disk->blk, offset / VIRTIO_BLK_SECTOR, len / VIRTIO_BLK_SECTOR, to, meanwhile);
}

static int disk_read(struct source *source, uint64_t offset, void *buf, size_t len)
{
	struct disk *disk = (struct disk *)source; /* its first member */
	uint8_t *to = buf;
	int ret = 0;

	while (len > 0 && ret == 0) {
		/* Of a large read what lies before its first whole block. */
		size_t part = len < DIRECT_BYTES ? len : (size_t)(-offset % BLOCK_BYTES);

		if (part > 0) {
			ret = read_cached(disk, offset, to, &part);
		} else {
			part = len - len % BLOCK_BYTES;
			ret = read_direct(disk, offset, to, part);
		}
		offset += part;
		to += part;
		len -= part;
	}
	return ret;
}

/* vda to vdz, then vdaa, as Linux counts. */
static void name_disk(struct disk *disk, unsigned int nr)
{
	if (nr < 26)
		(void)print_to(disk->source.name, sizeof(disk->source.name), "vd%c", 'a' + nr);
	else
		(void)print_to(disk->source.name, sizeof(disk->source.name), "vd%c%c", 'a' + nr / 26 - 1,
			       'a' + nr % 26);
}

static int open_disk(struct disks *disks, const struct pci_function *function, unsigned int number, struct arena *arena)
{
	struct disk *disk = arena_alloc(arena, sizeof(*disk));
	int ret;

	if (disk == NULL)
		return FW_ENOMEM;
	name_disk(disk, number);
	ret = virtio_blk_open(&disk->blk, function, arena);
	if (ret < 0) {
		print("%s: can't use this disk: %s\n", disk->source.name, fw_error_text(ret));
		return ret == FW_ENOMEM ? ret : 0;
	}
	disk->source.read = disk_read;
	disk->source.size_bytes = disk->blk.nr_sectors * VIRTIO_BLK_SECTOR;
	disk->all = disks;
	disk->index = number;
	disks->list[disks->nr++] = disk;
	print("%s: %llu MiB\n", disk->source.name, (unsigned long long)(disk->source.size_bytes >> 20));
	return 0;
}

int disks_open(struct disks *disks, const struct pci_host *host, struct arena *arena)
{
	struct pci_function function;
	unsigned int number = 0;
	uint32_t at = 0;

	*disks = (struct disks){ .cache = disk_cache_create(arena) };
	if (disks->cache == NULL)
		return FW_ENOMEM;
	while (disks->nr < DISK_MAX && pci_next(host, &at, &function)) {
		int ret;

		if (function.vendor != VIRTIO_PCI_VENDOR || function.device != VIRTIO_PCI_MODERN_ID + VIRTIO_BLK_TYPE)
			continue;
		ret = open_disk(disks, &function, number++, arena);
		if (ret < 0)
			return ret;
	}
	return 0;
}

void disks_close(struct disks *disks)
{
	for (unsigned int i = 0; i < disks->nr; i++) {
		struct disk *disk = disks->list[i];

		print("%s: %llu KiB read by %u requests\n", disk->source.name,
		      (unsigned long long)(disk->blk.bytes_read >> 10), disk->blk.requests_made);
		virtio_blk_close(&disk->blk);
	}
}
