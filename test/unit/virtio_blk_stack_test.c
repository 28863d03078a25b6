/* The whole way of a block request, with nothing faked but the guest: ring, device, disk and loop on its own thread, on
 * each engine that this host permits. A lost kick or interrupt shows as a driver that waits in vain. */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "virtio/dev/blk.h"
#include "vmm/base/fd.h"

#define QUEUE_SIZE 64
#define RINGS 0x10000
#define TABLES 0x40000
#define HEADERS 0x80000
#define STATUSES 0x90000
#define DATA 0x100000
#define RAM_BYTES (4 << 20)
#define DISK_BYTES (1 << 20)
#define NR_SLOTS 32
#define SLOT_BYTES 8192
#define NR_REQUESTS 3000
#define WAIT_MS 20000

static const enum loop_engine engines[] = { LOOP_ENGINE_URING, LOOP_ENGINE_AIO, LOOP_ENGINE_THREAD };

/* A slot has a place for one request, and the only sectors of the disk that this request may name: what is in flight
 * never overlaps, so the model knows the outcome. */
struct slot {
	bool busy;
	bool write;
	bool fails; /* as it must */
	uint16_t head;
	uint32_t offset, bytes;
};

static struct guest_memory memory;
static struct driver_queue driver;
static struct loop *loop;
static struct block *block;
static struct virtio_device *dev;
static struct virtio_queue_setup queue;
static struct slot slots[NR_SLOTS];
static uint8_t model[DISK_BYTES];
static char path[] = "/tmp/mote-blk-XXXXXX";
static int file_fd;
static int interrupt_fd;
static uint32_t random_state;

static uint32_t below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

static void notify_queue(void *transport, unsigned int index)
{
	(void)transport;
	(void)index;
	fd_eventfd_signal(interrupt_fd);
}

static void unexpected(void *transport)
{
	(void)transport;
	abort();
}

static const struct virtio_transport_ops ops = {
	.notify_queue = notify_queue,
	.notify_config = unexpected,
	.needs_reset = unexpected,
};

static void make_queue(void)
{
	driver_queue_init(&driver, &memory, RINGS, QUEUE_SIZE, true);
	queue.enabled = true;
	queue.config = driver.config;
	memset(slots, 0, sizeof(slots));
}

static void activate(void)
{
	make_queue();
	ck_assert_int_eq(dev->ops->activate(dev, dev->features, &queue), 0);
}

/* False if this host refuses the engine. */
static bool start(enum loop_engine engine)
{
	const struct guest_region region = { .base = 0, .size_bytes = RAM_BYTES };
	const struct loop_config loop_config = { .name = "test-blk", .engine = engine, .nr_entries = 64 };
	const struct block_options options = { .path = path, .cache = BLOCK_CACHE_WRITEBACK, .discard = true };
	struct blk_config config;
	int rc;

	rc = loop_create(&loop_config, &loop);
	if (rc == -EOPNOTSUPP)
		return false;
	ck_assert_int_eq(rc, 0);
	file_fd = mkstemp(path);
	ck_assert_int_ge(file_fd, 0);
	ck_assert_int_eq(ftruncate(file_fd, DISK_BYTES), 0);
	rc = block_open(&options, &block);
	/* Nothing is left, however the test ends. */
	unlink(path);
	ck_assert_int_eq(rc, 0);
	config = (struct blk_config){ .block = block, .loop = loop, .serial = "stack", .nr_queues = 1 };
	ck_assert_int_eq(blk_create(&config, &dev), 0);
	ck_assert_int_eq(loop_start(loop), 0);
	driver_memory_init(&memory, &region, 1);
	memset(model, 0, sizeof(model));
	queue.kick_fd = fd_eventfd();
	interrupt_fd = fd_eventfd();
	dev->transport_ops = &ops;
	dev->memory = &memory;
	random_state = 1;
	activate();
	return true;
}

static void stop(void)
{
	blk_destroy(dev);
	loop_stop(loop);
	loop_join(loop);
	block_close(block);
	loop_destroy(loop);
	fd_close(&queue.kick_fd);
	fd_close(&interrupt_fd);
	driver_memory_fini(&memory);
	fd_close(&file_fd);
}

