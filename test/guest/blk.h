/* A virtio-blk driver (virtio 1.2, 5.2): asynchronous requests in fixed slots, and a synchronous call on top. */
#ifndef TEST_GUEST_BLK_H
#define TEST_GUEST_BLK_H

#include <stdbool.h>
#include <stdint.h>

#include "test/guest/virtio.h"

#define BLK_SECTOR_BYTES 512
#define BLK_MAX_QUEUES 4
#define BLK_QUEUE_SIZE 256

#define BLK_F_SEG_MAX (UINT64_C(1) << 2)
#define BLK_F_RO (UINT64_C(1) << 5)
#define BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define BLK_F_FLUSH (UINT64_C(1) << 9)
#define BLK_F_TOPOLOGY (UINT64_C(1) << 10)
#define BLK_F_CONFIG_WCE (UINT64_C(1) << 11)
#define BLK_F_MQ (UINT64_C(1) << 12)
#define BLK_F_DISCARD (UINT64_C(1) << 13)
#define BLK_F_WRITE_ZEROES (UINT64_C(1) << 14)
#define BLK_F_SECURE_ERASE (UINT64_C(1) << 16)

enum blk_type {
	BLK_READ = 0,
	BLK_WRITE = 1,
	BLK_FLUSH = 4,
	BLK_GET_ID = 8,
	BLK_DISCARD = 11,
	BLK_WRITE_ZEROES = 13,
	BLK_SECURE_ERASE = 14,
};

enum blk_status {
	BLK_OK = 0,
	BLK_IO_ERROR = 1,
	BLK_UNSUPPORTED = 2,
	BLK_PENDING = 0xff, /* what the driver puts there first */
};

/* Offsets in the device configuration (5.2.4). */
#define BLK_CONFIG_CAPACITY 0x00
#define BLK_CONFIG_SIZE_MAX 0x08
#define BLK_CONFIG_SEG_MAX 0x0c
#define BLK_CONFIG_BLOCK_SIZE 0x14
#define BLK_CONFIG_PHYSICAL_EXP 0x18
#define BLK_CONFIG_ALIGNMENT_OFFSET 0x19
#define BLK_CONFIG_MIN_IO 0x1a
#define BLK_CONFIG_OPT_IO 0x1c
#define BLK_CONFIG_WRITEBACK 0x20
#define BLK_CONFIG_NR_QUEUES 0x22
#define BLK_CONFIG_MAX_DISCARD 0x24
#define BLK_CONFIG_MAX_DISCARD_SEG 0x28
#define BLK_CONFIG_DISCARD_ALIGNMENT 0x2c
#define BLK_CONFIG_MAX_ZEROES 0x30
#define BLK_CONFIG_MAX_ZEROES_SEG 0x34
#define BLK_CONFIG_ZEROES_MAY_UNMAP 0x38

struct blk_header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct blk_range { /* discard, write-zeroes */
	uint64_t sector;
	uint32_t nr_sectors;
	uint32_t flags; /* 1: unmap */
};

/* One per head of a queue. */
struct blk_slot {
	struct blk_header header;
	volatile uint8_t status;
};

struct blk_queue {
	struct virtqueue vq;
	struct blk_slot *slots;
	uint8_t vector; /* 0: polled */
};

struct blk {
	struct virtio_device dev;
	uint64_t nr_sectors;
	unsigned int nr_queues;
	struct blk_queue queues[BLK_MAX_QUEUES];
};

/* Brings up the n-th disk with at most `nr_queues` queues and, of `features`, those that it offers. With `interrupts`
 * each queue has an MSI-X vector of its own. False if there is none. */
bool blk_open(struct blk *blk, unsigned int n, unsigned int nr_queues, uint64_t features, bool interrupts);
/* Adds a request without notifying; its slot, or -1 if the queue is full. The buffer is readable for BLK_WRITE,
 * BLK_DISCARD and BLK_WRITE_ZEROES and writable otherwise. */
int blk_add(struct blk_queue *queue, enum blk_type type, uint64_t sector, void *buffer, uint32_t len);
/* A finished request's slot, or -1. */
int blk_poll(struct blk_queue *queue);
/* One request, kicked and waited for: its status. */
uint8_t blk_do(struct blk_queue *queue, enum blk_type type, uint64_t sector, void *buffer, uint32_t len);

#endif
