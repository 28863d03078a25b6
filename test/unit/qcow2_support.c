#include "test/unit/qcow2_support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/fd.h"

void tiny_save(struct tiny *tiny)
{
	int fd;

	if (tiny->path[0] == '\0')
		block_make_disk(tiny->path, 512);
	fd = open(tiny->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fd_pwrite_full(fd, tiny->bytes, tiny->len, 0), 0);
	close(fd);
}

void tiny_load(struct tiny *tiny)
{
	int fd = open(tiny->path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	memset(tiny->bytes, 0, sizeof(tiny->bytes));
	n = pread(fd, tiny->bytes, sizeof(tiny->bytes), 0);
	ck_assert_int_gt(n, 0);
	tiny->len = (size_t)n;
	close(fd);
}

void tiny_must_be_refused(struct tiny *tiny, bool read_only, int error, const char *text)
{
	const struct block_options options = {
		.path = tiny->path,
		.format = BLOCK_FORMAT_QCOW2,
		.read_only = read_only,
		.discard = true,
	};
	static struct tiny now;
	struct block *block = NULL;

	tiny_save(tiny);
	block_log_catch();
	ck_assert_int_eq(block_open(&options, &block), error);
	ck_assert_ptr_null(block);
	ck_assert_msg(strstr(block_last_error, text) != NULL, "no '%s' in '%s'", text, block_last_error);
	ck_assert_msg(strstr(block_last_error, tiny->path) != NULL, "no path in '%s'", block_last_error);
	ck_assert_ptr_null(strchr(block_last_error, '\n'));
	strcpy(now.path, tiny->path);
	tiny_load(&now);
	ck_assert_uint_eq(now.len, tiny->len);
	ck_assert_mem_eq(now.bytes, tiny->bytes, tiny->len);
}

void tiny_open(struct tiny *tiny, const struct block_options *options, struct tiny_disk *disk)
{
	struct block_options asked = *options;

	asked.path = tiny->path;
	asked.format = BLOCK_FORMAT_QCOW2;
	block_log_catch();
	disk->loop = make_loop(LOOP_ENGINE_AUTO, 8);
	disk->block = block_must_open(&asked);
	ck_assert_int_eq(block_attach(disk->block, disk->loop), 0);
}

void tiny_close(struct tiny_disk *disk)
{
	block_detach(disk->block);
	block_close(disk->block);
	loop_destroy(disk->loop);
}

static uint8_t memory[TINY_SIZE];

int tiny_write(struct tiny_disk *disk, uint64_t offset, uint8_t byte, uint64_t length)
{
	struct iovec iov = { memory, length };

	memset(memory, byte, length);
	return block_perform(disk->loop, disk->block, BLOCK_WRITE, offset, &iov, 1);
}

void tiny_expect(struct tiny_disk *disk, uint64_t offset, uint8_t byte, uint64_t length)
{
	struct iovec iov = { memory, length };
	uint64_t same = 0;

	memset(memory, ~byte, length);
	ck_assert_int_eq(block_perform(disk->loop, disk->block, BLOCK_READ, offset, &iov, 1), 0);
	while (same < length && memory[same] == byte)
		same++;
	/* Once: Check notes each assertion in a file. */
	ck_assert_msg(same == length, "byte %llu is %02x, not %02x", (unsigned long long)(offset + same), memory[same],
		      byte);
}
