#include "virtio/backend/block_raw.h"

#include <errno.h>
#include <limits.h>
#include <linux/fs.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "virtio/backend/block_format.h"
#include "virtio/backend/block_geometry.h"
#include "virtio/backend/block_iov.h"
#include "virtio/backend/block_lock.h"
#include "vmm/base/checked.h"
#include "vmm/base/container_of.h"
#include "vmm/base/fd.h"

/* A transfer that the kernel keeps putting off is an error in the end. */
#define MAX_RETRIES 64

static struct block_request *request_of(struct loop_io *io)
{
	return container_of(io, struct block_request, io);
}

static void transfer_done(struct loop_io *io, int result);

/* Sends off what is left of the transfer: the guest's buffers, or the next piece through the bounce buffer. */
static void transfer_submit(struct block_raw *raw, struct block_request *request)
{
	uint64_t left = request->length - request->transferred;
	struct loop_io *io = &request->io;

	io->op = request->op == BLOCK_READ    ? LOOP_IO_READV
		 : request->op == BLOCK_WRITE ? LOOP_IO_WRITEV
					      : LOOP_IO_WRITEV_DSYNC;
	io->file = raw->index;
	io->offset = request->offset + request->transferred;
	io->done = transfer_done;
	if (request->bounce != NULL) {
		request->piece.iov_base = request->bounce;
		request->piece.iov_len = left < BLOCK_BOUNCE_BYTES ? left : BLOCK_BOUNCE_BYTES;
		if (request->op != BLOCK_READ)
			block_iov_gather(request->iov, request->bounce, request->piece.iov_len);
		io->iov = &request->piece;
		io->nr_iov = 1;
	} else {
		io->iov = request->iov;
		io->nr_iov = request->nr_iov < IOV_MAX ? request->nr_iov : IOV_MAX;
	}
	loop_io_submit(raw->loop, io);
}

static void transfer_finish(struct block_raw *raw, struct block_request *request, int result)
{
	struct block_request *next = NULL;

	if (request->bounce != NULL)
		next = block_bounce_put(&raw->bounce, request);
	if (next != NULL)
		transfer_submit(raw, next);
	request->done(request, result);
}

static void transfer_bounced(struct block_raw *raw, struct block_request *request)
{
	int rc = block_bounce_get(&raw->bounce, request);

	if (rc == 0)
		transfer_submit(raw, request);
	else if (rc != -EAGAIN)
		block_done_later(raw->loop, request, rc);
}

static void transfer_done(struct loop_io *io, int result)
{
	struct block_request *request = request_of(io);
	struct block_raw *raw = (struct block_raw *)request->block;
	uint64_t bytes;

	if ((result == -EINTR || result == -EAGAIN) && request->nr_retries++ < MAX_RETRIES) {
		transfer_submit(raw, request);
		return;
	}
	/* More alignment was needed than the kernel had told. */
	if (result == -EINVAL && raw->file.direct && request->bounce == NULL) {
		transfer_bounced(raw, request);
		return;
	}
	if (result < 0) {
		transfer_finish(raw, request, result);
		return;
	}
	/* An O_DIRECT transfer can only go on at a block. */
	bytes = raw->file.direct ? align_down((uint64_t)result, raw->block.geometry.logical_block_bytes)
				 : (uint64_t)result;
	if (bytes == 0) { /* the file has become shorter than the disk */
		transfer_finish(raw, request, -EIO);
		return;
	}
	if (request->bounce != NULL && request->op == BLOCK_READ)
		block_iov_scatter(request->iov, request->bounce, bytes);
	request->transferred += bytes;
	if (request->transferred == request->length) {
		transfer_finish(raw, request, 0);
		return;
	}
	block_iov_advance(&request->iov, &request->nr_iov, bytes);
	transfer_submit(raw, request);
}

static void simple_done(struct loop_io *io, int result)
{
	struct block_request *request = request_of(io);

	request->done(request, result < 0 ? result : 0);
}

static void simple_submit(struct block_raw *raw, struct block_request *request, enum loop_io_op op)
{
	request->io.op = op;
	request->io.file = raw->index;
	request->io.done = simple_done;
	loop_io_submit(raw->loop, &request->io);
}

