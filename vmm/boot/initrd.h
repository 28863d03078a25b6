/* The initial RAM disk. */
#ifndef VMM_BOOT_INITRD_H
#define VMM_BOOT_INITRD_H

#include "vmm/boot/boot.h"
#include "vmm/boot/place.h"

struct initrd {
	gpa_t base;
	uint64_t size_bytes; /* 0: none */
};

/* Reads the request's initrd, if there is one, to the highest page-aligned place that ends at or below `limit`, and
 * takes that. 0; -E2BIG (does not fit), -EBADMSG (empty), -EINVAL (not a regular file) or an I/O errno, all logged.
 * Control thread. */
__attribute__((warn_unused_result)) int initrd_place(const struct boot_request *request, struct place *place,
						     gpa_t limit, struct initrd *initrd);

#endif
