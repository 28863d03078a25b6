#include "test/unit/loop_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct loop *make_loop(int engine, unsigned int nr_entries)
{
	struct loop_config config = { .name = "test", .engine = (enum loop_engine)engine, .nr_entries = nr_entries };
	struct loop *loop = NULL;

	if (loop_create(&config, &loop) < 0) {
		config.engine = LOOP_ENGINE_AUTO;
		ck_assert_int_eq(loop_create(&config, &loop), 0);
		printf("engine %d is refused here: tested with %s\n", engine, loop_engine_name(loop));
	}
	return loop;
}

int make_file(int flags)
{
	char path[] = "/var/tmp/mote-test-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC | flags);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	return fd;
}

struct performed {
	struct loop_io *io;
	void (*done)(struct loop_io *io, int result);
	int result;
	bool finished;
};

static struct performed *performing;

static void note_result(struct loop_io *io, int result)
{
	ck_assert_ptr_eq(io, performing->io);
	performing->result = result;
	performing->finished = true;
}

static bool is_finished(void *arg)
{
	return ((struct performed *)arg)->finished;
}

int perform(struct loop *loop, struct loop_io *io)
{
	struct performed performed = { .io = io };

	performing = &performed;
	io->done = note_result;
	loop_io_submit(loop, io);
	ck_assert_msg(!performed.finished, "done was called from inside loop_io_submit");
	loop_drain(loop, is_finished, &performed);
	return performed.result;
}
