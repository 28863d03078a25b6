#include "test/guest/crash/copy.h"

#include <stddef.h>

#include "test/guest/blk.h"
#include "test/guest/pages.h"
#include "test/guest/power.h"
#include "test/guest/serial.h"

#define PIECE_BYTES (64u * 1024)

static struct blk from, to;

void copy_disk(void)
{
	uint8_t *buffer = pages_alloc(PIECE_BYTES / PAGE_BYTES);

	if (!blk_open(&from, 0, 1, BLK_F_FLUSH, false) || !blk_open(&to, 1, 1, BLK_F_FLUSH, false))
		power_panic("no two disks");
	if (from.nr_sectors != to.nr_sectors || from.nr_sectors % (PIECE_BYTES / BLK_SECTOR_BYTES) != 0)
		power_panic("the disks are not alike");
	for (uint64_t sector = 0; sector < from.nr_sectors; sector += PIECE_BYTES / BLK_SECTOR_BYTES) {
		if (blk_do(&from.queues[0], BLK_READ, sector, buffer, PIECE_BYTES) != BLK_OK ||
		    blk_do(&to.queues[0], BLK_WRITE, sector, buffer, PIECE_BYTES) != BLK_OK)
			power_panic("a request failed");
	}
	if (blk_do(&to.queues[0], BLK_FLUSH, 0, NULL, 0) != BLK_OK)
		power_panic("a flush failed");
	print("copied\n");
}
