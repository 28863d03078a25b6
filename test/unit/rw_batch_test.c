/* Many writes or reads in one system call: their order, a result for each, and that none ever waits. */
#include "vmm/core/rw_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "vmm/base/fd.h"

#define NOT_SET 0x5a5a5a
#define LARGE 4096

static struct rw_batch *batch;
static int ends[2]; /* of a socket pair whose packets keep their bounds: ours, the peer's */
static int results[RW_BATCH_MAX];
static uint8_t large[LARGE];

static void setup(void)
{
	int rc;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	rc = rw_batch_create(ends[0], &batch);
	if (rc < 0) {
		batch = NULL;
		printf("skipped: rw_batch_create: %s\n", strerror(-rc));
	}
	for (unsigned int i = 0; i < RW_BATCH_MAX; i++)
		results[i] = NOT_SET;
}

static void teardown(void)
{
	rw_batch_destroy(batch);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

/* Adds one byte, which stays where it is until the batch is run. */
static void add_byte(unsigned int number)
{
	static uint8_t bytes[RW_BATCH_MAX];
	static struct iovec iov[RW_BATCH_MAX];

	bytes[number] = (uint8_t)number;
	iov[number] = (struct iovec){ &bytes[number], 1 };
	rw_batch_add(batch, &iov[number], 1);
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
	ck_assert_int_eq(rw_batch_run(batch, results), 0);
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
	for (unsigned int nr = 1; nr <= RW_BATCH_MAX; nr++) {
		for (unsigned int i = 0; i < nr; i++) {
			results[i] = NOT_SET;
			add_byte(i);
		}
		run_well();
		for (unsigned int i = 0; i < nr; i++)
			good = good && results[i] == 1 && next_byte() == (int)i;
		good = good && next_byte() == -1 && (nr == RW_BATCH_MAX || results[nr] == NOT_SET);
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
	rw_batch_add(batch, parts, 4);
	rw_batch_add(batch, &whole, 1);
	rw_batch_add(batch, &parts[2], 2);
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

START_TEST(reads_take_what_waits_and_do_not_wait_for_more)
{
	uint8_t got[4][8];

	if (!batch)
		return;
	memset(got, 0, sizeof(got));
	ck_assert_int_eq(write(ends[1], "first", 5), 5);
	ck_assert_int_eq(write(ends[1], "a longer one", 12), 12);
	rw_batch_add_read(batch, got[0], 8);
	add_byte(1);
	rw_batch_add_read(batch, got[1], 8);
	rw_batch_add_read(batch, got[2], 8);
	rw_batch_add_read(batch, (void *)16, 8);
	add_byte(5);
	run_well();
	ck_assert_int_eq(results[0], 5);
	ck_assert_mem_eq(got[0], "first\0\0\0", 8);
	ck_assert_int_eq(results[1], 1);
	ck_assert_int_eq(results[2], 8);
	ck_assert_mem_eq(got[1], "a longer", 8);
	ck_assert_int_eq(results[3], -EAGAIN);
	ck_assert_int_eq(results[4], -EAGAIN);
	ck_assert_int_eq(results[5], 1);
	ck_assert_int_eq(next_byte(), 1);
	ck_assert_int_eq(next_byte(), 5);
	/* What comes later is nobody's: no read is left behind. */
	ck_assert_int_eq(write(ends[1], "later", 5), 5);
	run_well();
	ck_assert_int_eq(read(ends[0], got[3], 8), 5);
	ck_assert_int_eq(got[2][0], 0);
}
END_TEST

START_TEST(held_memory_is_read_into_like_any_other)
{
	static _Alignas(4096) uint8_t memory[3 * 4096];
	uint8_t *at[] = { memory, memory + 100, memory + 4090, memory + sizeof(memory) - 8, large };

	if (!batch)
		return;
	/* Only what it was told first counts. */
	if (_i > 0)
		rw_batch_hold(batch, _i == 1 ? memory : NULL, sizeof(memory));
	rw_batch_hold(batch, memory, 4096);
	for (unsigned int round = 0; round < 2; round++) {
		memset(memory, 0, sizeof(memory));
		memset(large, 0, sizeof(large));
		for (unsigned int i = 0; i < 5; i++) {
			ck_assert_int_eq(write(ends[1], &"abcdefghijklm"[i + round], 8), 8);
			rw_batch_add_read(batch, at[i], 8);
		}
		/* A packet shorter than the room for it. */
		ck_assert_int_eq(write(ends[1], "the end", 7), 7);
		rw_batch_add_read(batch, memory + 8000, 8192 - 8000);
		run_well();
		for (unsigned int i = 0; i < 5; i++) {
			ck_assert_int_eq(results[i], 8);
			ck_assert_mem_eq(at[i], &"abcdefghijklm"[i + round], 8);
			ck_assert_uint_eq(i == 3 ? 0 : at[i][8], 0);
		}
		ck_assert_int_eq(results[5], 7);
		ck_assert_mem_eq(memory + 8000, "the end", 8);
	}
}
END_TEST

START_TEST(bad_calls_do_not_hold_up_good_ones)
{
	const struct iovec nowhere = { (void *)16, 5 }, two[] = { nowhere, nowhere };

	if (!batch)
		return;
	add_byte(0);
	rw_batch_add(batch, &nowhere, 1);
	add_byte(2);
	rw_batch_add(batch, two, 2);
	add_byte(4);
	run_well();
	for (unsigned int i = 0; i < 5; i++)
		ck_assert_int_eq(results[i], i % 2 ? -EFAULT : 1);
	ck_assert_int_eq(next_byte(), 0);
	ck_assert_int_eq(next_byte(), 2);
	ck_assert_int_eq(next_byte(), 4);
	ck_assert_int_eq(next_byte(), -1);
	/* And the batch is as good as new. */
	add_byte(7);
	run_well();
	ck_assert_int_eq(results[0], 1);
	ck_assert_int_eq(next_byte(), 7);
}
END_TEST

START_TEST(a_batch_needs_a_descriptor_that_can_be_written)
{
	int closed = open("/dev/null", O_WRONLY | O_CLOEXEC), read_only = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rw_batch *none = NULL;

	if (!batch)
		return;
	ck_assert_int_ge(closed, 0);
	ck_assert_int_ge(read_only, 0);
	close(closed);
	ck_assert_int_eq(rw_batch_create(closed, &none), -EBADF);
	ck_assert_int_eq(rw_batch_create(-1, &none), -EBADF);
	ck_assert_ptr_null(none);
	rw_batch_destroy(batch);
	ck_assert_int_eq(rw_batch_create(read_only, &batch), 0);
	add_byte(0);
	add_byte(1);
	run_well();
	ck_assert_int_eq(results[0], -EBADF);
	ck_assert_int_eq(results[1], -EBADF);
	close(read_only);
}
END_TEST

/* Who waits for the other end to close must not wait for the batch. */
START_TEST(what_is_destroyed_keeps_nothing_open)
{
	uint8_t byte;

	if (!batch)
		return;
	add_byte(0);
	run_well();
	fd_close(&ends[0]);
	ck_assert_int_eq(next_byte(), 0);
	ck_assert_int_eq(read(ends[1], &byte, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	rw_batch_destroy(batch);
	batch = NULL;
	ck_assert_int_eq(read(ends[1], &byte, 1), 0);
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
	rw_batch_destroy(batch);
	ck_assert_int_eq(rw_batch_create(full[0], &batch), 0);
	rw_batch_add(batch, two, 2);
	rw_batch_add(batch, &two[1], 1);
	rw_batch_add(batch, two, 2);
	run_well();
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(results[i], -EAGAIN);
	/* Once there is room again, nothing comes after all of what was refused. */
	while (read(full[1], large, sizeof(large)) > 0)
		;
	ck_assert_int_eq(errno, EAGAIN);
	run_well();
	ck_assert_int_eq(read(full[1], large, sizeof(large)), -1);
	ck_assert_int_eq(errno, EAGAIN);
	add_byte(0);
	run_well();
	ck_assert_int_eq(results[0], 1);
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
	for (unsigned int i = 0; i < RW_BATCH_MAX; i++)
		rw_batch_add(batch, &iov, 1);
	run_well();
	for (unsigned int i = 0; i < RW_BATCH_MAX; i++) {
		sent += results[i] == LARGE;
		refused += results[i] == -EAGAIN;
		parted = parted && (i == 0 || results[i - 1] == LARGE || results[i] == -EAGAIN);
	}
	ck_assert(parted);
	ck_assert_uint_eq(sent, 3);
	ck_assert_uint_eq(refused, RW_BATCH_MAX - 3);
}
END_TEST

static void *run_elsewhere(void *rc)
{
	*(int *)rc = rw_batch_run(batch, results);
	return NULL;
}

START_TEST(another_thread_gets_an_error_and_writes_nothing)
{
	pthread_t thread;
	int rc = 0;

	if (!batch)
		return;
	add_byte(1);
	add_byte(2);
	add_byte(3);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_elsewhere, &rc), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_lt(rc, 0);
	ck_assert_int_eq(results[0], NOT_SET);
	ck_assert_int_eq(next_byte(), -1);
	/* Nor does it later, with the batch or without. */
	rw_batch_destroy(batch);
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
		add_byte(i);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_elsewhere, &rc), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_lt(rc, 0);
	/* There is room for a whole batch again, and only that is written. */
	for (unsigned int i = 0; i < RW_BATCH_MAX; i++)
		add_byte(i);
	run_well();
	for (unsigned int i = 0; i < RW_BATCH_MAX; i++)
		rc = rc < 0 && results[i] == 1 && next_byte() == (int)i ? rc : 0;
	ck_assert_int_lt(rc, 0);
	ck_assert_int_eq(next_byte(), -1);
}
END_TEST

/* Has io_uring_enter(2) fail on this thread from now on, as it does where the kernel has no memory for requests. */
static bool starve(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_enter, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct starved {
	bool starved;
	int rc;
};

static void *run_starved(void *arg)
{
	struct starved *run = arg;

	if (rw_batch_create(ends[0], &batch) < 0)
		return NULL;
	run->starved = starve();
	for (unsigned int n = 0; n < 2 && run->starved && run->rc == 0; n++) {
		for (unsigned int i = 0; i < 40; i++)
			add_byte(i);
		run->rc = rw_batch_run(batch, results);
	}
	return NULL;
}

START_TEST(where_the_kernel_has_no_memory_all_is_left_to_the_caller)
{
	struct starved run = { 0 };
	pthread_t thread;
	bool refused = true;

	if (!batch)
		return;
	/* On a thread of its own, which takes its filter with it. */
	rw_batch_destroy(batch);
	batch = NULL;
	ck_assert_int_eq(pthread_create(&thread, NULL, run_starved, &run), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	if (!run.starved)
		return;
	ck_assert_int_eq(run.rc, 0);
	for (unsigned int i = 0; i < 40; i++)
		refused = refused && results[i] == -EAGAIN;
	ck_assert(refused);
	ck_assert_int_eq(results[40], NOT_SET);
	ck_assert_int_eq(next_byte(), -1);
}
END_TEST

static void *create_elsewhere(void *made)
{
	return rw_batch_create(ends[0], made) == 0 ? made : NULL;
}

START_TEST(any_thread_may_destroy_it)
{
	struct rw_batch *other = NULL;
	pthread_t thread;
	void *made;

	rw_batch_destroy(NULL);
	if (!batch)
		return;
	ck_assert_int_eq(pthread_create(&thread, NULL, create_elsewhere, &other), 0);
	ck_assert_int_eq(pthread_join(thread, &made), 0);
	ck_assert_ptr_nonnull(made);
	rw_batch_destroy(other);
	/* Ours has not suffered. */
	add_byte(9);
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
	tcase_add_test(tc, reads_take_what_waits_and_do_not_wait_for_more);
	tcase_add_loop_test(tc, held_memory_is_read_into_like_any_other, 0, 3);
	tcase_add_test(tc, bad_calls_do_not_hold_up_good_ones);
	tcase_add_test(tc, a_batch_needs_a_descriptor_that_can_be_written);
	tcase_add_test(tc, what_is_destroyed_keeps_nothing_open);
	tcase_add_loop_test(tc, what_has_no_room_says_so_and_does_not_wait, 0, 4);
	tcase_add_test(tc, room_that_ends_within_a_batch_parts_it);
	tcase_add_test(tc, another_thread_gets_an_error_and_writes_nothing);
	tcase_add_test(tc, what_an_error_left_behind_is_never_carried_out);
	tcase_add_test(tc, where_the_kernel_has_no_memory_all_is_left_to_the_caller);
	tcase_add_test(tc, any_thread_may_destroy_it);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(batch_suite());
}
