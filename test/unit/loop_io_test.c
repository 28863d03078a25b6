#include "vmm/core/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/loop_support.h"

#define FILE_BYTES (1024 * 1024)

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 31 + at / 251);
}

static void fill(uint8_t *buf, size_t len, size_t from)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = pattern(from + i);
}

static void check(const uint8_t *buf, size_t len, size_t from)
{
	size_t i = 0;

	while (i < len && buf[i] == pattern(from + i))
		i++;
	ck_assert_msg(i == len, "byte %zu differs", i);
}

static _Alignas(4096) uint8_t buffer[FILE_BYTES];
static _Alignas(4096) uint8_t other[FILE_BYTES];

static void round_trip(int engine, int flags)
{
	struct loop *loop = make_loop(engine, 16);
	int fd = make_file(flags);
	struct iovec iov = { buffer, sizeof(buffer) };
	struct loop_io io = { .op = LOOP_IO_WRITEV, .iov = &iov, .nr_iov = 1 };

	io.file = loop_file_register(loop, fd);
	ck_assert_int_ge(io.file, 0);
	fill(buffer, sizeof(buffer), 0);
	ck_assert_int_eq(perform(loop, &io), sizeof(buffer));
	io.op = LOOP_IO_FDATASYNC;
	ck_assert_int_eq(perform(loop, &io), 0);
	io.op = LOOP_IO_WRITEV_DSYNC;
	io.offset = 4096;
	iov.iov_len = 8192;
	fill(buffer, 8192, 77);
	ck_assert_int_eq(perform(loop, &io), 8192);
	io.op = LOOP_IO_READV;
	io.offset = 0;
	iov = (struct iovec){ other, sizeof(other) };
	ck_assert_int_eq(perform(loop, &io), sizeof(other));
	check(other, 4096, 0);
	check(other + 4096, 8192, 77);
	check(other + 12288, sizeof(other) - 12288, 12288);
	loop_file_unregister(loop, io.file);
	close(fd);
	loop_destroy(loop);
}

START_TEST(what_is_written_is_read_through_the_page_cache)
{
	round_trip(_i, 0);
}
END_TEST

START_TEST(what_is_written_is_read_with_o_direct)
{
	round_trip(_i, O_DIRECT);
}
END_TEST

START_TEST(a_thousand_and_twenty_four_buffers_are_one_transfer)
{
	static struct iovec iov[1024];
	struct loop *loop = make_loop(_i, 16);
	int fd = make_file(O_DIRECT);
	struct loop_io io = { .op = LOOP_IO_WRITEV, .iov = iov, .nr_iov = 1024 };

	fill(buffer, sizeof(buffer), 0);
	/* Backwards, so that it matters which buffer is which. */
	for (int i = 0; i < 1024; i++)
		iov[i] = (struct iovec){ buffer + 512 * (1023 - i), 512 };
	io.file = loop_file_register(loop, fd);
	ck_assert_int_eq(perform(loop, &io), 1024 * 512);
	io.op = LOOP_IO_READV;
	for (int i = 0; i < 1024; i++)
		iov[i].iov_base = other + 512 * (1023 - i);
	ck_assert_int_eq(perform(loop, &io), 1024 * 512);
	check(other, 1024 * 512, 0);
	ck_assert_int_eq(pread(fd, other, 4096, 0), 4096);
	check(other, 512, 1023 * 512);
	loop_file_unregister(loop, io.file);
	close(fd);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_read_stops_at_the_end_of_the_file)
{
	struct loop *loop = make_loop(_i, 16);
	int fd = make_file(0);
	struct iovec iov = { buffer, 4096 };
	struct loop_io io = { .op = LOOP_IO_READV, .iov = &iov, .nr_iov = 1, .offset = 1000 };

	ck_assert_int_eq(ftruncate(fd, 3000), 0);
	io.file = loop_file_register(loop, fd);
	ck_assert_int_eq(perform(loop, &io), 2000);
	io.offset = 3000;
	ck_assert_int_eq(perform(loop, &io), 0);
	loop_file_unregister(loop, io.file);
	close(fd);
	loop_destroy(loop);
}
END_TEST

