/* virtio/backend/block_limit: how fast requests pass, in which order, and what a reset does to those that wait. */
#include "virtio/backend/block_limit.h"

#include <errno.h>
#include <string.h>

#include "test/unit/fake_timer.h"
#include "test/unit/unit.h"
#include "virtio/backend/block_ops.h"
#include "virtio/backend/bucket.h"

#define SECOND UINT64_C(1000000000)
#define MS UINT64_C(1000000)
#define NR_REQUESTS 64

/* A disk below that keeps what it gets, and is done with it when the test says so. */
static struct {
	struct block block;
	struct block_request *got[NR_REQUESTS];
	unsigned int nr;
	uint64_t bytes; /* that passed since the test began */
	uint64_t operations;
	unsigned int nr_closed;
	bool attached;
	int attach_rc;
} below;

static struct block *limited;
static struct block_request requests[NR_REQUESTS];
static unsigned int nr_done[NR_REQUESTS];
static int results[NR_REQUESTS];

static int below_attach(struct block *block, struct loop *loop)
{
	(void)loop;
	if (below.attach_rc == 0)
		below.attached = true;
	block->geometry.can_discard = true; /* as engines may add something */
	return below.attach_rc;
}

static void below_detach(struct block *block)
{
	(void)block;
	below.attached = false;
}

static void below_submit(struct block *block, struct block_request *request)
{
	ck_assert_ptr_eq(request->block, block);
	below.operations++;
	if (request->op != BLOCK_FLUSH && request->op != BLOCK_DISCARD)
		below.bytes += request->length;
	if (below.nr < NR_REQUESTS)
		below.got[below.nr++] = request;
}

static int below_refresh(struct block *block)
{
	block->geometry.size_bytes *= 2;
	return 1;
}

static void below_close(struct block *block)
{
	(void)block;
	below.nr_closed++;
}

static const struct block_ops below_ops = {
	.attach = below_attach,
	.detach = below_detach,
	.submit = below_submit,
	.refresh = below_refresh,
	.close = below_close,
};

static void on_done(struct block_request *request, int result)
{
	unsigned int index = (unsigned int)(request - requests);

	nr_done[index]++;
	results[index] = result;
}

static void setup(void)
{
	memset(&below, 0, sizeof(below));
	memset(nr_done, 0, sizeof(nr_done));
	below.block.ops = &below_ops;
	below.block.geometry.size_bytes = UINT64_C(1) << 40;
	strcpy(below.block.description, "the disk below");
	limited = NULL;
}

static void teardown(void)
{
	if (limited) {
		block_detach(limited);
		block_close(limited);
	}
	ck_assert(!below.attached);
	ck_assert_uint_eq(fake_timer_nr(), 0);
}

static void limit(uint64_t bandwidth, uint64_t bandwidth_burst, uint64_t iops, uint64_t iops_burst)
{
	const struct block_limits limits = {
		.bytes = { .per_second = bandwidth, .burst = bandwidth_burst },
		.operations = { .per_second = iops, .burst = iops_burst },
	};

	ck_assert_int_eq(block_limit_create(&below.block, &limits, &limited), 0);
	ck_assert_int_eq(block_attach(limited, NULL), 0);
}

static void submit(unsigned int index, enum block_op op, uint64_t length)
{
	requests[index] = (struct block_request){ .op = op, .length = length, .done = on_done };
	block_submit(limited, &requests[index]);
}

static bool passed(unsigned int index)
{
	for (unsigned int i = 0; i < below.nr; i++) {
		if (below.got[i] == &requests[index])
			return true;
	}
	return false;
}

/* Keeps `depth` requests in the filter for ten seconds after one second of start, which the burst blurs, and returns
 * what passed in them. Time moves in steps that have nothing to do with the filter's own. */
static void run_load(enum block_op op, uint64_t length, unsigned int depth, uint64_t *bytes, uint64_t *operations)
{
	static struct block_request pool[NR_REQUESTS];
	uint64_t bytes_before = 0, operations_before = 0;
	unsigned int next = 0;

	for (unsigned int i = 0; i < depth; i++) {
		pool[i] = (struct block_request){ .op = op, .length = length, .done = on_done };
		block_submit(limited, &pool[i]);
	}
	for (uint64_t elapsed = 0; elapsed < 11 * SECOND;) {
		uint64_t step = 20000 + 13 * (next++ % 1000);

		if (elapsed < SECOND) {
			bytes_before = below.bytes;
			operations_before = below.operations;
		}
		fake_timer_advance(step);
		elapsed += step;
		while (below.nr > 0)
			block_submit(limited, below.got[--below.nr]);
	}
	*bytes = below.bytes - bytes_before;
	*operations = below.operations - operations_before;
}

