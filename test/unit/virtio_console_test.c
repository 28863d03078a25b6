/* virtio-console from the driver's side: bytes in order, back-pressure both ways, nothing lost. */
#include "virtio/dev/console.h"

#include <linux/virtio_console.h>
#include <string.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fakes.h"
#include "vmm/base/fd.h"

#define QUEUE_SIZE 8
#define RINGS_RX 0x10000
#define RINGS_TX 0x20000
#define DATA 0x100000
#define RAM_BYTES (4 << 20)

static struct guest_memory memory;
static struct driver_queue rx, tx;
static struct loop *loop;
static struct stream *stream;
static struct fake_stream *host;
static struct fake_transport transport;
static struct virtio_device *dev;
static struct virtio_queue_setup queues[2];

static uint8_t *at(gpa_t gpa)
{
	return guest_memory_at(&memory, gpa, 1);
}

static void activate(void)
{
	driver_queue_init(&rx, &memory, RINGS_RX, QUEUE_SIZE, false);
	driver_queue_init(&tx, &memory, RINGS_TX, QUEUE_SIZE, false);
	queues[0].enabled = queues[1].enabled = true;
	queues[0].config = rx.config;
	queues[1].config = tx.config;
	ck_assert_int_eq(dev->ops->activate(dev, dev->features & ~VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX_BIT), queues), 0);
}

static void setup(void)
{
	const struct guest_region region = { .base = 0, .size_bytes = RAM_BYTES };

	driver_memory_init(&memory, &region, 1);
	loop = fake_loop_create();
	stream = fake_stream_create();
	host = fake_stream_of(stream);
	host->room = SIZE_MAX;
	ck_assert_int_eq(console_create(stream, loop, &dev), 0);
	fake_transport_connect(&transport, dev, &memory);
	queues[0].kick_fd = fd_eventfd();
	queues[1].kick_fd = fd_eventfd();
	activate();
}

static void teardown(void)
{
	console_destroy(dev);
	fake_stream_destroy(stream);
	fake_loop_destroy(loop);
	fd_close(&queues[0].kick_fd);
	fd_close(&queues[1].kick_fd);
	driver_memory_fini(&memory);
}

static void kick(unsigned int queue)
{
	fd_eventfd_signal(queues[queue].kick_fd);
	fake_loop_settle(loop, 20);
}

static void offer_room(gpa_t gpa, uint32_t len)
{
	const struct driver_buffer buffer = { gpa, len, true };

	driver_add(&rx, &buffer, 1);
}

static void send(gpa_t gpa, const char *text)
{
	const struct driver_buffer buffer = { gpa, strlen(text), false };

	memcpy(at(gpa), text, strlen(text));
	driver_add(&tx, &buffer, 1);
}

static unsigned int collect_all(struct driver_queue *q, uint32_t *len)
{
	unsigned int nr = 0;
	uint16_t head;

	while (driver_collect(q, &head, len))
		nr++;
	return nr;
}

START_TEST(output_reaches_the_stream_in_order)
{
	uint32_t len = 99;

	send(DATA, "one ");
	send(DATA + 64, "two ");
	send(DATA + 128, "three");
	kick(1);
	ck_assert_uint_eq(host->nr_output, 13);
	ck_assert_mem_eq(host->output, "one two three", 13);
	ck_assert_uint_eq(collect_all(&tx, &len), 3);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(transport.nr_interrupts[1], 1);
}
END_TEST

START_TEST(a_slow_reader_holds_the_buffer_back_until_its_last_byte_is_taken)
{
	uint32_t len;

	host->room = 2;
	send(DATA, "abcdef");
	send(DATA + 64, "gh");
	kick(1);
	ck_assert_uint_eq(collect_all(&tx, &len), 0);
	ck_assert_uint_eq(transport.nr_interrupts[1], 0);
	/* kicks change nothing, nor are they wanted */
	kick(1);
	ck_assert_uint_eq(host->nr_output, 2);
	ck_assert(!driver_must_kick(&tx, 0));
	fake_stream_drain(stream, 3);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&tx, &len), 0);
	fake_stream_drain(stream, 1);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&tx, &len), 1);
	fake_stream_drain(stream, 100);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&tx, &len), 1);
	ck_assert_mem_eq(host->output, "abcdefgh", 8);
	ck_assert(driver_must_kick(&tx, 0));
}
END_TEST

