/* Transfers through the page cache: carried out on the spot or by the engine, they come back once, whole and later. */
#include "vmm/core/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/unit/loop_support.h"

#define PIECE_BYTES 65536
#define NR_PIECES 64

struct batch {
	struct loop *loop;
	struct loop_io io[NR_PIECES];
	struct iovec iov[NR_PIECES];
	int result[NR_PIECES];
	unsigned int nr_done[NR_PIECES];
	unsigned int nr_left;
	unsigned int most_in_turn, nr_in_turn; /* completions */
	struct loop_task turn_ends;
	bool submitting;
};

static struct batch batch;
static uint8_t data[NR_PIECES][PIECE_BYTES];
static uint8_t copy[NR_PIECES][PIECE_BYTES];

static void end_turn(struct loop_task *task)
{
	(void)task;
	if (batch.nr_in_turn > batch.most_in_turn)
		batch.most_in_turn = batch.nr_in_turn;
	batch.nr_in_turn = 0;
}

static void piece_done(struct loop_io *io, int result)
{
	unsigned int i = (unsigned int)(io - batch.io);

	ck_assert(!batch.submitting);
	batch.result[i] = result;
	batch.nr_done[i]++;
	batch.nr_in_turn++;
	loop_defer(batch.loop, &batch.turn_ends);
	if (--batch.nr_left == 0)
		loop_stop(batch.loop);
}

static int submit_batch(void *arg)
{
	unsigned int nr = batch.nr_left;

	(void)arg;
	batch.submitting = true;
	for (unsigned int i = 0; i < nr; i++)
		loop_io_submit(batch.loop, &batch.io[i]);
	batch.submitting = false;
	return 0;
}

/* One request a piece, all in one turn. */
static void run_batch(struct loop *loop, enum loop_io_op op, int file, uint8_t (*memory)[PIECE_BYTES], unsigned int nr)
{
	batch = (struct batch){ .loop = loop, .nr_left = nr, .turn_ends.run = end_turn };
	for (unsigned int i = 0; i < nr; i++) {
		batch.iov[i] = (struct iovec){ memory[i], PIECE_BYTES };
		batch.io[i] = (struct loop_io){
			.op = op,
			.file = file,
			.iov = &batch.iov[i],
			.nr_iov = 1,
			.offset = (uint64_t)i * PIECE_BYTES,
			.done = piece_done,
		};
	}
	ck_assert_int_eq(loop_start(loop), 0);
	ck_assert_int_eq(loop_call(loop, submit_batch, NULL), 0);
	loop_join(loop);
	for (unsigned int i = 0; i < nr; i++)
		ck_assert_uint_eq(batch.nr_done[i], 1);
	ck_assert_uint_eq(loop_io_in_flight(loop), 0);
}

static void assert_results(unsigned int first, unsigned int end, int expected)
{
	for (unsigned int i = first; i < end; i++)
		ck_assert_int_eq(batch.result[i], expected);
}

