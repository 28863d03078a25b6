/* Requests in pieces, over a disk that is memory and checks what it is asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/block_support.h"
#include "virtio/backend/block_ops.h"
#include "virtio/backend/block_walk.h"

#define DISK_BYTES (1024 * 1024)

/* --- the block below --- */

struct memory_disk {
	struct block block; /* first */
	struct loop *loop;
	unsigned int nr_requests, nr_in_flight;
	unsigned int fail_at; /* the how-manieth request fails; 0: none */
	uint64_t longest, shortest;
	unsigned int most_iovs;
	enum block_op last_op;
	uint8_t data[DISK_BYTES];
};

static void memory_done(struct loop_io *io, int result)
{
	struct block_request *request = owner_of(io, struct block_request, io);
	struct memory_disk *disk = (struct memory_disk *)request->block;
	uint64_t at = request->offset;

	ck_assert_int_eq(result, 0);
	disk->nr_in_flight--;
	if (disk->nr_requests == disk->fail_at) {
		request->done(request, -EIO);
		return;
	}
	if (request->op <= BLOCK_WRITE_DURABLE)
		for (unsigned int i = 0; i < request->nr_iov; at += request->iov[i++].iov_len)
			if (request->op == BLOCK_READ)
				memcpy(request->iov[i].iov_base, disk->data + at, request->iov[i].iov_len);
			else
				memcpy(disk->data + at, request->iov[i].iov_base, request->iov[i].iov_len);
	else
		memset(disk->data + at, 0, request->length);
	request->done(request, 0);
}

static void memory_submit(struct block *block, struct block_request *request)
{
	struct memory_disk *disk = (struct memory_disk *)block;
	uint64_t bytes = 0;

	ck_assert_uint_le(request->offset + request->length, DISK_BYTES);
	ck_assert_uint_eq(request->offset % block->geometry.logical_block_bytes, 0);
	ck_assert_uint_eq(request->length % block->geometry.logical_block_bytes, 0);
	if (request->op <= BLOCK_WRITE_DURABLE) {
		for (unsigned int i = 0; i < request->nr_iov; i++) {
			if (request->iov[i].iov_len == 0)
				ck_abort_msg("an empty buffer");
			bytes += request->iov[i].iov_len;
		}
		ck_assert_uint_eq(bytes, request->length);
		disk->most_iovs = request->nr_iov > disk->most_iovs ? request->nr_iov : disk->most_iovs;
	}
	disk->longest = request->length > disk->longest ? request->length : disk->longest;
	disk->shortest = request->length < disk->shortest ? request->length : disk->shortest;
	disk->last_op = request->op;
	disk->nr_requests++;
	disk->nr_in_flight++;
	request->io.op = LOOP_IO_NOP;
	request->io.done = memory_done;
	loop_io_submit(disk->loop, &request->io);
}

static const struct block_ops memory_ops = { .submit = memory_submit };

/* --- the format: pieces of `piece_bytes`, and every third is zeros, skipped, or comes from a buffer --- */

static struct memory_disk below;
static struct block_walk_pool pool;
static uint64_t piece_bytes;
static struct block_walk *aside;
static unsigned int nr_steps, nr_ended;
static int ended_with;
static bool keep_parent;
static struct block_request *kept;

static uint8_t expected(uint64_t at)
{
	return (uint8_t)(1 + at % 251 + at / 4096 % 3);
}

static uint64_t next_length(const struct block_walk *walk)
{
	uint64_t left = walk->parent->length - walk->position;

	/* Each assertion that is made costs a system call. */
	if (left == 0)
		ck_abort_msg("a step with nothing left");
	nr_steps++;
	return left < piece_bytes ? left : piece_bytes;
}

static void send_step(struct block_walk *walk)
{
	block_walk_send(walk, &below.block, walk->parent->op, walk->parent->offset + walk->position, next_length(walk));
}

static void zeros_step(struct block_walk *walk)
{
	block_walk_zeros(walk, next_length(walk));
}

