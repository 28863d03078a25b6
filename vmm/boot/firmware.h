/* Puts the loader into guest memory: what starts where no kernel is named, and finds one on the disks. */
#ifndef VMM_BOOT_FIRMWARE_H
#define VMM_BOOT_FIRMWARE_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/abi/loader.h"
#include "vmm/boot/boot.h"

struct firmware_request {
	const struct guest_memory *memory;
	gpa_t low_base; /* BOOT_LOW_BYTES, page-aligned, below LOADER_BASE */
	/* What the loader is told; magic, version and the strings' places are firmware_place()'s. */
	struct loader_info info;
	const char *entry; /* NULL: what the disk's configuration says */
	const char *append; /* NULL: nothing */
};

/* Unpacks the loader (firmware/abi/image.h: a zstd stream, then the unpacked size, 32 bits) to its place. 0; -EBADMSG
 * if the image is damaged, or -EFAULT, logged. Any thread. */
__attribute__((warn_unused_result)) int firmware_unpack(const struct guest_memory *memory, const uint8_t *image,
							size_t image_bytes);

/* Writes what the loader is told and what the CPU needs to low memory. 0; -E2BIG if the strings are too long, or
 * -EFAULT, all logged. Control thread. */
__attribute__((warn_unused_result)) int firmware_place(const struct firmware_request *request,
						       struct boot_entry *entry);

#endif
