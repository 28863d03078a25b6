/* A virtqueue against a model that knows what was offered: random chains, framings, orders, batches and events. */
#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "virtio/core/device.h"
#include "virtio/core/virtq.h"

#define RINGS 0x10000
#define TABLES 0x100000
#define DATA 0x400000
#define DATA_BYTES 0x100000
#define RAM_BYTES 0x1000000
#define MAX_SIZE 64
#define MAX_CHAIN MAX_SIZE
#define STEPS 20000

/* What the driver offered under a head, and what the device said about it. */
struct offered {
	bool in_use;
	bool popped;
	unsigned int nr;
	struct driver_buffer buffers[MAX_CHAIN];
	uint32_t written;
};

struct model {
	struct guest_memory memory;
	struct driver_queue driver;
	struct virtq vq;
	uint16_t size;
	bool event_idx;
	struct offered offered[MAX_SIZE];
	uint16_t waiting[MAX_SIZE]; /* heads offered and not popped, oldest first */
	unsigned int nr_waiting;
	uint16_t popped[MAX_SIZE]; /* heads in flight */
	unsigned int nr_popped;
	uint16_t pushed[MAX_SIZE]; /* in order of pushing, not collected */
	unsigned int nr_pushed;
	unsigned int nr_unpublished; /* the last of them */
	uint16_t used_event;
	bool kicks_enabled;
	uint16_t kick_from; /* avail index when kicks were enabled last, or when the driver kicked */
	uint32_t random;
};

static uint32_t below(struct model *m, uint32_t limit)
{
	m->random = m->random * 1664525 + 1013904223;
	return (m->random >> 8) % limit;
}

static void model_offer(struct model *m)
{
	unsigned int nr = 1 + below(m, m->size < 12 ? m->size : 12);
	unsigned int nr_direct = below(m, 2) ? nr : below(m, nr + 1);
	unsigned int nr_used = nr_direct < nr ? nr_direct + 1 : nr;
	unsigned int nr_readable = below(m, nr + 1);
	struct driver_buffer buffers[MAX_CHAIN];
	struct offered *offered;
	uint16_t head, old = m->driver.avail_idx;

	if (nr_used > m->driver.nr_free)
		return;
	for (unsigned int i = 0; i < nr; i++) {
		buffers[i] = (struct driver_buffer){
			.gpa = DATA + below(m, DATA_BYTES),
			.len = below(m, 5) ? below(m, 3000) : 0,
			.device_writes = i >= nr_readable,
		};
	}
	/* A table for each descriptor, so that none is changed while it is offered. */
	head = m->driver.free[m->driver.nr_free - 1];
	ck_assert_uint_eq(head, driver_build(&m->driver, buffers, nr, nr_direct, TABLES + head * 0x1000 + below(m, 9)));
	offered = &m->offered[head];
	ck_assert(!offered->in_use);
	offered->in_use = true;
	offered->popped = false;
	offered->nr = nr;
	memcpy(offered->buffers, buffers, nr * sizeof(buffers[0]));
	m->waiting[m->nr_waiting++] = head;
	driver_offer(&m->driver, head);
	/* A device that asked for kicks is kicked for the first chain after it asked. */
	if (m->kicks_enabled && old == m->kick_from)
		ck_assert(driver_must_kick(&m->driver, old));
}

/* The segments of one direction against the buffers that were offered. */
static void compare(const struct model *m, const struct offered *offered, bool writable, const struct cursor *cursor)
{
	unsigned int at = 0;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < offered->nr; i++) {
		const struct driver_buffer *buffer = &offered->buffers[i];

		if (buffer->device_writes != writable || buffer->len == 0)
			continue;
		ck_assert_uint_lt(at, cursor->nr_iov);
		ck_assert_ptr_eq(cursor->iov[at].iov_base, guest_memory_at(&m->memory, buffer->gpa, buffer->len));
		ck_assert_uint_eq(cursor->iov[at].iov_len, buffer->len);
		bytes += buffer->len;
		at++;
	}
	ck_assert_uint_eq(at, cursor->nr_iov);
	ck_assert_uint_eq(bytes, cursor->nr_bytes);
}

static void model_pop(struct model *m)
{
	struct iovec iov[MAX_CHAIN];
	struct virtq_chain chain = { .iov = iov, .max_iov = MAX_CHAIN };
	int rc = virtq_pop(&m->vq, &chain);
	struct offered *offered;

	m->kicks_enabled = false; /* the device is about to look on */
	if (m->nr_waiting == 0) {
		ck_assert_int_eq(rc, 0);
		return;
	}
	ck_assert_int_eq(rc, 1);
	ck_assert_uint_eq(chain.head, m->waiting[0]);
	m->nr_waiting--;
	memmove(m->waiting, m->waiting + 1, m->nr_waiting * sizeof(m->waiting[0]));
	offered = &m->offered[chain.head];
	compare(m, offered, false, &chain.readable);
	compare(m, offered, true, &chain.writable);
	offered->popped = true;
	m->popped[m->nr_popped++] = chain.head;
	ck_assert_uint_eq(m->vq.in_flight, m->nr_popped);
}

