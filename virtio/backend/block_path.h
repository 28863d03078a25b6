/* From a path to an open, checked and locked descriptor. */
#ifndef VIRTIO_BACKEND_BLOCK_PATH_H
#define VIRTIO_BACKEND_BLOCK_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "virtio/backend/block.h"

struct block_file {
	int fd;
	bool is_device;
	bool direct; /* opened with O_DIRECT */
	uint64_t size_bytes; /* not 0; a multiple of BLOCK_SECTOR_BYTES unless the options say QCOW2 */
};

/* Errors as block_open(): one line is logged. Control thread. */
__attribute__((warn_unused_result)) int block_path_open(const struct block_options *options, struct block_file *file);

#endif
