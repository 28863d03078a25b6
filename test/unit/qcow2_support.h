/* Small qcow2 images as files and as disks. */
#ifndef TEST_UNIT_QCOW2_SUPPORT_H
#define TEST_UNIT_QCOW2_SUPPORT_H

#include <stddef.h>
#include <stdint.h>

#include "test/unit/block_support.h"
#include "test/unit/qcow2_tiny.h"

/* Writes it to a file of its own, which is removed with the test. */
void tiny_save(struct tiny *tiny);
/* Reads back what the file holds now. */
void tiny_load(struct tiny *tiny);

/* Saves it, opens it, and expects the error and one line that holds `text`; the file must not have changed. */
void tiny_must_be_refused(struct tiny *tiny, bool read_only, int error, const char *text);

/* A disk on a loop that nobody else runs. */
struct tiny_disk {
	struct loop *loop;
	struct block *block;
};

void tiny_open(struct tiny *tiny, const struct block_options *options, struct tiny_disk *disk);
void tiny_close(struct tiny_disk *disk);
/* One request of `length` bytes of `byte`. */
int tiny_write(struct tiny_disk *disk, uint64_t offset, uint8_t byte, uint64_t length);
/* All bytes of the range are `byte`. */
void tiny_expect(struct tiny_disk *disk, uint64_t offset, uint8_t byte, uint64_t length);

#endif