static void raw_submit(struct block *block, struct block_request *request)
{
	struct block_raw *raw = (struct block_raw *)block;
	const struct block_geometry *geometry = &block->geometry;

	switch (request->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
	case BLOCK_WRITE_DURABLE:
		if (request->length == 0)
			simple_submit(raw, request, LOOP_IO_NOP);
		else if (raw->file.direct &&
			 !block_iov_is_aligned(request->iov, request->nr_iov, geometry->buffer_align,
					       geometry->logical_block_bytes))
			transfer_bounced(raw, request);
		else
			transfer_submit(raw, request);
		break;
	case BLOCK_FLUSH:
		simple_submit(raw, request, LOOP_IO_FDATASYNC);
		break;
	case BLOCK_DISCARD:
	case BLOCK_WRITE_ZEROES:
	case BLOCK_WRITE_ZEROES_UNMAP:
	case BLOCK_SECURE_ERASE:
		if (request->length == 0)
			simple_submit(raw, request, LOOP_IO_NOP);
		else
			block_zero_submit(raw, request);
		break;
	}
}

static int raw_attach(struct block *block, struct loop *loop)
{
	struct block_raw *raw = (struct block_raw *)block;
	int index = loop_file_register(loop, raw->file.fd);

	if (index < 0)
		return index;
	raw->loop = loop;
	raw->index = index;
	return 0;
}

static void raw_detach(struct block *block)
{
	struct block_raw *raw = (struct block_raw *)block;

	if (raw->loop == NULL)
		return;
	loop_file_unregister(raw->loop, raw->index);
	raw->loop = NULL;
	raw->index = -1;
	block_bounce_fini(&raw->bounce);
}

/* How long the disk is now. 0 if that can't be known. */
static uint64_t size_now(const struct block_file *file)
{
	uint64_t size_bytes;
	struct stat st;

	if (file->is_device)
		return ioctl(file->fd, BLKGETSIZE64, &size_bytes) == 0 ? size_bytes : 0;
	return fstat(file->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int raw_refresh(struct block *block)
{
	struct block_raw *raw = (struct block_raw *)block;
	uint64_t size_bytes = align_down(size_now(&raw->file), block->geometry.logical_block_bytes);

	if (size_bytes <= block->geometry.size_bytes)
		return 0;
	raw->file.size_bytes = size_bytes;
	block->geometry.size_bytes = size_bytes;
	return 1;
}

static void raw_close(struct block *block)
{
	struct block_raw *raw = (struct block_raw *)block;

	/* At once, and not when the last of the ring's references to the file goes. */
	block_unlock(raw->file.fd);
	fd_close(&raw->file.fd);
	free(raw);
}

static const struct block_ops block_raw_ops = {
	.attach = raw_attach,
	.detach = raw_detach,
	.submit = raw_submit,
	.refresh = raw_refresh,
	.close = raw_close,
};

/* "vg0/web1 (block device, O_DIRECT)" */
static void describe(struct block_raw *raw, const struct block_options *options)
{
	const char *name = options->path;
	size_t len;

	if (raw->file.is_device && strncmp(name, "/dev/", 5) == 0)
		name += 5;
	/* A long path's end says more than its beginning. */
	len = strlen(name);
	snprintf(raw->block.description, sizeof(raw->block.description), "%s%s (%s, %s%s)", len > 72 ? "..." : "",
		 len > 72 ? name + len - 72 : name, raw->file.is_device ? "block device" : "file",
		 raw->file.direct ? "O_DIRECT" : "page cache", options->read_only ? ", read-only" : "");
}

int block_raw_create(const struct block_options *options, const struct block_file *file, struct block **out)
{
	struct block_raw *raw = calloc(1, sizeof(*raw));
	int rc;

	if (raw == NULL)
		return -ENOMEM;
	raw->block.ops = &block_raw_ops;
	raw->file = *file;
	raw->index = -1;
	rc = block_geometry_measure(options, file, &raw->block.geometry);
	if (rc < 0) {
		free(raw);
		return rc;
	}
	raw->can_punch = true;
	raw->can_zero_range = true;
	describe(raw, options);
	*out = &raw->block;
	return 0;
}

int block_raw_open(const struct block_options *options, struct block **out)
{
	struct block_file file;
	int rc;

	rc = block_path_open(options, &file);
	if (rc < 0)
		return rc;
	rc = block_format_check_raw(options, &file);
	if (rc < 0)
		goto close_file;
	rc = block_raw_create(options, &file, out);
	if (rc < 0)
		goto close_file;
	return 0;

close_file:
	fd_close(&file.fd);
	return rc;
}
