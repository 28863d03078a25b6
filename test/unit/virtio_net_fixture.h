/* A virtio-net device on a fake backend and a loop that the test turns, and the driver that uses it. */
#ifndef TEST_UNIT_VIRTIO_NET_FIXTURE_H
#define TEST_UNIT_VIRTIO_NET_FIXTURE_H

#include <linux/virtio_net.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fake_net.h"
#include "test/unit/virtio_fakes.h"
#include "virtio/dev/net.h"

#define QUEUE_SIZE 64
#define MAX_QUEUES (2 * FAKE_NET_PAIRS + 1)
#define RINGS 0x10000
#define RX_DATA 0x100000
#define TX_DATA 0x800000
#define RAM_BYTES (16 << 20)
#define UNTOUCHED 0xee

#define BIT(n) (UINT64_C(1) << (n))
#define CORE (BIT(VIRTIO_F_VERSION_1_BIT) | BIT(VIRTIO_F_INDIRECT_DESC_BIT))

/* One device at a time; each test has its own process. */
extern struct guest_memory memory;
extern struct driver_queue rings[MAX_QUEUES];
extern struct loop *loop;
extern struct fake_net *fake;
extern struct fake_transport transport;
extern struct virtio_device *dev;
extern struct virtio_queue_setup queues[MAX_QUEUES];
extern struct net_config config; /* of the next device */
extern const uint8_t own_mac[6];

/* Check's fixture: a device with one pair, activated with all that it offers but EVENT_IDX. */
void setup(void);
void teardown(void);

uint8_t *at(gpa_t gpa);
/* Makes a device with `nr_pairs` on `config`, in place of the one that is there. Not activated. */
void make_device(unsigned int nr_pairs);
void activate(uint64_t features);
/* Resets it, and starts it again with these features. */
void restart(uint64_t features);
/* Kicks the queue and lets the device work. */
void kick(unsigned int queue);

/* Offers `nr` receive buffers of `len` bytes each to a pair, at RX_DATA and every 64 KiB from there, without a kick. */
void offer(unsigned int pair, unsigned int nr, uint32_t len);
/* Builds a frame of `len` bytes, the header not counted, for `mac`; returns it with its header. */
uint8_t *build(const uint8_t *mac, uint32_t len);
/* Gives that frame to the backend, lets the device work. */
void give(unsigned int pair, const uint8_t *frame, uint32_t len);
/* Collects a received frame, of as many buffers as its header says, into `frame`: its length with the header; 0: none.
 */
uint32_t collect(unsigned int pair, uint8_t *frame);
/* Whether a frame of 60 bytes to `mac` reaches the driver. */
bool passes(const uint8_t *mac);

/* Offers one frame in buffers of `step` bytes and lets the device work; whether the chain came back. */
bool transmit(unsigned int pair, const uint8_t *frame, uint32_t len, uint32_t step);

/* One control request: its ack. */
uint8_t control(uint8_t class, uint8_t command, const void *data, uint32_t len);
uint16_t shown_status(void);

#endif