static void assert_near(uint64_t found, uint64_t wanted, uint64_t slack)
{
	uint64_t tolerance = wanted / 100 + slack;

	ck_assert_msg(found + tolerance >= wanted && found <= wanted + tolerance, "found %llu, wanted %llu",
		      (unsigned long long)found, (unsigned long long)wanted);
}

static const struct {
	uint64_t bandwidth, burst, length;
	unsigned int depth;
} loads[] = {
	{ 50 << 20, 5 << 20, 4096, 1 },
	{ 50 << 20, 5 << 20, 4096, 32 },
	{ 50 << 20, 4096, 4096, 32 },
	{ 50 << 20, 5 << 20, 128 << 10, 4 },
	{ 50 << 20, 1, 128 << 10, 4 },
	{ 50 << 20, 5 << 20, 16 << 20, 2 },
	{ 1 << 20, 100 << 10, 4 << 20, 1 },
	{ 1000, 100, 512, 1 },
	{ 1000, 100, 4096, 8 },
	{ 300 << 20, 30 << 20, 4096, 32 },
	{ 123456789, 12345678, 65536 + 512, 7 },
};

START_TEST(bandwidth_is_kept_at_every_size_and_depth)
{
	uint64_t bytes, operations;

	limit(loads[_i].bandwidth, loads[_i].burst, 0, 0);
	run_load(BLOCK_WRITE, loads[_i].length, loads[_i].depth, &bytes, &operations);
	/* At the edges of the ten seconds a request counts whole, or not at all. */
	assert_near(bytes, 10 * loads[_i].bandwidth, loads[_i].length);
}
END_TEST

static const struct {
	uint64_t iops, burst;
	unsigned int depth;
	enum block_op op;
} rates[] = {
	{ 1000, 100, 1, BLOCK_READ }, { 1000, 100, 32, BLOCK_WRITE_DURABLE },
	{ 1000, 1, 32, BLOCK_READ },  { 20000, 2000, 64, BLOCK_READ },
	{ 3, 1, 4, BLOCK_DISCARD },   { 777, 77, 16, BLOCK_FLUSH },
};

START_TEST(operations_are_kept_whatever_they_are)
{
	uint64_t bytes, operations;

	limit(0, 0, rates[_i].iops, rates[_i].burst);
	run_load(rates[_i].op, 4096, rates[_i].depth, &bytes, &operations);
	assert_near(operations, 10 * rates[_i].iops, 1);
}
END_TEST

START_TEST(the_tighter_of_both_limits_counts)
{
	uint64_t bytes, operations;

	limit(1 << 20, 1 << 17, 1000, 100);
	run_load(BLOCK_READ, 4096, 16, &bytes, &operations);
	assert_near(operations, 10 * 256, 1);
}
END_TEST

START_TEST(a_burst_passes_at_once_and_then_the_rate)
{
	limit(0, 0, 10, 5);
	for (unsigned int i = 0; i < 8; i++)
		submit(i, BLOCK_READ, 512);
	ck_assert_uint_eq(below.nr, 5);
	fake_timer_advance(99 * MS);
	ck_assert_uint_eq(below.nr, 5);
	fake_timer_advance(2 * MS);
	ck_assert_uint_eq(below.nr, 6);
	fake_timer_advance(SECOND);
	ck_assert_uint_eq(below.nr, 8);
	ck_assert_uint_eq(fake_timer_nr_set(), 0);
	/* A long pause saves up no more than the burst. */
	fake_timer_advance(3600 * SECOND);
	for (unsigned int i = 8; i < 20; i++)
		submit(i, BLOCK_READ, 512);
	ck_assert_uint_eq(below.nr, 8 + 5);
	fake_timer_advance(2 * SECOND);
}
END_TEST

START_TEST(a_request_larger_than_the_burst_is_paid_for_afterwards)
{
	limit(1000, 100, 0, 0);
	submit(0, BLOCK_WRITE, 2100);
	submit(1, BLOCK_WRITE, 1);
	ck_assert(passed(0) && !passed(1));
	fake_timer_advance(1999 * MS);
	ck_assert(!passed(1));
	fake_timer_advance(3 * MS);
	ck_assert(passed(1));
}
END_TEST

