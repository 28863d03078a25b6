/* Many writes in one system call: their order, a result for each, and that none ever waits. */
#include "vmm/core/write_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "vmm/base/fd.h"

#define NOT_SET 0x5a5a5a
#define LARGE 4096

static struct write_batch *batch;
static int ends[2]; /* of a socket pair whose packets keep their bounds: ours, the peer's */
static int results[WRITE_BATCH_MAX];
static uint8_t large[LARGE];

static void setup(void)
{
	int rc = write_batch_create(&batch);

	if (rc < 0) {
		batch = NULL;
		printf("skipped: write_batch_create: %s\n", strerror(-rc));
	}
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	for (unsigned int i = 0; i < WRITE_BATCH_MAX; i++)
		results[i] = NOT_SET;
}

static void teardown(void)
{
	write_batch_destroy(batch);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

/* Adds one byte, which stays where it is until the batch is run. */
static void add_byte(int fd, unsigned int number)
{
	static uint8_t bytes[WRITE_BATCH_MAX];
	static struct iovec iov[WRITE_BATCH_MAX];

	bytes[number] = (uint8_t)number;
	iov[number] = (struct iovec){ &bytes[number], 1 };
	write_batch_add(batch, fd, &iov[number], 1);
}

/* The next packet's only byte; -1 if none waits. */
static int next_byte(void)
{
	uint8_t byte[2];
	ssize_t len = read(ends[1], byte, sizeof(byte));

	return len == 1 ? byte[0] : -1;
}

/* Fills it up with packets as large as LARGE: how many. */
static unsigned int fill(int fd)
{
	unsigned int nr = 0;

	while (write(fd, large, sizeof(large)) == (ssize_t)sizeof(large))
		nr++;
	ck_assert_int_eq(errno, EAGAIN);
	return nr;
}

static void run_well(void)
{
	ck_assert_int_eq(write_batch_run(batch, results), 0);
}

START_TEST(nothing_added_is_nothing_done)
{
	if (!batch)
		return;
	run_well();
	ck_assert_int_eq(next_byte(), -1);
	ck_assert_int_eq(results[0], NOT_SET);
}
END_TEST

START_TEST(batches_of_every_size_go_out_in_order)
{
	bool good = true;

	if (!batch)
		return;
	for (unsigned int nr = 1; nr <= WRITE_BATCH_MAX; nr++) {
		for (unsigned int i = 0; i < nr; i++) {
			results[i] = NOT_SET;
			add_byte(ends[0], i);
		}
		run_well();
		for (unsigned int i = 0; i < nr; i++)
			good = good && results[i] == 1 && next_byte() == (int)i;
		good = good && next_byte() == -1 && (nr == WRITE_BATCH_MAX || results[nr] == NOT_SET);
	}
	ck_assert(good);
}
END_TEST

START_TEST(segments_become_one_packet)
{
	static char text[] = "one two three";
	const struct iovec parts[] = { { text, 4 }, { text + 4, 0 }, { text + 4, 4 }, { text + 8, 5 } };
	const struct iovec whole = { text, 3 };
	char got[32];

	if (!batch)
		return;
	write_batch_add(batch, ends[0], parts, 4);
	write_batch_add(batch, ends[0], &whole, 1);
	write_batch_add(batch, ends[0], &parts[2], 2);
	run_well();
	ck_assert_int_eq(results[0], 13);
	ck_assert_int_eq(results[1], 3);
	ck_assert_int_eq(results[2], 9);
	ck_assert_int_eq(read(ends[1], got, sizeof(got)), 13);
	ck_assert_mem_eq(got, text, 13);
	ck_assert_int_eq(read(ends[1], got, sizeof(got)), 3);
	ck_assert_mem_eq(got, "one", 3);
	ck_assert_int_eq(read(ends[1], got, sizeof(got)), 9);
	ck_assert_mem_eq(got, "two three", 9);
}
END_TEST

START_TEST(bad_calls_do_not_hold_up_good_ones)
{
	const struct iovec nowhere = { (void *)16, 5 };
	int closed = open("/dev/null", O_WRONLY | O_CLOEXEC), read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (!batch)
		return;
	ck_assert_int_ge(closed, 0);
	ck_assert_int_ge(read_only, 0);
	close(closed);
	add_byte(ends[0], 0);
	add_byte(closed, 1);
	add_byte(-1, 2);
	add_byte(ends[0], 3);
	add_byte(read_only, 4);
	write_batch_add(batch, ends[0], &nowhere, 1);
	add_byte(ends[0], 6);
	run_well();
	ck_assert_int_eq(results[0], 1);
	ck_assert_int_eq(results[1], -EBADF);
	ck_assert_int_eq(results[2], -EBADF);
	ck_assert_int_eq(results[3], 1);
	ck_assert_int_eq(results[4], -EBADF);
	ck_assert_int_eq(results[5], -EFAULT);
	ck_assert_int_eq(results[6], 1);
	ck_assert_int_eq(next_byte(), 0);
	ck_assert_int_eq(next_byte(), 3);
	ck_assert_int_eq(next_byte(), 6);
	ck_assert_int_eq(next_byte(), -1);
	/* And the batch is as good as new. */
	add_byte(ends[0], 7);
	run_well();
	ck_assert_int_eq(results[0], 1);
	ck_assert_int_eq(next_byte(), 7);
	close(read_only);
}
END_TEST

/* A descriptor that has no room: a socket of each kind, or a pipe. */
static void make_full(int kind, int full[2])
{
	int rc = kind == 0 ? pipe2(full, O_NONBLOCK | O_CLOEXEC)
			   : socketpair(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, full);
	int end = full[0];

	ck_assert_int_eq(rc, 0);
	if (kind == 0) {
		full[0] = full[1];
		full[1] = end;
	}
	ck_assert_uint_gt(fill(full[0]), 0);
}

START_TEST(what_has_no_room_says_so_and_does_not_wait)
{
	static const int kinds[] = { 0, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM };
	const struct iovec two[] = { { large, 10 }, { large, LARGE - 10 } };
	int full[2];

	if (!batch)
		return;
	make_full(kinds[_i], full);
	add_byte(ends[0], 0);
	write_batch_add(batch, full[0], two, 2);
	add_byte(ends[0], 2);
	write_batch_add(batch, full[0], &two[1], 1);
	add_byte(ends[0], 4);
	run_well();
	for (unsigned int i = 0; i < 5; i++)
		ck_assert_int_eq(results[i], i % 2 ? -EAGAIN : 1);
	ck_assert_int_eq(next_byte(), 0);
	ck_assert_int_eq(next_byte(), 2);
	ck_assert_int_eq(next_byte(), 4);
	/* Once there is room again, nothing comes after all of what was refused. */
	while (read(full[1], large, sizeof(large)) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
	add_byte(ends[0], 0);
	run_well();
	ck_assert_int_eq(read(full[1], large, sizeof(large)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	fd_close(&full[0]);
	fd_close(&full[1]);
}
END_TEST

START_TEST(room_that_ends_within_a_batch_parts_it)
{
	const struct iovec iov = { large, sizeof(large) };
	unsigned int room = fill(ends[0]), sent = 0, refused = 0;
	bool parted = true;

	if (!batch)
		return;
	ck_assert_uint_gt(room, 3);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(read(ends[1], large, sizeof(large)), LARGE);
	for (unsigned int i = 0; i < WRITE_BATCH_MAX; i++)
		write_batch_add(batch, ends[0], &iov, 1);
	run_well();
	for (unsigned int i = 0; i < WRITE_BATCH_MAX; i++) {
		sent += results[i] == LARGE;
		refused += results[i] == -EAGAIN;
		parted = parted && (i == 0 || results[i - 1] == LARGE || results[i] == -EAGAIN);
	}
	ck_assert(parted);
	ck_assert_uint_eq(sent, 3);
	ck_assert_uint_eq(refused, WRITE_BATCH_MAX - 3);
}
END_TEST

static void *run_elsewhere(void *rc)
{
	*(int *)rc = write_batch_run(batch, results);
	return NULL;
}

START_TEST(another_thread_gets_an_error_and_writes_nothing)
{
	pthread_t thread;
	int rc = 0;

	if (!batch)
		return;
	add_byte(ends[0], 1);
	add_byte(ends[0], 2);
	add_byte(ends[0], 3);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_elsewhere, &rc), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_lt(rc, 0);
	ck_assert_int_eq(results[0], NOT_SET);
	ck_assert_int_eq(next_byte(), -1);
	/* Nor does it later, with the batch or without. */
	write_batch_destroy(batch);
	batch = NULL;
	ck_assert_int_eq(next_byte(), -1);
}
END_TEST

START_TEST(what_an_error_left_behind_is_never_carried_out)
{
	pthread_t thread;
	int rc = 0;

	if (!batch)
		return;
	for (unsigned int i = 0; i < 40; i++)
		add_byte(ends[0], i);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_elsewhere, &rc), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_lt(rc, 0);
	/* There is room for a whole batch again, and only that is written. */
	for (unsigned int i = 0; i < WRITE_BATCH_MAX; i++)
		add_byte(ends[0], i);
	run_well();
	for (unsigned int i = 0; i < WRITE_BATCH_MAX; i++)
		rc = rc < 0 && results[i] == 1 && next_byte() == (int)i ? rc : 0;
	ck_assert_int_lt(rc, 0);
	ck_assert_int_eq(next_byte(), -1);
}
END_TEST

static void *create_elsewhere(void *made)
{
	return write_batch_create(made) == 0 ? made : NULL;
}

START_TEST(any_thread_may_destroy_it)
{
	struct write_batch *other = NULL;
	pthread_t thread;
	void *made;

	write_batch_destroy(NULL);
	if (!batch)
		return;
	ck_assert_int_eq(pthread_create(&thread, NULL, create_elsewhere, &other), 0);
	ck_assert_int_eq(pthread_join(thread, &made), 0);
	ck_assert_ptr_nonnull(made);
	write_batch_destroy(other);
	/* Ours has not suffered. */
	add_byte(ends[0], 9);
	run_well();
	ck_assert_int_eq(results[0], 1);
	ck_assert_int_eq(next_byte(), 9);
}
END_TEST

static Suite *batch_suite(void)
{
	Suite *suite = suite_create("write batch");
	TCase *tc = tcase_create("batch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_added_is_nothing_done);
	tcase_add_test(tc, batches_of_every_size_go_out_in_order);
	tcase_add_test(tc, segments_become_one_packet);
	tcase_add_test(tc, bad_calls_do_not_hold_up_good_ones);
	tcase_add_loop_test(tc, what_has_no_room_says_so_and_does_not_wait, 0, 4);
	tcase_add_test(tc, room_that_ends_within_a_batch_parts_it);
	tcase_add_test(tc, another_thread_gets_an_error_and_writes_nothing);
	tcase_add_test(tc, what_an_error_left_behind_is_never_carried_out);
	tcase_add_test(tc, any_thread_may_destroy_it);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(batch_suite());
}