static void mixed_step(struct block_walk *walk)
{
	uint64_t at = walk->parent->offset + walk->position;
	uint64_t length = next_length(walk);
	uint8_t *bytes;

	switch (at / piece_bytes % 4) {
	case 0:
		block_walk_send(walk, &below.block, BLOCK_READ, at, length);
		break;
	case 1:
		block_walk_zeros(walk, length);
		break;
	case 2:
		block_walk_skip(walk, length);
		break;
	default:
		bytes = malloc(length);
		memset(bytes, 0xcc, length);
		block_walk_scatter(walk, bytes, length);
		free(bytes);
		break;
	}
}

static void aside_step(struct block_walk *walk)
{
	if (walk->format[0]++ % 2 == 0) {
		ck_assert_ptr_null(aside);
		aside = walk;
		return;
	}
	send_step(walk);
}

static void failing_step(struct block_walk *walk)
{
	if (walk->position > 0)
		block_walk_fail(walk, -ENOSPC);
	else
		send_step(walk);
}

static uint8_t own[4096];

/* The block is copied by way of the format's buffer: reads it, changes it, writes it. */
static void own_step(struct block_walk *walk)
{
	switch (walk->format[0]++) {
	case 0:
		block_walk_send_own(walk, &below.block, BLOCK_READ, 0, own, sizeof(own));
		break;
	case 1:
		ck_assert_uint_eq(walk->position, 0);
		block_walk_gather(walk, own + 512, 1024);
		block_walk_send_own(walk, &below.block, BLOCK_WRITE, 8192, own, sizeof(own));
		break;
	default:
		block_walk_skip(walk, 1024);
		break;
	}
}

static bool note_end(struct block_walk *walk, int result)
{
	ck_assert_uint_eq(below.nr_in_flight, 0);
	ck_assert(result < 0 || walk->position == walk->parent->length);
	nr_ended++;
	ended_with = result;
	if (!keep_parent)
		return true;
	kept = walk->parent;
	return false;
}

/* --- the owner --- */

static uint8_t memory[DISK_BYTES];
static struct iovec iov[DISK_BYTES / 8];
static bool finished;
static int finished_with;

static void note_done(struct block_request *request, int result)
{
	(void)request;
	ck_assert(!finished);
	ck_assert_uint_eq(nr_ended, 1);
	finished = true;
	finished_with = result;
}

static bool is_finished(void *arg)
{
	(void)arg;
	return finished || aside != NULL || kept != NULL;
}

/* The request in buffers of `buffer_bytes`, an empty one now and then. */
static int walk_range(enum block_op op, uint64_t offset, uint64_t length, uint64_t buffer_bytes,
		      void (*step)(struct block_walk *walk))
{
	struct block_request request = { .op = op, .offset = offset, .length = length, .iov = iov, .done = note_done };

	for (uint64_t at = 0; op <= BLOCK_WRITE_DURABLE && at < length;) {
		uint64_t n = length - at < buffer_bytes ? length - at : buffer_bytes;

		if (request.nr_iov % 7 == 3)
			iov[request.nr_iov++] = (struct iovec){ memory, 0 };
		iov[request.nr_iov++] = (struct iovec){ memory + at, n };
		at += n;
	}
	finished = false;
	nr_ended = nr_steps = 0;
	below.longest = below.nr_requests = below.most_iovs = 0;
	below.shortest = UINT64_MAX;
	block_walk_start(&pool, NULL, &request, step);
	ck_assert_msg(!finished, "done was called from inside block_walk_start");
	do {
		struct block_walk *walk = aside;

		if (kept != NULL) {
			block_done_later(pool.loop, kept, -ESTALE);
			kept = NULL;
		}
		aside = NULL;
		if (walk != NULL)
			block_walk_resume(walk);
		loop_drain(pool.loop, is_finished, NULL);
	} while (!finished);
	ck_assert_int_eq(ended_with, keep_parent ? 0 : finished_with);
	/* The owner's own buffers are as it gave them. */
	for (unsigned int i = 0, at = 0; i < request.nr_iov; at += (unsigned int)iov[i++].iov_len)
		if (iov[i].iov_len > 0 && iov[i].iov_base != memory + at)
			ck_abort_msg("buffer %u was changed", i);
	return finished_with;
}