START_TEST(requests_pass_in_the_order_they_came)
{
	limit(1000, 1, 0, 0);
	for (unsigned int i = 0; i < 20; i++)
		submit(i, i % 2 ? BLOCK_READ : BLOCK_WRITE, i % 3 ? 10 : 300);
	/* One that costs nothing waits behind those that do. */
	submit(20, BLOCK_DISCARD, 1 << 20);
	fake_timer_advance(60 * SECOND);
	ck_assert_uint_eq(below.nr, 21);
	for (unsigned int i = 0; i < below.nr; i++)
		ck_assert_ptr_eq(below.got[i], &requests[i]);
}
END_TEST

START_TEST(a_flush_is_not_held_behind_data)
{
	limit(1000, 100, 1000, 100);
	submit(0, BLOCK_WRITE, 1 << 20);
	submit(1, BLOCK_WRITE, 1 << 20);
	submit(2, BLOCK_FLUSH, 0);
	ck_assert(!passed(1) && passed(2));
}
END_TEST

START_TEST(a_flush_costs_an_operation_and_is_the_next_to_pass)
{
	limit(0, 0, 10, 1);
	submit(0, BLOCK_WRITE, 512);
	submit(1, BLOCK_WRITE, 512);
	submit(2, BLOCK_FLUSH, 0);
	submit(3, BLOCK_FLUSH, 0);
	ck_assert_uint_eq(below.nr, 1);
	fake_timer_advance(102 * MS);
	ck_assert(passed(2) && !passed(3) && !passed(1));
	fake_timer_advance(102 * MS);
	ck_assert(passed(3) && !passed(1));
	fake_timer_advance(102 * MS);
	ck_assert(passed(1));
}
END_TEST

START_TEST(discards_and_zeroes_cost_an_operation_but_no_bandwidth)
{
	limit(10, 1, 0, 0);
	submit(0, BLOCK_DISCARD, UINT64_C(1) << 30);
	submit(1, BLOCK_WRITE_ZEROES, UINT64_C(1) << 30);
	submit(2, BLOCK_SECURE_ERASE, UINT64_C(1) << 30);
	submit(3, BLOCK_READ, 1);
	ck_assert_uint_eq(below.nr, 4);
}
END_TEST

START_TEST(cancelling_ends_what_waits_and_nothing_else)
{
	limit(0, 0, 1, 2);
	for (unsigned int i = 0; i < 6; i++)
		submit(i, i == 5 ? BLOCK_FLUSH : BLOCK_WRITE, 512);
	ck_assert_uint_eq(below.nr, 2);
	block_cancel(limited);
	for (unsigned int i = 0; i < 6; i++) {
		ck_assert_uint_eq(nr_done[i], i < 2 ? 0 : 1);
		if (i >= 2)
			ck_assert_int_eq(results[i], -ECANCELED);
	}
	ck_assert_uint_eq(fake_timer_nr_set(), 0);
	fake_timer_advance(100 * SECOND);
	ck_assert_uint_eq(below.nr, 2);
	/* A reset brings no new burst. */
	submit(6, BLOCK_WRITE, 512);
	submit(7, BLOCK_WRITE, 512);
	block_cancel(limited);
	submit(8, BLOCK_WRITE, 512);
	ck_assert(!passed(8));
	block_cancel(limited);
}
END_TEST

START_TEST(a_late_timer_loses_nothing_that_fits_the_bucket)
{
	limit(0, 0, 1000, 60);
	for (unsigned int i = 0; i < 60; i++)
		submit(i, BLOCK_READ, 512);
	ck_assert_uint_eq(below.nr, 60);
	below.nr = 0;
	for (unsigned int i = 0; i < 60; i++)
		submit(i, BLOCK_READ, 512);
	ck_assert_uint_eq(below.nr, 0);
	fake_timer_stall(50 * MS);
	fake_timer_advance(0);
	ck_assert_uint_eq(below.nr, 50);
	fake_timer_advance(SECOND);
	ck_assert_uint_eq(below.nr, 60);
}
END_TEST

