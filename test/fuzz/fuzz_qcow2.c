/* Any file as a qcow2 image: it must be refused, or be a disk that answers requests, in bounded time and memory.
 *
 * An input that begins as an image does is one. Any other changes bytes of a small sound image: so the fuzzer gets past
 * the first check at once, and to tables that lie. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/unit/qcow2_tiny.h"
#include "virtio/backend/block.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

#define NR_REQUESTS 24
#define REQUEST_BYTES (16 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct answer {
	struct block_request request;
	struct iovec iov;
	unsigned int nr_done;
};

static struct answer answers[NR_REQUESTS];
static uint8_t memory[NR_REQUESTS][REQUEST_BYTES];

static void ignore_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

/* Each change: where (16 bits), how many bytes (1 to 8), the bytes. */
static void change(struct tiny *tiny, const uint8_t *data, size_t len)
{
	while (len >= 4) {
		size_t at = (data[0] | (size_t)data[1] << 8) % tiny->len;
		size_t nr = 1 + data[2] % 8;

		data += 3;
		len -= 3;
		for (; nr > 0 && len > 0 && at < tiny->len; nr--, len--)
			tiny->bytes[at++] = *data++;
	}
}

static void answered(struct block_request *request, int result)
{
	(void)result;
	((struct answer *)request)->nr_done++;
}

static bool all_answered(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < NR_REQUESTS; i++)
		if (answers[i].nr_done == 0)
			return false;
	return true;
}

static void ask(struct block *block, unsigned int i)
{
	static const enum block_op ops[] = {
		BLOCK_READ,    BLOCK_WRITE, BLOCK_READ,	 BLOCK_WRITE_ZEROES, BLOCK_WRITE_ZEROES_UNMAP,
		BLOCK_DISCARD, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_WRITE_DURABLE
	};
	const struct block_geometry *geometry = block_geometry(block);
	uint64_t unit = geometry->logical_block_bytes;
	uint64_t nr = 1 + i * 7 % (REQUEST_BYTES / unit);
	/* Near the beginning, where the small image has its clusters, and all over the disk. */
	uint64_t first = i % 3 != 0 ? i * 3 : geometry->size_bytes / unit / NR_REQUESTS * i;
	struct block_request *request = &answers[i].request;

	if (nr > geometry->size_bytes / unit)
		nr = geometry->size_bytes / unit;
	if (first > geometry->size_bytes / unit - nr)
		first = geometry->size_bytes / unit - nr;
	memset(memory[i], (int)i, sizeof(memory[i]));
	answers[i] = (struct answer){ .iov = { memory[i], nr * unit } };
	request->op = ops[i % (sizeof(ops) / sizeof(ops[0]))];
	request->done = answered;
	if (request->op != BLOCK_FLUSH) {
		request->offset = first * unit;
		request->length = nr * unit;
	}
	request->iov = &answers[i].iov;
	request->nr_iov = 1;
	block_submit(block, request);
}

static void use(const char *path, bool read_only)
{
	const struct block_options options = {
		.path = path,
		.format = BLOCK_FORMAT_QCOW2,
		.read_only = read_only,
		.discard = true,
	};
	const struct loop_config config = { .name = "fuzz", .engine = LOOP_ENGINE_THREAD };
	struct loop *loop;
	struct block *block;

	if (block_open(&options, &block) < 0)
		return;
	if (loop_create(&config, &loop) < 0)
		abort();
	if (block_attach(block, loop) == 0) {
		for (unsigned int i = 0; i < NR_REQUESTS; i++)
			ask(block, i);
		loop_drain(loop, all_answered, NULL);
		for (unsigned int i = 0; i < NR_REQUESTS; i++)
			if (answers[i].nr_done != 1)
				abort();
		block_detach(block);
	}
	block_close(block);
	loop_destroy(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct tiny tiny;
	char path[64];
	int fd = memfd_create("image", MFD_CLOEXEC);

	log_set_sink(ignore_line, NULL);
	if (len < 4 || memcmp(data, "QFI\xfb", 4) != 0) {
		tiny_init(&tiny, len % 4 == 0 ? 2 : 3);
		change(&tiny, data, len);
		data = tiny.bytes;
		len = tiny.len;
	}
	if (fd < 0 || fd_pwrite_full(fd, data, len, 0) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	use(path, false);
	use(path, true); /* what we left of it */
	fd_close(&fd);
	return 0;
}