static uint8_t *at(gpa_t gpa)
{
	return guest_memory_at(&memory, gpa, 1);
}

/* Offers the slot's request, of which `write`, `offset` and `bytes` say what it is. */
static void offer(unsigned int index)
{
	struct slot *slot = &slots[index];
	struct virtio_blk_outhdr header = { 0 };
	gpa_t data = DATA + index * SLOT_BYTES;
	struct driver_buffer buffers[18];
	unsigned int nr = 0;

	slot->busy = true;
	header.type = slot->write ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN;
	header.sector = slot->offset / 512;
	memcpy(at(HEADERS + index * 16), &header, sizeof(header));
	for (uint32_t i = 0; i < slot->bytes; i++)
		*at(data + i) = slot->write ? (uint8_t)(random_state + i * 3) : 0xee;
	if (slot->write)
		memcpy(model + slot->offset, at(data), slot->bytes);
	*at(STATUSES + index) = 0xee;
	buffers[nr++] = (struct driver_buffer){ HEADERS + index * 16, 16, false };
	/* Odd pieces, so that nothing is aligned. */
	for (uint32_t done = 0, part = 1 + below(3000); done < slot->bytes; done += part, part = 1021) {
		if (part > slot->bytes - done)
			part = slot->bytes - done;
		buffers[nr++] = (struct driver_buffer){ data + done, part, !slot->write };
	}
	buffers[nr++] = (struct driver_buffer){ STATUSES + index, 1, true };
	slot->head = driver_build(&driver, buffers, nr, 0, TABLES + index * 1024);
	driver_offer(&driver, slot->head);
}

static void submit(unsigned int index)
{
	struct slot *slot = &slots[index];
	uint32_t share = DISK_BYTES / NR_SLOTS;
	uint16_t old = driver.avail_idx;

	slot->write = below(2);
	slot->bytes = 512 * (1 + below(SLOT_BYTES / 512));
	slot->offset = index * share + 512 * below((share - slot->bytes) / 512 + 1);
	offer(index);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (driver_must_kick(&driver, old))
		fd_eventfd_signal(queue.kick_fd);
}

static void check(uint16_t head, uint32_t len)
{
	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		struct slot *slot = &slots[i];

		if (!slot->busy || slot->head != head)
			continue;
		slot->busy = false;
		ck_assert_uint_eq(*at(STATUSES + i), slot->fails ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK);
		if (slot->fails)
			return;
		ck_assert_uint_eq(len, slot->write ? 1 : slot->bytes + 1);
		ck_assert_mem_eq(at(DATA + i * SLOT_BYTES), model + slot->offset, slot->bytes);
		return;
	}
	ck_abort_msg("head %u came back and was not in flight", head);
}

/* Collects at least one completion, sleeping as a driver does: ask for the interrupt, look again, wait. */
static void collect(void)
{
	bool any = false;
	uint16_t head;
	uint32_t len;

	for (;;) {
		struct pollfd pfd = { .fd = interrupt_fd, .events = POLLIN };

		while (driver_collect(&driver, &head, &len)) {
			check(head, len);
			any = true;
		}
		if (any)
			return;
		driver_set_used_event(&driver, driver.used_idx);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (__atomic_load_n(&driver.ring.used->idx, __ATOMIC_ACQUIRE) != driver.used_idx)
			continue;
		ck_assert_msg(poll(&pfd, 1, WAIT_MS) == 1, "no interrupt came");
		fd_eventfd_take(interrupt_fd);
	}
}

static unsigned int nr_busy(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NR_SLOTS; i++)
		nr += slots[i].busy;
	return nr;
}

static void submit_some(unsigned int limit)
{
	for (unsigned int i = 0; i < NR_SLOTS && limit > 0; i++) {
		if (!slots[i].busy && below(3)) {
			submit(i);
			limit--;
		}
	}
}