/* Shared memory knows no RWF_NOWAIT. */
static int make_memory_file(void)
{
	int fd = memfd_create("mote-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void batches_are_whole(int engine, int fd)
{
	struct loop *loop = make_loop(engine, 16);
	int file = loop_file_register(loop, fd);

	for (unsigned int i = 0; i < NR_PIECES; i++)
		memset(data[i], (int)i + 1, PIECE_BYTES);
	memset(copy, 0, sizeof(copy));
	run_batch(loop, LOOP_IO_WRITEV, file, data, NR_PIECES);
	assert_results(0, NR_PIECES, PIECE_BYTES);
	run_batch(loop, LOOP_IO_READV, file, copy, NR_PIECES);
	assert_results(0, NR_PIECES, PIECE_BYTES);
	ck_assert_int_eq(memcmp(copy, data, sizeof(data)), 0);
	/* and alone, which takes another way */
	memset(copy, 0, sizeof(copy));
	for (unsigned int i = 0; i < 3; i++)
		run_batch(loop, LOOP_IO_READV, file, copy, 1);
	assert_results(0, 1, PIECE_BYTES);
	ck_assert_int_eq(memcmp(copy[0], data[0], PIECE_BYTES), 0);
	loop_file_unregister(loop, file);
	loop_destroy(loop);
	close(fd);
}

START_TEST(a_batch_on_a_file_is_whole)
{
	batches_are_whole(_i, make_file(0));
}
END_TEST

START_TEST(a_batch_on_shared_memory_is_whole)
{
	batches_are_whole(_i, make_memory_file());
}
END_TEST

START_TEST(a_long_batch_of_writes_is_shown_in_parts)
{
	struct loop *loop = make_loop(_i, 16);
	int fd = make_memory_file();
	int file = loop_file_register(loop, fd);

	run_batch(loop, LOOP_IO_WRITEV, file, data, NR_PIECES);
	ck_assert_uint_lt(batch.most_in_turn, NR_PIECES);
	loop_file_unregister(loop, file);
	loop_destroy(loop);
	close(fd);
}
END_TEST

static void reads_stop_at_the_end(int engine, int fd)
{
	struct loop *loop = make_loop(engine, 16);
	int file = loop_file_register(loop, fd);

	ck_assert_int_eq(ftruncate(fd, 2 * PIECE_BYTES + 100), 0);
	run_batch(loop, LOOP_IO_READV, file, copy, 5);
	assert_results(0, 2, PIECE_BYTES);
	assert_results(2, 3, 100);
	assert_results(3, 5, 0);
	ck_assert_int_eq(ftruncate(fd, 10), 0);
	run_batch(loop, LOOP_IO_READV, file, copy, 1);
	assert_results(0, 1, 10);
	loop_file_unregister(loop, file);
	loop_destroy(loop);
	close(fd);
}

START_TEST(reads_of_a_file_stop_at_its_end)
{
	reads_stop_at_the_end(_i, make_file(0));
}
END_TEST

START_TEST(reads_of_shared_memory_stop_at_its_end)
{
	reads_stop_at_the_end(_i, make_memory_file());
}
END_TEST

START_TEST(a_write_that_is_not_allowed_fails_each_time)
{
	struct loop *loop = make_loop(_i, 16);
	int fd = make_memory_file();
	int file;

	ck_assert_int_eq(ftruncate(fd, sizeof(data)), 0);
	ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	file = loop_file_register(loop, fd);
	run_batch(loop, LOOP_IO_WRITEV, file, data, NR_PIECES);
	assert_results(0, NR_PIECES, -EPERM);
	run_batch(loop, LOOP_IO_READV, file, copy, NR_PIECES);
	assert_results(0, NR_PIECES, PIECE_BYTES);
	loop_file_unregister(loop, file);
	loop_destroy(loop);
	close(fd);
}
END_TEST

START_TEST(a_descriptor_without_the_right_fails_each_time)
{
	struct loop *loop = make_loop(_i, 16);
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int file = loop_file_register(loop, fd);

	run_batch(loop, LOOP_IO_WRITEV, file, data, 4);
	assert_results(0, 4, -EBADF);
	run_batch(loop, LOOP_IO_WRITEV, file, data, 1);
	assert_results(0, 1, -EBADF);
	run_batch(loop, LOOP_IO_READV, file, copy, 1);
	assert_results(0, 1, 0);
	loop_file_unregister(loop, file);
	loop_destroy(loop);
	close(fd);
}
END_TEST

START_TEST(reads_that_miss_the_cache_and_reads_that_hit_come_back_alike)
{
	struct loop *loop = make_loop(_i, 16);
	int fd = make_file(0);
	int file = loop_file_register(loop, fd);

	for (unsigned int i = 0; i < NR_PIECES; i++)
		memset(data[i], (int)i + 1, PIECE_BYTES);
	run_batch(loop, LOOP_IO_WRITEV, file, data, NR_PIECES);
	for (unsigned int round = 0; round < 40; round++) {
		if (round % 3 != 0) {
			ck_assert_int_eq(fdatasync(fd), 0);
			ck_assert_int_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
		}
		run_batch(loop, LOOP_IO_READV, file, copy, 1 + round % 5);
		/* One that finds only its beginning in the cache is short. */
		for (unsigned int i = 0; i < 1 + round % 5; i++) {
			ck_assert_int_gt(batch.result[i], 0);
			ck_assert_int_eq(memcmp(copy[i], data[i], (size_t)batch.result[i]), 0);
		}
	}
	loop_file_unregister(loop, file);
	loop_destroy(loop);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("loop_cached");
	TCase *tcase = tcase_create("cached");

	tcase_set_timeout(tcase, 30);
	add_engine_test(tcase, a_batch_on_a_file_is_whole);
	add_engine_test(tcase, a_batch_on_shared_memory_is_whole);
	add_engine_test(tcase, a_long_batch_of_writes_is_shown_in_parts);
	add_engine_test(tcase, reads_of_a_file_stop_at_its_end);
	add_engine_test(tcase, reads_of_shared_memory_stop_at_its_end);
	add_engine_test(tcase, a_write_that_is_not_allowed_fails_each_time);
	add_engine_test(tcase, a_descriptor_without_the_right_fails_each_time);
	add_engine_test(tcase, reads_that_miss_the_cache_and_reads_that_hit_come_back_alike);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
