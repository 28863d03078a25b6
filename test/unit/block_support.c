#include "test/unit/block_support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"

/* The kernel's loop devices and our event loops share a name. */
#define loop_config loop_device_config
#include <linux/loop.h>
#undef loop_config

char block_last_error[1024];

static void catch_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_ERROR)
		snprintf(block_last_error, sizeof(block_last_error), "%s", line);
}

void block_log_catch(void)
{
	block_last_error[0] = '\0';
	log_set_sink(catch_line, NULL);
}

static char made[8][BLOCK_PATH_MAX];
static unsigned int nr_made;
static pid_t maker;

static void remove_made(void)
{
	while (getpid() == maker && nr_made > 0)
		unlink(made[--nr_made]);
}

void block_make_disk(char path[BLOCK_PATH_MAX], uint64_t size_bytes)
{
	static uint8_t noise[65536];
	int fd;

	snprintf(path, BLOCK_PATH_MAX, "/var/tmp/mote-disk-XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(nr_made, 8);
	if (nr_made == 0) {
		maker = getpid();
		atexit(remove_made);
	}
	strcpy(made[nr_made++], path);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(1 + i * 7 % 250);
	for (uint64_t at = 0; at < size_bytes; at += sizeof(noise)) {
		size_t n = size_bytes - at < sizeof(noise) ? size_bytes - at : sizeof(noise);

		ck_assert_int_eq(fd_pwrite_full(fd, noise, n, at), 0);
	}
	ck_assert_int_eq(fsync(fd), 0);
	close(fd);
}

static int device_fd = -1;

bool block_make_device(const char *path, uint32_t logical_bytes, char device[BLOCK_PATH_MAX])
{
	/* Gone with our descriptor, even if the test is killed. */
	struct loop_device_config config = { .block_size = logical_bytes, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int backing = open(path, O_RDWR | O_CLOEXEC);
	int rc = -1, off = 0;

	ck_assert_int_ge(backing, 0);
	config.fd = (uint32_t)backing;
	/* Somebody else may take the free one first. */
	for (int tries = 0; control >= 0 && rc < 0 && tries < 8; tries++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);

		if (number < 0)
			break;
		snprintf(device, BLOCK_PATH_MAX, "/dev/loop%d", number);
		device_fd = open(device, O_RDWR | O_CLOEXEC);
		if (device_fd < 0)
			break;
		rc = ioctl(device_fd, LOOP_CONFIGURE, &config);
		if (rc < 0)
			fd_close(&device_fd);
	}
	if (rc < 0)
		printf("skipped: no loop device can be made here (%s)\n", strerror(errno));
	else
		(void)!ioctl(device_fd, BLKROSET, &off); /* a number's last user may have left it on */
	if (control >= 0)
		close(control);
	close(backing);
	return rc == 0;
}

void block_resize_device(void)
{
	ck_assert_int_eq(ioctl(device_fd, LOOP_SET_CAPACITY, 0), 0);
}

void block_free_device(void)
{
	fd_close(&device_fd);
}

struct block *block_must_open(const struct block_options *options)
{
	struct block *block = NULL;
	int rc;

	block_log_catch();
	rc = block_open(options, &block);
	ck_assert_msg(rc == 0, "block_open: %s (%s)", strerror(-rc), block_last_error);
	ck_assert_str_eq(block_last_error, "");
	return block;
}

struct performed {
	struct block_request request;
	bool finished;
	int result;
};

static void note_result(struct block_request *request, int result)
{
	struct performed *performed = owner_of(request, struct performed, request);

	ck_assert(!performed->finished);
	performed->result = result;
	performed->finished = true;
}

static bool is_finished(void *arg)
{
	return ((struct performed *)arg)->finished;
}

static int submit_and_wait(struct loop *loop, struct block *block, struct performed *performed)
{
	performed->request.done = note_result;
	block_submit(block, &performed->request);
	ck_assert_msg(!performed->finished, "done was called from inside block_submit");
	loop_drain(loop, is_finished, performed);
	ck_assert(performed->finished);
	return performed->result;
}

int block_perform(struct loop *loop, struct block *block, enum block_op op, uint64_t offset, struct iovec *iov,
		  unsigned int nr_iov)
{
	struct performed performed = { .request = { .op = op, .offset = offset, .iov = iov, .nr_iov = nr_iov } };

	for (unsigned int i = 0; i < nr_iov; i++)
		performed.request.length += iov[i].iov_len;
	return submit_and_wait(loop, block, &performed);
}

int block_perform_range(struct loop *loop, struct block *block, enum block_op op, uint64_t offset, uint64_t length)
{
	struct performed performed = { .request = { .op = op, .offset = offset, .length = length } };

	return submit_and_wait(loop, block, &performed);
}
