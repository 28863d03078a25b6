#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/virtio_fakes.h"

#define MAX_IN_FLIGHT 4096

struct block {
	struct fake_block fake;
	struct block_request *queue[MAX_IN_FLIGHT];
};

struct block *fake_block_create(uint64_t size_bytes)
{
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		abort();
	block->fake.geometry = (struct block_geometry){
		.size_bytes = size_bytes,
		.logical_block_bytes = 512,
		.physical_block_bytes = 4096,
		.min_io_bytes = 4096,
		.opt_io_bytes = 65536,
		.buffer_align = 1,
		.can_discard = true,
		.can_write_zeroes = true,
		.zeroes_may_unmap = true,
		.discard_granularity_bytes = 4096,
		.max_discard_bytes = UINT64_C(1) << 30,
		.max_write_zeroes_bytes = UINT64_C(1) << 30,
		.max_segments = 1024,
	};
	block->fake.data = calloc(1, size_bytes);
	block->fake.stable = calloc(1, size_bytes);
	if (!block->fake.data || !block->fake.stable)
		abort();
	return block;
}

struct fake_block *fake_block_of(struct block *block)
{
	return &block->fake;
}

void fake_block_destroy(struct block *block)
{
	if (block->fake.nr_in_flight > 0 || block->fake.attached)
		abort(); /* a device left something behind */
	free(block->fake.data);
	free(block->fake.stable);
	free(block);
}

const struct block_geometry *block_geometry(const struct block *block)
{
	return &block->fake.geometry;
}

const char *block_description(const struct block *block)
{
	(void)block;
	return "memory disk";
}

int block_attach(struct block *block, struct loop *loop)
{
	(void)loop;
	block->fake.attached = true;
	return 0;
}

void block_detach(struct block *block)
{
	if (!block->fake.attached || block->fake.nr_in_flight > 0)
		abort();
	block->fake.attached = false;
}

int block_refresh(struct block *block)
{
	struct fake_block *fake = &block->fake;

	if (fake->grown_bytes <= fake->geometry.size_bytes)
		return fake->refresh_rc;
	fake->data = realloc(fake->data, fake->grown_bytes);
	fake->stable = realloc(fake->stable, fake->grown_bytes);
	if (!fake->data || !fake->stable)
		abort();
	memset(fake->data + fake->geometry.size_bytes, 0, fake->grown_bytes - fake->geometry.size_bytes);
	memset(fake->stable + fake->geometry.size_bytes, 0, fake->grown_bytes - fake->geometry.size_bytes);
	fake->geometry.size_bytes = fake->grown_bytes;
	return 1;
}

void block_cancel(struct block *block)
{
	block->fake.nr_cancels++;
}

/* The caller's promises (virtio/backend/block.h): a device that breaks one is what these tests are to find. */
static void check_promises(const struct block *block, const struct block_request *request)
{
	const struct block_geometry *geometry = &block->fake.geometry;
	uint64_t bytes = 0;

	if (request->offset > geometry->size_bytes || request->length > geometry->size_bytes - request->offset ||
	    request->offset % geometry->logical_block_bytes || request->length % geometry->logical_block_bytes)
		abort();
	if (request->op != BLOCK_FLUSH && request->length == 0)
		abort();
	if (request->op != BLOCK_READ && request->op != BLOCK_FLUSH && geometry->read_only)
		abort();
	if (request->op > BLOCK_WRITE_DURABLE)
		return;
	if (request->nr_iov == 0 || request->nr_iov > geometry->max_segments)
		abort();
	for (unsigned int i = 0; i < request->nr_iov; i++)
		bytes += request->iov[i].iov_len;
	if (bytes != request->length)
		abort();
}

void block_submit(struct block *block, struct block_request *request)
{
	struct fake_block *fake = &block->fake;

	check_promises(block, request);
	if (fake->nr_in_flight == MAX_IN_FLIGHT)
		abort();
	block->queue[fake->nr_in_flight++] = request;
	if (fake->nr_in_flight > fake->max_in_flight)
		fake->max_in_flight = fake->nr_in_flight;
	if (fake->nr_submitted < FAKE_BLOCK_SUBMISSIONS)
		fake->submissions[fake->nr_submitted] = (struct fake_submission){
			.op = request->op,
			.offset = request->offset,
			.length = request->length,
			.nr_iov = request->nr_iov,
		};
	fake->nr_submitted++;
	fake->nr_of[request->op]++;
	if (fake->on_submit)
		fake->on_submit();
}

/* Transfers one way or the other, and consumes the iovecs as a real one may. */
static void transfer(struct fake_block *fake, struct block_request *request)
{
	uint64_t offset = request->offset;

	for (; request->nr_iov > 0; request->iov++, request->nr_iov--) {
		if (request->op == BLOCK_READ)
			memcpy(request->iov->iov_base, fake->data + offset, request->iov->iov_len);
		else
			memcpy(fake->data + offset, request->iov->iov_base, request->iov->iov_len);
		offset += request->iov->iov_len;
		*request->iov = (struct iovec){ 0 };
	}
	if (request->op == BLOCK_WRITE_DURABLE)
		memcpy(fake->stable + request->offset, fake->data + request->offset, request->length);
}

static void carry_out(struct fake_block *fake, struct block_request *request)
{
	switch (request->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
	case BLOCK_WRITE_DURABLE:
		transfer(fake, request);
		break;
	case BLOCK_FLUSH:
		memcpy(fake->stable, fake->data, fake->geometry.size_bytes);
		break;
	case BLOCK_DISCARD:
		memset(fake->data + request->offset, 0xdd, request->length);
		break;
	case BLOCK_WRITE_ZEROES:
	case BLOCK_WRITE_ZEROES_UNMAP:
	case BLOCK_SECURE_ERASE:
		memset(fake->data + request->offset, 0, request->length);
		break;
	}
}

static int result_of(const struct fake_block *fake, const struct block_request *request)
{
	if (fake->fail_with)
		return fake->fail_with;
	if (fake->bad_bytes > 0 && request->offset < fake->bad_offset + fake->bad_bytes &&
	    fake->bad_offset < request->offset + request->length)
		return -EIO;
	return fake->fail_all_with;
}

bool fake_block_complete(struct block *block)
{
	struct fake_block *fake = &block->fake;
	unsigned int index = fake->newest_first ? fake->nr_in_flight - 1 : 0;
	struct block_request *request;
	int result;

	if (fake->nr_in_flight == 0)
		return false;
	request = block->queue[index];
	result = result_of(fake, request);
	fake->nr_in_flight--;
	memmove(&block->queue[index], &block->queue[index + 1], (fake->nr_in_flight - index) * sizeof(block->queue[0]));
	fake->fail_with = 0;
	if (result == 0) {
		carry_out(fake, request);
		fake->nr_carried_out++;
	} else if (fake->consumes_on_failure && request->nr_iov > 0) {
		/* As after a short transfer. */
		request->iov[0].iov_base = (char *)request->iov[0].iov_base + 1;
		request->iov[0].iov_len--;
		request->iov++;
		request->nr_iov--;
	}
	request->offset += UINT64_C(1) << 40; /* as a format that forwards it does */
	request->done(request, result);
	return true;
}

bool fake_block_source(void *arg)
{
	struct block *block = arg;
	unsigned int nr = block->fake.nr_in_flight;
	bool any = false;

	if (block->fake.hold)
		return false;
	while (nr-- > 0)
		any |= fake_block_complete(block);
	return any;
}
