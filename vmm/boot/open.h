/* From the file that the user gave to a kernel that can be placed. */
#ifndef VMM_BOOT_OPEN_H
#define VMM_BOOT_OPEN_H

#include <stdbool.h>

#include "vmm/boot/boot.h"
#include "vmm/boot/bzimage.h"
#include "vmm/boot/kernel.h"
#include "vmm/boot/scratch.h"
#include "vmm/boot/source.h"

struct opened_kernel {
	struct kernel_image image;
	struct source source; /* of the image's extents and relocations */
	bool has_setup_header;
	struct bzimage bz; /* if has_setup_header */
	bool unpacks_itself; /* the image is a bzImage's protected-mode part, decompressor and all */
	/* What backs the source: one of these, or, if there is none, the kernel's own file. */
	struct scratch unpacked;
	struct boot_keep *keep; /* not started; owns unpacked bytes that the cache wants */
	int cache_fd; /* or -1 */
};

/* Recognises the request's kernel, unpacks it or finds it unpacked in the cache, and describes what to load. On success
 * the caller owns *opened. On failure it has logged why; errors as boot_load(). Control thread. */
__attribute__((warn_unused_result)) int kernel_open(const struct boot_request *request, struct opened_kernel *opened);

/* Gives unpacked bytes and the cache's file back. The keep goes with them, unless it was taken out. */
void kernel_close(struct opened_kernel *opened);

#endif
