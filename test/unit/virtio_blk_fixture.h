/* A disk in memory behind a virtio-blk device on a loop that the test turns, and the driver that uses it. */
#ifndef TEST_UNIT_VIRTIO_BLK_FIXTURE_H
#define TEST_UNIT_VIRTIO_BLK_FIXTURE_H

#include <linux/virtio_blk.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fakes.h"
#include "virtio/dev/blk.h"

#define QUEUE_SIZE 64
#define RINGS 0x10000
#define TABLE 0x80000
#define HEADER 0x100000
#define STATUS 0x110000
#define DATA 0x120000
#define RAM_BYTES (4 << 20)
#define DISK_BYTES (1 << 20)
#define DISK_SECTORS (DISK_BYTES / 512)
#define UNTOUCHED 0xee

#define BIT(n) (UINT64_C(1) << (n))
#define CORE (BIT(VIRTIO_F_VERSION_1_BIT) | BIT(VIRTIO_F_INDIRECT_DESC_BIT))

/* One device at a time; each test has its own process. */
extern struct guest_memory memory;
extern struct driver_queue driver;
extern struct loop *loop;
extern struct block *block;
extern struct fake_block *disk;
extern struct fake_transport transport;
extern struct virtio_device *dev;
extern struct virtio_queue_setup queues[4];
extern const struct blk_trouble_ops *trouble_ops; /* of the next device; NULL unless the test sets it */

/* Check's fixture: a device with one queue, activated with all that it offers. */
void setup(void);
void teardown(void);

uint8_t *at(gpa_t gpa);
void make_device(unsigned int nr_queues);
void activate(uint64_t features);
/* Starts over with a disk that the test has changed; `features` 0: all that are offered. */
void remake(uint64_t features);
void kick(void);
void put_header(uint32_t type, uint64_t sector);
/* Offers a chain, lets the device work, and collects it: the status byte; *len the used length. */
uint8_t run_chain(const struct driver_buffer *buffers, unsigned int nr, uint32_t *len);
/* One request in the usual framing. `device_writes` says who writes the data. */
uint8_t run_request(uint32_t type, uint64_t sector, uint32_t data_bytes, bool device_writes, uint32_t *len);
/* A discard or write-zeroes request with these parts; the status byte. */
uint8_t run_ranges(uint32_t type, const struct virtio_blk_discard_write_zeroes *ranges, unsigned int nr);
uint8_t run_range(uint32_t type, uint64_t sector, uint32_t nr_sectors, uint32_t flags);
/* Cuts [gpa, gpa + len) into buffers of `step` bytes; how many. */
unsigned int cut(struct driver_buffer *buffers, gpa_t gpa, uint32_t len, uint32_t step, bool device_writes);

#endif