START_TEST(errors_come_back_through_done)
{
	struct loop *loop = make_loop(_i, 16);
	int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	int read_only = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct iovec iov = { buffer, 4096 };
	struct loop_io io = { .op = LOOP_IO_WRITEV, .iov = &iov, .nr_iov = 1 };

	io.file = loop_file_register(loop, full);
	ck_assert_int_eq(perform(loop, &io), -ENOSPC);
	loop_file_unregister(loop, io.file);
	ck_assert_int_eq(perform(loop, &io), -EBADF);
	io.file = loop_file_register(loop, read_only);
	ck_assert_int_eq(perform(loop, &io), -EBADF);
	io.file = -1;
	ck_assert_int_eq(perform(loop, &io), -EBADF);
	io.file = 1 << 20;
	ck_assert_int_eq(perform(loop, &io), -EBADF);
	ck_assert_int_eq(loop_file_register(loop, 9999), -EBADF);
	io.op = LOOP_IO_NOP;
	ck_assert_int_eq(perform(loop, &io), 0);
	ck_assert_uint_eq(loop_io_in_flight(loop), 0);
	close(full);
	close(read_only);
	loop_destroy(loop);
}
END_TEST

static void check_zeroed(int engine, enum loop_io_op op)
{
	struct loop *loop = make_loop(engine, 16);
	int fd = make_file(0);
	struct loop_io io = { .op = op, .offset = 65536, .length = 131072 };
	struct stat st;
	int rc;

	fill(buffer, sizeof(buffer), 0);
	ck_assert_int_eq(pwrite(fd, buffer, sizeof(buffer), 0), sizeof(buffer));
	io.file = loop_file_register(loop, fd);
	rc = perform(loop, &io);
	if (rc == -EOPNOTSUPP) {
		printf("skipped: this file system doesn't have fallocate's mode\n");
	} else {
		ck_assert_int_eq(rc, 0);
		ck_assert_int_eq(pread(fd, other, sizeof(other), 0), sizeof(other));
		check(other, 65536, 0);
		check(other + 65536 + 131072, sizeof(other) - 65536 - 131072, 65536 + 131072);
		memset(buffer, 0, 131072);
		ck_assert_mem_eq(other + 65536, buffer, 131072);
		/* The size never changes, even where the range reaches beyond it. */
		io.offset = sizeof(buffer) - 4096;
		io.length = 65536;
		ck_assert_int_eq(perform(loop, &io), 0);
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert_int_eq(st.st_size, sizeof(buffer));
	}
	loop_file_unregister(loop, io.file);
	close(fd);
	loop_destroy(loop);
}

START_TEST(a_punched_hole_reads_as_zeros)
{
	check_zeroed(_i, LOOP_IO_PUNCH_HOLE);
}
END_TEST

START_TEST(a_zeroed_range_reads_as_zeros)
{
	check_zeroed(_i, LOOP_IO_ZERO_RANGE);
}
END_TEST

/* --- many at once --- */

#define NR_REQUESTS 1500

struct many {
	struct loop *loop;
	unsigned int nr_done;
	struct loop_io io[NR_REQUESTS];
	struct iovec iov[NR_REQUESTS];
};

static struct many many;

static void many_done(struct loop_io *io, int result)
{
	ck_assert_int_eq(result, 512);
	ck_assert(io >= many.io && io < many.io + NR_REQUESTS);
	if (++many.nr_done == NR_REQUESTS)
		loop_stop(many.loop);
}

static int submit_many(void *arg)
{
	int file = *(int *)arg;

	for (unsigned int i = 0; i < NR_REQUESTS; i++) {
		many.iov[i] = (struct iovec){ other + 512 * i, 512 };
		many.io[i] = (struct loop_io){
			.op = LOOP_IO_READV,
			.file = file,
			.iov = &many.iov[i],
			.nr_iov = 1,
			.offset = 512 * i,
			.done = many_done,
		};
		loop_io_submit(many.loop, &many.io[i]);
	}
	ck_assert_uint_eq(many.nr_done, 0);
	ck_assert_uint_eq(loop_io_in_flight(many.loop), NR_REQUESTS);
	return 0;
}

START_TEST(more_requests_than_the_engine_takes_at_once_all_complete)
{
	int fd = make_file(O_DIRECT);
	int file;

	many.loop = make_loop(_i, 8);
	many.nr_done = 0;
	fill(buffer, sizeof(buffer), 0);
	ck_assert_int_eq(pwrite(fd, buffer, sizeof(buffer), 0), sizeof(buffer));
	file = loop_file_register(many.loop, fd);
	ck_assert_int_eq(loop_start(many.loop), 0);
	ck_assert_int_eq(loop_call(many.loop, submit_many, &file), 0);
	loop_join(many.loop);
	ck_assert_uint_eq(many.nr_done, NR_REQUESTS);
	ck_assert_uint_eq(loop_io_in_flight(many.loop), 0);
	check(other, NR_REQUESTS * 512, 0);
	loop_file_unregister(many.loop, file);
	close(fd);
	loop_destroy(many.loop);
}
END_TEST