START_TEST(random_requests_agree_with_the_file)
{
	static uint8_t file[DISK_BYTES];

	if (!start(engines[_i]))
		return;
	for (unsigned int done = 0; done < NR_REQUESTS;) {
		unsigned int before;

		submit_some(1 + below(NR_SLOTS));
		before = nr_busy();
		if (before > 0)
			collect();
		done += before - nr_busy();
	}
	while (nr_busy() > 0)
		collect();
	ck_assert_int_eq(fd_pread_full(file_fd, file, DISK_BYTES, 0), 0);
	ck_assert_mem_eq(file, model, DISK_BYTES);
	stop();
}
END_TEST

/* Carries out a row of neighbours, `run` writes and as many reads by turns, or the other way round. The device starts
 * when all are offered, and so finds them in one batch. Those that go beyond `end` fail. */
static void run_row(bool write, unsigned int run, uint32_t end)
{
	dev->ops->reset(dev);
	make_queue();
	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		slots[i] =
			(struct slot){ .write = write ^ (i / run % 2), .offset = i * SLOT_BYTES, .bytes = SLOT_BYTES };
		slots[i].fails = slots[i].offset + SLOT_BYTES > end;
		offer(i);
	}
	ck_assert_int_eq(dev->ops->activate(dev, dev->features, &queue), 0);
	while (nr_busy() > 0)
		collect();
}

START_TEST(neighbours_in_one_batch_agree_with_the_file)
{
	static uint8_t file[DISK_BYTES];

	if (!start(engines[_i]))
		return;
	for (unsigned int run = 1; run <= NR_SLOTS; run++) {
		run_row(run % 2, run, DISK_BYTES);
		ck_assert_int_eq(fd_pread_full(file_fd, file, DISK_BYTES, 0), 0);
		ck_assert_mem_eq(file, model, DISK_BYTES);
	}
	stop();
}
END_TEST

/* The file ends inside a request that has neighbours before and behind. */
START_TEST(of_neighbours_those_behind_the_end_of_a_shorter_file_fail)
{
	const uint32_t end = NR_SLOTS / 2 * SLOT_BYTES + 512;

	if (!start(engines[_i]))
		return;
	run_row(true, NR_SLOTS, DISK_BYTES);
	ck_assert_int_eq(ftruncate(file_fd, end), 0);
	run_row(false, NR_SLOTS, end);
	stop();
}
END_TEST

static bool all_are(const uint8_t *bytes, uint8_t value, size_t len)
{
	return bytes[0] == value && memcmp(bytes, bytes + 1, len - 1) == 0;
}

START_TEST(resets_with_requests_in_flight_leave_guest_memory_alone_afterwards)
{
	if (!start(engines[_i]))
		return;
	for (unsigned int round = 0; round < 50; round++) {
		submit_some(1 + below(NR_SLOTS));
		dev->ops->reset(dev);
		memset(at(RINGS), 0xff, driver_queue_bytes(QUEUE_SIZE));
		memset(at(STATUSES), 0x55, NR_SLOTS);
		memset(at(DATA), 0x55, NR_SLOTS * SLOT_BYTES);
		usleep(below(300));
		ck_assert(all_are(at(RINGS), 0xff, driver_queue_bytes(QUEUE_SIZE)));
		ck_assert(all_are(at(STATUSES), 0x55, NR_SLOTS));
		ck_assert(all_are(at(DATA), 0x55, NR_SLOTS * SLOT_BYTES));
		activate();
	}
	stop();
}
END_TEST

static Suite *stack_suite(void)
{
	Suite *suite = suite_create("virtio blk stack");
	TCase *tc = tcase_create("stack");

	tcase_add_loop_test(tc, random_requests_agree_with_the_file, 0, 3);
	tcase_add_loop_test(tc, neighbours_in_one_batch_agree_with_the_file, 0, 3);
	tcase_add_loop_test(tc, of_neighbours_those_behind_the_end_of_a_shorter_file_fail, 0, 3);
	tcase_add_loop_test(tc, resets_with_requests_in_flight_leave_guest_memory_alone_afterwards, 0, 3);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(stack_suite());
}
