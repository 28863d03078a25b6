/* Where a disk's bytes are: opened early, checked, locked; then attached to a device's loop.
 *
 * A backend is a `struct block` with a const table of operations, so that formats stack: an overlay or a qcow2 image
 * holds the blocks below it and sends them requests. Opening happens on the control thread, everything else on the
 * loop's thread. */
#ifndef VIRTIO_BACKEND_BLOCK_H
#define VIRTIO_BACKEND_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/core/loop.h"

#define BLOCK_SECTOR_BYTES 512

enum block_cache {
	BLOCK_CACHE_AUTO, /* direct for block devices, writeback for files */
	BLOCK_CACHE_DIRECT, /* O_DIRECT */
	BLOCK_CACHE_WRITEBACK, /* through the page cache; a flush is still fdatasync(2) */
};

enum block_format {
	BLOCK_FORMAT_AUTO, /* qcow2 if the name ends so, else raw; a raw file that begins as qcow2 does is refused */
	BLOCK_FORMAT_RAW,
	BLOCK_FORMAT_QCOW2,
};

/* Where what is written goes, if not to `path` itself. */
enum block_overlay {
	BLOCK_OVERLAY_NONE,
	BLOCK_OVERLAY_TEMPORARY, /* a file without a name, gone at exit however mote ends */
	BLOCK_OVERLAY_KEEP, /* block_options.overlay_path, made if it is not there */
};

struct block_options {
	const char *path; /* a regular file or a block device */
	bool read_only;
	enum block_cache cache;
	bool discard; /* pass discards on, and let zeroes give space back; false: the space stays taken */
	enum block_format format;
	enum block_overlay overlay; /* anything but NONE: `path` is opened read-only and never changes */
	const char *overlay_path; /* KEEP: the overlay's file; TEMPORARY: the folder it lies in, NULL: $TMPDIR */
	uint32_t logical_block_bytes; /* 0: the device's own, 512 for files; 4096: at least that */
};

/* What the device shows to its driver. Constant after block_attach(), but for the size: see block_refresh(). */
struct block_geometry {
	uint64_t size_bytes; /* a multiple of the logical block */
	uint32_t logical_block_bytes; /* 512 or 4096 */
	uint32_t physical_block_bytes;
	uint32_t min_io_bytes; /* 0: unknown */
	uint32_t opt_io_bytes; /* 0: unknown */
	uint32_t buffer_align; /* alignment of memory that spares a copy (O_DIRECT); 1 if any does */
	bool read_only;
	bool can_discard; /* measured on this file and engine, not assumed */
	bool can_write_zeroes;
	bool zeroes_may_unmap; /* write-zeroes with unmap gives the space back */
	bool can_secure_erase; /* a device that erases for good (BLKSECDISCARD) */
	uint32_t discard_granularity_bytes;
	uint64_t max_discard_bytes;
	uint64_t max_write_zeroes_bytes;
	uint64_t max_secure_erase_bytes;
	uint32_t max_segments; /* iovecs a request */
	uint32_t merge_bytes; /* neighbouring transfers go better as one, up to so many bytes; 0: each on its own */
};

struct block;

/* Opens and locks the disk: shared for readers, exclusive for writers (OFD or flock locks on files and devices, O_EXCL
 * on block devices that are mounted). On failure logs one line and returns -ENOENT, -EISDIR, -EACCES, -EBUSY (locked or
 * in use: by whom if it can be known), -EINVAL (size not a multiple of 512, or empty), -ENOTSUP (not a file or block
 * device), or the errno of open(2). Nothing on the disk has changed. */
__attribute__((warn_unused_result)) int block_open(const struct block_options *options, struct block **out);
void block_close(struct block *block);
const struct block_geometry *block_geometry(const struct block *block);
/* For --verbose and errors: "vg0/web1 (block device, O_DIRECT)". */
const char *block_description(const struct block *block);

/* Gives the disk to a loop: registers its file, learns what the engine can do. 0 or a negative errno. */
__attribute__((warn_unused_result)) int block_attach(struct block *block, struct loop *loop);
/* No request is in flight. */
void block_detach(struct block *block);

/* Looks whether the disk has grown (lvextend, truncate): 1 if geometry.size_bytes is larger now, 0 if not, or a
 * negative errno. A disk never shrinks under its guest: one that has become shorter keeps its size, and fails beyond
 * its end. Loop's thread. */
__attribute__((warn_unused_result)) int block_refresh(struct block *block);

enum block_op {
	BLOCK_READ,
	BLOCK_WRITE,
	BLOCK_WRITE_DURABLE, /* on the disk when it completes */
	BLOCK_FLUSH,
	BLOCK_DISCARD,
	BLOCK_WRITE_ZEROES,
	BLOCK_WRITE_ZEROES_UNMAP,
	BLOCK_SECURE_ERASE,
};

/* One request, embedded in its owner. The caller has checked that [offset, offset + length) lies inside the disk, is a
 * multiple of the logical block, and that the iovecs hold exactly `length` bytes. A format may send the request on to
 * the block below as it is, with another offset: the owner finds `offset` and `block` changed when it is done. */
struct block_request {
	enum block_op op;
	uint64_t offset;
	uint64_t length;
	struct iovec *iov; /* consumed: the backend advances it over short transfers */
	unsigned int nr_iov;
	/* 0 or a negative errno; on the loop's thread, never from inside block_submit(). */
	void (*done)(struct block_request *request, int result);
	/* the backend's */
	struct block *block;
	struct loop_io io;
	uint64_t transferred;
	void *bounce; /* aligned stand-in for the guest's buffers */
	struct iovec piece; /* of the bounce buffer, or of zeros */
	struct block_request *next; /* waiting for a bounce buffer */
	unsigned int step; /* which way of zeroing is being tried */
	unsigned int nr_retries;
};

/* Starts the request; it joins the batch of the loop's turn. Never fails: errors come back through `done`. */
void block_submit(struct block *block, struct block_request *request);

/* Requests that a rate limit holds back are done at once, with -ECANCELED and nothing carried out; those that are with
 * the disk are not touched. For the drain before a reset. Loop's thread. */
void block_cancel(struct block *block);

#endif