/* --- blocking calls, draining, stopping --- */

struct slow {
	struct loop_io io;
	struct loop *loop;
	pthread_t worker;
	bool finished;
	int result;
	struct loop_io *next;
	sem_t *until; /* what its end waits for; NULL: a while */
};

static int slow_call(struct loop_io *io)
{
	struct slow *slow = owner_of(io, struct slow, io);

	slow->worker = pthread_self();
	if (slow->until != NULL)
		sem_wait(slow->until);
	else
		usleep(30000);
	return -EUCLEAN;
}

static void slow_done(struct loop_io *io, int result)
{
	struct slow *slow = owner_of(io, struct slow, io);

	slow->finished = true;
	slow->result = result;
	if (slow->next != NULL)
		loop_io_submit(slow->loop, slow->next);
}

static struct slow slow_make(struct loop *loop)
{
	return (struct slow){ .io = { .op = LOOP_IO_CALL, .file = -1, .call = slow_call, .done = slow_done },
			      .loop = loop };
}

static int submit_slow(void *arg)
{
	struct slow *slow = arg;

	loop_io_submit(slow->loop, &slow->io);
	return (int)loop_io_in_flight(slow->loop);
}

static bool slow_finished(void *arg)
{
	return ((struct slow *)arg)->finished;
}

static int drain_slow(void *arg)
{
	struct slow *slow = arg;

	loop_drain(slow->loop, slow_finished, slow);
	return slow->finished;
}

START_TEST(a_call_runs_on_another_thread_and_a_drain_waits_for_it)
{
	struct loop *loop = make_loop(_i, 8);
	struct slow slow = slow_make(loop);

	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_int_eq(loop_call(loop, submit_slow, &slow), 1);
	ck_assert_int_eq(loop_call(loop, drain_slow, &slow), 1);
	ck_assert_int_eq(slow.result, -EUCLEAN);
	ck_assert(!pthread_equal(slow.worker, pthread_self()));
	loop_stop(loop);
	loop_join(loop);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_loop_that_nobody_runs_is_drained_by_the_caller)
{
	struct loop *loop = make_loop(_i, 8);
	struct slow slow = slow_make(loop);

	(void)submit_slow(&slow);
	ck_assert(!slow.finished);
	ck_assert_int_eq(drain_slow(&slow), 1);
	ck_assert_int_eq(slow.result, -EUCLEAN);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_stopped_loop_completes_what_was_submitted_and_refuses_what_comes_after)
{
	struct loop *loop = make_loop(_i, 8);
	struct slow first[6], late = slow_make(loop);
	sem_t stopped;

	sem_init(&stopped, 0, 0);
	ck_assert_int_eq(loop_start(loop), 0);
	for (int i = 0; i < 6; i++) {
		first[i] = slow_make(loop);
		if (i == 0) {
			first[i].next = &late.io;
			first[i].until = &stopped;
		}
		(void)loop_call(loop, submit_slow, &first[i]);
	}
	loop_stop(loop);
	/* Until the loop's thread has seen it, even on a busy machine. */
	usleep(300000);
	sem_post(&stopped);
	loop_join(loop);
	sem_destroy(&stopped);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(first[i].result, -EUCLEAN);
	ck_assert(late.finished);
	ck_assert_int_eq(late.result, -ECANCELED);
	ck_assert_uint_eq(loop_io_in_flight(loop), 0);
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop_io");
	TCase *transfers = tcase_create("transfers");
	TCase *waiting = tcase_create("waiting");

	tcase_set_timeout(transfers, 60);
	add_engine_test(transfers, what_is_written_is_read_through_the_page_cache);
	add_engine_test(transfers, what_is_written_is_read_with_o_direct);
	add_engine_test(transfers, a_thousand_and_twenty_four_buffers_are_one_transfer);
	add_engine_test(transfers, a_read_stops_at_the_end_of_the_file);
	add_engine_test(transfers, errors_come_back_through_done);
	add_engine_test(transfers, a_punched_hole_reads_as_zeros);
	add_engine_test(transfers, a_zeroed_range_reads_as_zeros);
	add_engine_test(transfers, more_requests_than_the_engine_takes_at_once_all_complete);
	add_engine_test(waiting, a_call_runs_on_another_thread_and_a_drain_waits_for_it);
	add_engine_test(waiting, a_loop_that_nobody_runs_is_drained_by_the_caller);
	add_engine_test(waiting, a_stopped_loop_completes_what_was_submitted_and_refuses_what_comes_after);
	suite_add_tcase(suite, transfers);
	suite_add_tcase(suite, waiting);
	return unit_main(suite);
}