static void setup(void)
{
	pool = (struct block_walk_pool){ 0 };
	block_walk_pool_init(&pool, make_loop(LOOP_ENGINE_AUTO, 8));
	pool.ended = note_end;
	below.block = (struct block){ .ops = &memory_ops, .geometry = { .logical_block_bytes = 512 } };
	below.loop = pool.loop;
	below.fail_at = 0;
	aside = NULL;
	for (uint64_t i = 0; i < DISK_BYTES; i++)
		below.data[i] = expected(i);
	memset(memory, 0xee, sizeof(memory));
}

static void teardown(void)
{
	block_walk_pool_fini(&pool);
	loop_destroy(pool.loop);
}

START_TEST(pieces_read_what_one_request_would)
{
	static const uint64_t buffers[] = { 1, 17, 512, 4096, 5000, 65536, DISK_BYTES };

	piece_bytes = 3 * 4096;
	for (size_t i = _i == 0 ? 1 : 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		/* A byte a buffer is slow enough for a part of the disk. */
		uint64_t length = buffers[i] < 17 ? 40960 : DISK_BYTES - 8192;

		below.block.geometry.logical_block_bytes = _i == 0 ? 512 : 4096;
		memset(memory, 0xee, sizeof(memory));
		ck_assert_int_eq(walk_range(BLOCK_READ, 4096, length, buffers[i], send_step), 0);
		ck_assert_mem_eq(memory, below.data + 4096, length);
		ck_assert_uint_eq(memory[length], 0xee);
		ck_assert_uint_le(below.longest, piece_bytes);
	}
}
END_TEST

START_TEST(pieces_write_what_one_request_would)
{
	piece_bytes = 7 * 4096;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(i * 13);
	for (uint64_t buffer = 100; buffer < 40000; buffer = buffer * 3 + 1) {
		below.block.geometry.logical_block_bytes = 4096;
		memset(below.data, 0, sizeof(below.data));
		ck_assert_int_eq(walk_range(BLOCK_WRITE, 8192, 40 * 4096, buffer, send_step), 0);
		ck_assert_mem_eq(below.data + 8192, memory, 40 * 4096);
		ck_assert_uint_eq(below.data[8191], 0);
		ck_assert_uint_eq(below.data[8192 + 40 * 4096], 0);
		ck_assert_uint_eq(below.last_op, BLOCK_WRITE);
	}
}
END_TEST

START_TEST(big_buffers_are_sent_in_as_few_pieces_as_the_format_asks)
{
	piece_bytes = 65536;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 4 * 65536, 4096, send_step), 0);
	ck_assert_uint_eq(below.nr_requests, 4);
	ck_assert_uint_eq(below.most_iovs, 16);
}
END_TEST

START_TEST(buffers_that_share_a_block_are_sent_together)
{
	below.block.geometry.logical_block_bytes = 4096;
	piece_bytes = 65536;
	/* 64 buffers a block, which is more than a piece usually has. */
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 65536, 64, send_step), 0);
	ck_assert_uint_eq(below.nr_requests, 16);
	ck_assert_uint_eq(below.shortest, 4096);
	ck_assert_mem_eq(memory, below.data, 65536);
}
END_TEST

START_TEST(zeros_copies_and_what_is_left_out_are_in_their_place)
{
	piece_bytes = 4096;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, DISK_BYTES, 1000, mixed_step), 0);
	for (uint64_t at = 0; at < DISK_BYTES; at++) {
		const uint8_t wanted[] = { expected(at), 0, 0xee, 0xcc };

		if (memory[at] != wanted[at / 4096 % 4])
			ck_abort_msg("byte %llu is %02x", (unsigned long long)at, memory[at]);
	}
}
END_TEST