START_TEST(a_long_output_yields_the_loop_and_still_arrives)
{
	const struct driver_buffer buffer = { DATA, 1 << 20, false };
	uint32_t len;

	fake_loop_settle(loop, 20);
	for (unsigned int i = 0; i < 1 << 20; i++)
		*at(DATA + i) = (uint8_t)(i / 251);
	driver_add(&tx, &buffer, 1);
	fd_eventfd_signal(queues[1].kick_fd);
	fake_loop_turn(loop);
	ck_assert_uint_eq(collect_all(&tx, &len), 0);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&tx, &len), 1);
	ck_assert_uint_eq(SIZE_MAX - host->room, 1 << 20);
	ck_assert_mem_eq(host->output, at(DATA), sizeof(host->output));
}
END_TEST

START_TEST(buffers_without_bytes_come_back_at_once)
{
	const struct driver_buffer empty = { DATA, 0, false }, wrong_way = { DATA, 16, true };
	uint32_t len;

	driver_add(&tx, &empty, 1);
	driver_add(&tx, &wrong_way, 1);
	kick(1);
	ck_assert_uint_eq(collect_all(&tx, &len), 2);
	ck_assert_uint_eq(len, 0);
	ck_assert_uint_eq(host->nr_output, 0);
	/* and a receive buffer that can't be written */
	driver_add(&rx, &empty, 1);
	offer_room(DATA, 8);
	kick(0);
	fake_stream_type(stream, "x", 1);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&rx, &len), 2);
	ck_assert_uint_eq(len, 1);
}
END_TEST

START_TEST(input_fills_one_buffer_at_once_without_waiting_for_more)
{
	uint32_t len = 0;

	offer_room(DATA, 64);
	offer_room(DATA + 64, 64);
	kick(0);
	ck_assert_uint_eq(collect_all(&rx, &len), 0);
	fake_stream_type(stream, "hello", 5);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&rx, &len), 1);
	ck_assert_uint_eq(len, 5);
	ck_assert_mem_eq(at(DATA), "hello", 5);
	ck_assert_uint_eq(transport.nr_interrupts[0], 1);
	fake_stream_type(stream, "!", 1);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&rx, &len), 1);
	ck_assert_uint_eq(*at(DATA + 64), '!');
}
END_TEST

START_TEST(input_is_spread_over_the_segments_and_buffers_there_are)
{
	const struct driver_buffer pieces[] = { { DATA, 2, true }, { DATA + 16, 1, true }, { DATA + 32, 3, true } };
	uint32_t len;

	driver_add(&rx, pieces, 3);
	offer_room(DATA + 64, 64);
	kick(0);
	fake_stream_type(stream, "abcdefgh", 8);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&rx, &len), 2);
	ck_assert_uint_eq(len, 2);
	ck_assert_mem_eq(at(DATA), "ab", 2);
	ck_assert_mem_eq(at(DATA + 16), "c", 1);
	ck_assert_mem_eq(at(DATA + 32), "def", 3);
	ck_assert_mem_eq(at(DATA + 64), "gh", 2);
}
END_TEST

