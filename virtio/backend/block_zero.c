/* Discard, secure erase and write-zeroes on a raw disk.
 *
 * A discard is a hint: where the disk turns out not to follow it, it succeeds without effect. A secure erase is a
 * promise that only the device can keep, so it fails where the device does not. Zeroes are a promise too:
 * where punching a hole is refused the range is zeroed in place, and where that is refused too, zeros are written. */
#include <errno.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "vmm/base/container_of.h"

#include "virtio/backend/block_raw.h"

#define ZERO_BUFFER_BYTES (64 * 1024)
#define ZERO_NR_IOV 16

enum zero_step {
	ZERO_STEP_PUNCH,
	ZERO_STEP_RANGE,
	ZERO_STEP_WRITE,
};

/* Never written, so it takes no memory of its own. */
static _Alignas(4096) char zeros[ZERO_BUFFER_BYTES];

#define Z                                                                                                              \
	{                                                                                                              \
		zeros, ZERO_BUFFER_BYTES                                                                               \
	}
static const struct iovec zero_iov[ZERO_NR_IOV] = { Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z };
#undef Z

static struct block_request *request_of(struct loop_io *io)
{
	return container_of(io, struct block_request, io);
}

static bool is_refusal(int result)
{
	return result == -EOPNOTSUPP || result == -ENOSYS || result == -ENOTTY;
}

/* --- discard and secure erase --- */

/* On the worker's thread: there is no asynchronous way to discard on a block device everywhere. */
static int discard_device(struct loop_io *io)
{
	struct block_request *request = request_of(io);
	const struct block_raw *raw = (const struct block_raw *)request->block;
	uint64_t range[2] = { request->offset, request->length };

	return ioctl(raw->file.fd, request->op == BLOCK_SECURE_ERASE ? BLKSECDISCARD : BLKDISCARD, range) < 0 ? -errno
													      : 0;
}

static void discard_done(struct loop_io *io, int result)
{
	struct block_request *request = request_of(io);

	if (result == -EINTR || result == -EAGAIN) {
		loop_io_submit(((struct block_raw *)request->block)->loop, io);
		return;
	}
	if (request->op == BLOCK_DISCARD && is_refusal(result))
		result = 0;
	request->done(request, result < 0 ? result : 0);
}

static void discard_submit(struct block_raw *raw, struct block_request *request)
{
	struct loop_io *io = &request->io;

	io->op = raw->file.is_device ? LOOP_IO_CALL : LOOP_IO_PUNCH_HOLE;
	io->call = discard_device;
	io->file = raw->index;
	io->offset = request->offset;
	io->length = request->length;
	io->done = discard_done;
	loop_io_submit(raw->loop, io);
}

/* --- zeroes --- */

static void zeroes_done(struct loop_io *io, int result);

static void zeroes_try(struct block_raw *raw, struct block_request *request)
{
	uint64_t left = request->length - request->transferred;
	struct loop_io *io = &request->io;

	if (request->step == ZERO_STEP_PUNCH && !raw->can_punch)
		request->step = ZERO_STEP_RANGE;
	if (request->step == ZERO_STEP_RANGE && !raw->can_zero_range)
		request->step = ZERO_STEP_WRITE;

	io->file = raw->index;
	io->offset = request->offset + request->transferred;
	io->length = left;
	io->done = zeroes_done;
	switch ((enum zero_step)request->step) {
	case ZERO_STEP_PUNCH:
		io->op = LOOP_IO_PUNCH_HOLE;
		break;
	case ZERO_STEP_RANGE:
		io->op = LOOP_IO_ZERO_RANGE;
		break;
	case ZERO_STEP_WRITE:
		io->op = LOOP_IO_WRITEV;
		if (left >= ZERO_BUFFER_BYTES) {
			io->iov = zero_iov;
			io->nr_iov = left / ZERO_BUFFER_BYTES < ZERO_NR_IOV ? left / ZERO_BUFFER_BYTES : ZERO_NR_IOV;
		} else {
			request->piece = (struct iovec){ zeros, left };
			io->iov = &request->piece;
			io->nr_iov = 1;
		}
		break;
	}
	loop_io_submit(raw->loop, io);
}

static void zeroes_done(struct loop_io *io, int result)
{
	struct block_request *request = request_of(io);
	struct block_raw *raw = (struct block_raw *)request->block;

	if (result == -EINTR || result == -EAGAIN) {
		zeroes_try(raw, request);
		return;
	}
	if (is_refusal(result) && request->step != ZERO_STEP_WRITE) {
		if (request->step == ZERO_STEP_PUNCH)
			raw->can_punch = false;
		else
			raw->can_zero_range = false;
		zeroes_try(raw, request);
		return;
	}
	if (request->step == ZERO_STEP_WRITE && result >= 0) {
		if (result == 0)
			result = -EIO;
		else
			request->transferred += (uint64_t)result;
		if (result > 0 && request->transferred < request->length) {
			zeroes_try(raw, request);
			return;
		}
	}
	request->done(request, result < 0 ? result : 0);
}

void block_zero_submit(struct block_raw *raw, struct block_request *request)
{
	if (request->op == BLOCK_SECURE_ERASE && !raw->block.geometry.can_secure_erase) {
		block_done_later(raw->loop, request, -EOPNOTSUPP);
		return;
	}
	if (request->op == BLOCK_DISCARD || request->op == BLOCK_SECURE_ERASE) {
		discard_submit(raw, request);
		return;
	}
	request->step = request->op == BLOCK_WRITE_ZEROES_UNMAP ? ZERO_STEP_PUNCH : ZERO_STEP_RANGE;
	zeroes_try(raw, request);
}
