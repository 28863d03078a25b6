/* What the tests of the disks share. */
#ifndef TEST_UNIT_BLOCK_SUPPORT_H
#define TEST_UNIT_BLOCK_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "test/unit/loop_support.h"
#include "virtio/backend/block.h"

/* The last line logged as an error since block_log_catch(). */
extern char block_last_error[1024];
void block_log_catch(void);

/* Makes a file of that many bytes of noise, whose path the caller's `path` becomes; it is removed with the test. */
#define BLOCK_PATH_MAX 64
void block_make_disk(char path[BLOCK_PATH_MAX], uint64_t size_bytes);

/* Attaches the file to a free loop device with the logical block size, whose path `device` becomes; one at a time.
 * False, with a printed line, where that needs more rights than we have. */
bool block_make_device(const char *path, uint32_t logical_bytes, char device[BLOCK_PATH_MAX]);
/* Tells the device that its file has another size. */
void block_resize_device(void);
void block_free_device(void);

/* Opens, or fails the test. */
struct block *block_must_open(const struct block_options *options);

/* One request from submit to done, on a loop that nobody else runs: its result. */
int block_perform(struct loop *loop, struct block *block, enum block_op op, uint64_t offset, struct iovec *iov,
		  unsigned int nr_iov);
/* The same without buffers. */
int block_perform_range(struct loop *loop, struct block *block, enum block_op op, uint64_t offset, uint64_t length);

#endif