START_TEST(the_filter_shows_the_disk_below)
{
	limit(1, 1, 0, 0);
	ck_assert_str_eq(block_description(limited), "the disk below");
	ck_assert(block_geometry(limited)->can_discard);
	ck_assert_uint_eq(block_geometry(limited)->size_bytes, UINT64_C(1) << 40);
	ck_assert_int_eq(block_refresh(limited), 1);
	ck_assert_uint_eq(block_geometry(limited)->size_bytes, UINT64_C(1) << 41);
	block_detach(limited);
	ck_assert(!below.attached);
	block_close(limited);
	ck_assert_uint_eq(below.nr_closed, 1);
	limited = NULL;
}
END_TEST

START_TEST(a_disk_below_that_can_not_be_attached_leaves_nothing)
{
	const struct block_limits limits = { .bytes = { .per_second = 1, .burst = 1 } };
	struct block *block;

	below.attach_rc = -ENOSPC;
	ck_assert_int_eq(block_limit_create(&below.block, &limits, &block), 0);
	ck_assert_int_eq(block_attach(block, NULL), -ENOSPC);
	ck_assert_uint_eq(fake_timer_nr(), 0);
	block_close(block);
}
END_TEST

/* The bucket alone, at the ends of its ranges. */
START_TEST(a_bucket_neither_overflows_nor_loses_fractions)
{
	const struct bucket_rate most = { .per_second = BUCKET_MAX_RATE, .burst = BUCKET_MAX_BURST };
	const struct bucket_rate odd = { .per_second = 7, .burst = 1000000 };
	struct bucket bucket;

	bucket_init(&bucket, &most, 0);
	bucket_take(&bucket, UINT64_MAX);
	ck_assert_int_lt(bucket.level, 0);
	bucket_take(&bucket, UINT64_MAX);
	ck_assert_int_lt(bucket.level, 0);
	ck_assert_uint_eq(bucket_wait_ns(&bucket), SECOND);
	bucket_fill(&bucket, SECOND - 1);
	ck_assert_int_lt(bucket.level, 0);
	bucket_fill(&bucket, UINT64_MAX);
	ck_assert_int_eq(bucket.level, (int64_t)BUCKET_MAX_BURST);
	bucket_init(&bucket, &odd, 5);
	bucket_take(&bucket, 1000000);
	for (uint64_t i = 1; i <= 1000; i++)
		bucket_fill(&bucket, 5 + i * SECOND / 1000);
	ck_assert_int_eq(bucket.level, 7);
}
END_TEST

START_TEST(a_bucket_has_something_exactly_when_it_said)
{
	const struct bucket_rate rate = { .per_second = 333333, .burst = 1000 };
	struct bucket bucket;
	uint64_t now = 1;

	bucket_init(&bucket, &rate, now);
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t wait;

		bucket_take(&bucket, 1000 + i * 17);
		while ((wait = bucket_wait_ns(&bucket)) > 0) {
			ck_assert(!bucket_has_any(&bucket));
			now += wait;
			bucket_fill(&bucket, now);
		}
		ck_assert(bucket_has_any(&bucket));
		ck_assert_int_le(bucket.level, 1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend/block_limit");
	TCase *tcase = tcase_create("block_limit");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, bandwidth_is_kept_at_every_size_and_depth, 0, sizeof(loads) / sizeof(loads[0]));
	tcase_add_loop_test(tcase, operations_are_kept_whatever_they_are, 0, sizeof(rates) / sizeof(rates[0]));
	tcase_add_test(tcase, the_tighter_of_both_limits_counts);
	tcase_add_test(tcase, a_burst_passes_at_once_and_then_the_rate);
	tcase_add_test(tcase, a_request_larger_than_the_burst_is_paid_for_afterwards);
	tcase_add_test(tcase, requests_pass_in_the_order_they_came);
	tcase_add_test(tcase, a_flush_is_not_held_behind_data);
	tcase_add_test(tcase, a_flush_costs_an_operation_and_is_the_next_to_pass);
	tcase_add_test(tcase, discards_and_zeroes_cost_an_operation_but_no_bandwidth);
	tcase_add_test(tcase, cancelling_ends_what_waits_and_nothing_else);
	tcase_add_test(tcase, a_late_timer_loses_nothing_that_fits_the_bucket);
	tcase_add_test(tcase, the_filter_shows_the_disk_below);
	tcase_add_test(tcase, a_disk_below_that_can_not_be_attached_leaves_nothing);
	tcase_add_test(tcase, a_bucket_neither_overflows_nor_loses_fractions);
	tcase_add_test(tcase, a_bucket_has_something_exactly_when_it_said);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