static void model_push(struct model *m)
{
	unsigned int which;
	uint16_t head;

	if (m->nr_popped == 0)
		return;
	which = below(m, m->nr_popped);
	head = m->popped[which];
	m->popped[which] = m->popped[--m->nr_popped];
	m->offered[head].written = m->random;
	virtq_push(&m->vq, head, m->random);
	m->pushed[m->nr_pushed++] = head;
	m->nr_unpublished++;
}

static void model_publish(struct model *m)
{
	uint16_t old = (uint16_t)(m->driver.used_idx + m->nr_pushed - m->nr_unpublished);
	bool interrupt = virtq_publish(&m->vq), expected = false;

	/* An interrupt is due if the entry with the event's index is among those that are new. */
	for (unsigned int i = 0; i < m->nr_unpublished; i++)
		expected |= m->event_idx ? (uint16_t)(old + i) == m->used_event : true;
	ck_assert_int_eq(interrupt, expected);
	m->nr_unpublished = 0;
}

static void model_collect(struct model *m)
{
	uint16_t head;
	uint32_t len;

	while (driver_collect(&m->driver, &head, &len)) {
		ck_assert_uint_gt(m->nr_pushed, m->nr_unpublished);
		ck_assert_uint_eq(head, m->pushed[0]);
		ck_assert_uint_eq(len, m->offered[head].written);
		ck_assert(m->offered[head].popped);
		m->offered[head].in_use = false;
		m->nr_pushed--;
		memmove(m->pushed, m->pushed + 1, m->nr_pushed * sizeof(m->pushed[0]));
		if (below(m, 3) == 0)
			break;
	}
}

static void model_enable_kicks(struct model *m)
{
	ck_assert_int_eq(virtq_enable_kicks(&m->vq), m->nr_waiting > 0);
	if (m->nr_waiting > 0) {
		virtq_disable_kicks(&m->vq);
	} else {
		m->kicks_enabled = true;
		m->kick_from = m->driver.avail_idx;
	}
}

static void model_ask_for_interrupt(struct model *m)
{
	m->used_event = (uint16_t)(m->driver.used_idx + below(m, 4) - 1);
	driver_set_used_event(&m->driver, m->used_event);
}

static void run_model(uint32_t seed, uint16_t size, bool event_idx)
{
	static struct model m;
	const struct guest_region region = { .base = 0, .size_bytes = RAM_BYTES };
	uint64_t features = VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC_BIT);
	uint16_t start = (uint16_t)(65536 - 500);

	if (event_idx)
		features |= VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT);
	m = (struct model){ .size = size, .event_idx = event_idx, .random = seed };
	driver_memory_init(&m.memory, &region, 1);
	driver_queue_init(&m.driver, &m.memory, RINGS, size, event_idx);
	ck_assert_int_eq(virtq_activate(&m.vq, &m.memory, &m.driver.config, features), 0);
	/* Just before the wrap, where mistakes are. */
	driver_queue_set_index(&m.driver, start);
	m.vq.last_avail = m.vq.seen_avail = m.vq.next_used = m.vq.published_used = start;
	for (unsigned int step = 0; step < STEPS; step++) {
		switch (below(&m, 7)) {
		case 0:
		case 1:
			model_offer(&m);
			break;
		case 2:
			model_pop(&m);
			break;
		case 3:
			model_push(&m);
			break;
		case 4:
			model_publish(&m);
			break;
		case 5:
			model_collect(&m);
			break;
		case 6:
			if (below(&m, 2))
				model_enable_kicks(&m);
			else
				model_ask_for_interrupt(&m);
			break;
		}
	}
	/* Everything comes back. */
	while (m.nr_waiting > 0)
		model_pop(&m);
	while (m.nr_popped > 0)
		model_push(&m);
	model_publish(&m);
	while (m.nr_pushed > 0)
		model_collect(&m);
	ck_assert_uint_eq(m.driver.nr_free, size);
	ck_assert_uint_eq(m.vq.in_flight, 0);
	virtq_deactivate(&m.vq);
	driver_memory_fini(&m.memory);
}

START_TEST(a_queue_of_any_size_agrees_with_the_model)
{
	static const uint16_t sizes[] = { 1, 2, 4, 16, 64 };

	run_model(1234 + _i, sizes[_i], false);
	run_model(4321 + _i, sizes[_i], true);
}
END_TEST

static Suite *model_suite(void)
{
	Suite *suite = suite_create("virtq model");
	TCase *tc = tcase_create("model");

	tcase_add_loop_test(tc, a_queue_of_any_size_agrees_with_the_model, 0, 5);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(model_suite());
}