START_TEST(input_without_a_buffer_waits_and_is_asked_for_again)
{
	uint32_t len;

	fake_stream_type(stream, "early", 5);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(host->nr_input, 5);
	ck_assert_uint_eq(host->nr_wanted, 0);
	ck_assert_msg(driver_must_kick(&rx, 0), "nobody would tell of the next buffer");
	offer_room(DATA, 3);
	kick(0);
	ck_assert_uint_eq(collect_all(&rx, &len), 1);
	ck_assert_mem_eq(at(DATA), "ear", 3);
	offer_room(DATA + 64, 8);
	kick(0);
	ck_assert_uint_eq(collect_all(&rx, &len), 1);
	ck_assert_mem_eq(at(DATA + 64), "ly", 2);
	/* room, but no input: the stream is told to look out for it */
	offer_room(DATA + 128, 8);
	kick(0);
	ck_assert_uint_eq(host->nr_wanted, 1);
}
END_TEST

START_TEST(input_before_the_driver_is_there_is_kept_for_it)
{
	uint32_t len;

	dev->ops->reset(dev);
	fake_stream_type(stream, "boot", 4);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(host->nr_input, 4);
	activate();
	offer_room(DATA, 8);
	kick(0);
	ck_assert_uint_eq(collect_all(&rx, &len), 1);
	ck_assert_mem_eq(at(DATA), "boot", 4);
}
END_TEST

START_TEST(a_reset_with_buffers_held_forgets_them)
{
	uint32_t len;

	host->room = 1;
	send(DATA, "abc");
	offer_room(DATA + 64, 8);
	kick(1);
	kick(0);
	dev->ops->reset(dev);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
	*at(DATA + 64) = 0xee;
	fake_stream_drain(stream, 10);
	fake_stream_type(stream, "late", 4);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(*at(DATA + 64), 0xee);
	ck_assert_uint_eq(host->nr_output, 1);
	activate();
	send(DATA, "new");
	kick(1);
	ck_assert_uint_eq(collect_all(&tx, &len), 1);
	ck_assert_mem_eq(host->output, "anew", 4);
}
END_TEST

START_TEST(a_broken_transmit_queue_leaves_the_receive_queue_alone)
{
	uint32_t len;

	driver_offer(&tx, QUEUE_SIZE);
	kick(1);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	offer_room(DATA, 8);
	kick(0);
	fake_stream_type(stream, "ok", 2);
	fake_loop_settle(loop, 20);
	ck_assert_uint_eq(collect_all(&rx, &len), 1);
}
END_TEST

START_TEST(the_window_size_is_shown_with_a_configuration_interrupt)
{
	const struct virtio_console_config *config = dev->config;

	ck_assert(dev->features & VIRTIO_FEATURE(VIRTIO_CONSOLE_F_SIZE));
	ck_assert(!(dev->features & VIRTIO_FEATURE(VIRTIO_CONSOLE_F_MULTIPORT)));
	ck_assert(!(dev->features & VIRTIO_FEATURE(VIRTIO_CONSOLE_F_EMERG_WRITE)));
	console_set_window(dev, 132, 50);
	ck_assert_uint_eq(config->cols, 132);
	ck_assert_uint_eq(config->rows, 50);
	ck_assert_uint_eq(transport.nr_config, 1);
}
END_TEST

static Suite *console_suite(void)
{
	Suite *suite = suite_create("virtio console");
	TCase *tc = tcase_create("console");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, output_reaches_the_stream_in_order);
	tcase_add_test(tc, a_slow_reader_holds_the_buffer_back_until_its_last_byte_is_taken);
	tcase_add_test(tc, a_long_output_yields_the_loop_and_still_arrives);
	tcase_add_test(tc, buffers_without_bytes_come_back_at_once);
	tcase_add_test(tc, input_fills_one_buffer_at_once_without_waiting_for_more);
	tcase_add_test(tc, input_is_spread_over_the_segments_and_buffers_there_are);
	tcase_add_test(tc, input_without_a_buffer_waits_and_is_asked_for_again);
	tcase_add_test(tc, input_before_the_driver_is_there_is_kept_for_it);
	tcase_add_test(tc, a_reset_with_buffers_held_forgets_them);
	tcase_add_test(tc, a_broken_transmit_queue_leaves_the_receive_queue_alone);
	tcase_add_test(tc, the_window_size_is_shown_with_a_configuration_interrupt);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(console_suite());
}
