/* The loader as it is linked into the VMM: compressed as a bzImage's payload is, by zstd, with the unpacked size in 32
 * bits behind the stream. */
#ifndef FIRMWARE_ABI_IMAGE_H
#define FIRMWARE_ABI_IMAGE_H

#include <stdint.h>

extern const uint8_t loader_image[];
extern const uint8_t loader_image_end[];

#endif
