/* A loop, a disk and a stream for tests of virtio devices: one thread, and nothing happens until the test turns the
 * loop.
 *
 * They implement vmm/core/loop.h, vmm/core/stream.h and virtio/backend/block.h in place of the real ones. */
#ifndef TEST_UNIT_VIRTIO_FAKES_H
#define TEST_UNIT_VIRTIO_FAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtio/backend/block.h"
#include "virtio/core/device.h"
#include "vmm/core/loop.h"
#include "vmm/core/stream.h"

/* --- the loop --- */

struct loop *fake_loop_create(void);
void fake_loop_destroy(struct loop *loop);
/* One turn: what is signalled and complete now, then the deferred tasks. */
void fake_loop_turn(struct loop *loop);
/* Turns until an eventfd is no longer signalled and nothing completes, at most `limit` times; the number of turns. */
unsigned int fake_loop_settle(struct loop *loop, unsigned int limit);
unsigned int fake_loop_nr_events(const struct loop *loop);
/* Called each turn; returns whether it did anything. */
void fake_loop_set_source(struct loop *loop, bool (*source)(void *arg), void *arg);

/* --- the disk: memory, with a second copy of what is durable --- */

#define FAKE_BLOCK_SUBMISSIONS 128

/* A request as the device gave it. */
struct fake_submission {
	enum block_op op;
	uint64_t offset, length;
	unsigned int nr_iov;
};

struct fake_block {
	struct block_geometry geometry;
	uint8_t *data;
	uint8_t *stable; /* what a crash would leave */
	bool attached;
	bool hold; /* completes nothing while set */
	bool newest_first; /* completes in reverse order */
	int fail_with; /* a negative errno: the next completion's result */
	int fail_all_with; /* the result of all, until it is 0 again */
	uint64_t bad_offset, bad_bytes; /* what touches this range fails with -EIO */
	void (*on_submit)(void); /* what else happens when the device submits; NULL: nothing */
	bool consumes_on_failure; /* what fails has advanced the iovecs */
	uint64_t grown_bytes; /* the size that block_refresh() finds */
	int refresh_rc; /* what it returns if that is no more than before */
	unsigned int nr_cancels;
	unsigned int nr_carried_out;
	unsigned int nr_submitted;
	unsigned int nr_in_flight;
	unsigned int nr_of[BLOCK_SECURE_ERASE + 1];
	unsigned int max_in_flight;
	struct fake_submission submissions[FAKE_BLOCK_SUBMISSIONS]; /* the first of them */
};

/* Default geometry: `size_bytes`, 512-byte blocks, everything possible. The test may change it before it is attached.
 */
struct block *fake_block_create(uint64_t size_bytes);
struct fake_block *fake_block_of(struct block *block);
/* Completes one request, or none if there is none; true if one was. */
bool fake_block_complete(struct block *block);
/* What block_close() does. */
void fake_block_destroy(struct block *block);
/* For fake_loop_set_source(): completes what is in flight now unless held. */
bool fake_block_source(void *block);

/* --- the stream --- */

struct fake_stream {
	uint8_t output[1 << 16]; /* the first bytes of it */
	size_t nr_output;
	size_t room; /* bytes that stream_write_some() still takes */
	bool owes_writable;
	const uint8_t *input;
	size_t nr_input;
	unsigned int nr_wanted; /* calls of stream_want_input() */
	struct stream_user user;
};

struct stream *fake_stream_create(void);
struct fake_stream *fake_stream_of(struct stream *stream);
void fake_stream_destroy(struct stream *stream);
/* Gives input and calls `readable`. */
void fake_stream_type(struct stream *stream, const void *bytes, size_t len);
/* Makes room for `len` bytes of output, and calls `writable` if the device waits for it. */
void fake_stream_drain(struct stream *stream, size_t len);

/* --- the transport --- */

struct fake_transport {
	unsigned int nr_interrupts[VIRTIO_MAX_QUEUES];
	unsigned int nr_config;
	unsigned int nr_needs_reset;
};

extern const struct virtio_transport_ops fake_transport_ops;
void fake_transport_connect(struct fake_transport *transport, struct virtio_device *dev,
			    const struct guest_memory *memory);

#endif
