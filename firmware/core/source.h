/* Bytes that can be read: a disk, a partition of it, a logical volume. */
#ifndef FIRMWARE_CORE_SOURCE_H
#define FIRMWARE_CORE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in whoever provides the bytes. */
struct source {
	/* Reads `len` bytes at `offset`; the range lies inside size_bytes. 0 or FW_EIO. */
	int (*read)(struct source *source, uint64_t offset, void *buf, size_t len);
	uint64_t size_bytes;
	char name[64]; /* for messages: "vda2", "vg0/root" */
};

/* Reads exactly `len` bytes. 0, FW_EIO, or FW_ECORRUPT if the range leaves the source, which is what an offset found on
 * a disk may do. */
__attribute__((warn_unused_result)) int source_read(struct source *source, uint64_t offset, void *buf, size_t len);

#endif