START_TEST(a_request_that_is_done_at_once_completes_later_and_needs_no_stack)
{
	piece_bytes = 1;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, DISK_BYTES, 65536, zeros_step), 0);
	ck_assert_uint_eq(nr_steps, DISK_BYTES);
	ck_assert_uint_eq(below.nr_requests, 0);
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 0, 512, zeros_step), 0);
	ck_assert_uint_eq(nr_steps, 0);
}
END_TEST

START_TEST(a_request_without_buffers_is_walked_too)
{
	piece_bytes = 4096;
	ck_assert_int_eq(walk_range(BLOCK_WRITE_ZEROES, 4096, 16384, 0, send_step), 0);
	ck_assert_uint_eq(below.nr_requests, 4);
	ck_assert_uint_eq(below.data[4095], expected(4095));
	ck_assert_uint_eq(below.data[4096], 0);
	ck_assert_uint_eq(below.data[4096 + 16383], 0);
	ck_assert_uint_eq(below.data[4096 + 16384], expected(4096 + 16384));
}
END_TEST

START_TEST(a_piece_that_fails_ends_it)
{
	piece_bytes = 4096;
	below.fail_at = 3;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 65536, 65536, send_step), -EIO);
	ck_assert_uint_eq(below.nr_requests, 3);
	below.fail_at = 0;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 65536, 65536, failing_step), -ENOSPC);
	ck_assert_uint_eq(below.nr_requests, 1);
}
END_TEST

START_TEST(a_walk_put_aside_goes_on_when_it_is_resumed)
{
	piece_bytes = 16384;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, DISK_BYTES, 4096, aside_step), 0);
	ck_assert_uint_eq(below.nr_requests, DISK_BYTES / 16384);
	ck_assert_mem_eq(memory, below.data, DISK_BYTES);
}
END_TEST

START_TEST(the_formats_own_transfers_do_not_advance)
{
	memset(memory, 0x77, 1024);
	ck_assert_int_eq(walk_range(BLOCK_WRITE, 512, 1024, 100, own_step), 0);
	ck_assert_mem_eq(below.data + 8192, below.data, 512);
	ck_assert_mem_eq(below.data + 8192 + 512, memory, 1024);
	ck_assert_mem_eq(below.data + 8192 + 1536, below.data + 1536, 4096 - 1536);
	below.fail_at = 2;
	ck_assert_int_eq(walk_range(BLOCK_WRITE, 512, 1024, 100, own_step), -EIO);
}
END_TEST

START_TEST(the_format_may_keep_the_parent_back)
{
	piece_bytes = 4096;
	keep_parent = true;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 65536, 65536, send_step), -ESTALE);
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 0, 65536, send_step), -ESTALE);
	keep_parent = false;
}
END_TEST

START_TEST(walks_are_used_again)
{
	struct block_walk *first;

	piece_bytes = 4096;
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 65536, 65536, send_step), 0);
	first = pool.free;
	ck_assert_ptr_nonnull(first);
	ck_assert_int_eq(walk_range(BLOCK_READ, 0, 65536, 65536, send_step), 0);
	ck_assert_ptr_eq(pool.free, first);
	ck_assert_ptr_null(first->next);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_walk");
	TCase *tcase = tcase_create("pieces");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, pieces_read_what_one_request_would, 0, 2);
	tcase_add_test(tcase, pieces_write_what_one_request_would);
	tcase_add_test(tcase, big_buffers_are_sent_in_as_few_pieces_as_the_format_asks);
	tcase_add_test(tcase, buffers_that_share_a_block_are_sent_together);
	tcase_add_test(tcase, zeros_copies_and_what_is_left_out_are_in_their_place);
	tcase_add_test(tcase, a_request_that_is_done_at_once_completes_later_and_needs_no_stack);
	tcase_add_test(tcase, a_request_without_buffers_is_walked_too);
	tcase_add_test(tcase, a_piece_that_fails_ends_it);
	tcase_add_test(tcase, a_walk_put_aside_goes_on_when_it_is_resumed);
	tcase_add_test(tcase, the_formats_own_transfers_do_not_advance);
	tcase_add_test(tcase, the_format_may_keep_the_parent_back);
	tcase_add_test(tcase, walks_are_used_again);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
