/* The initial RAM disk. */
#ifndef VMM_BOOT_INITRD_H
#define VMM_BOOT_INITRD_H

#include "vmm/boot/boot.h"
#include "vmm/boot/place.h"
#include "vmm/boot/source.h"

struct initrd {
	gpa_t base;
	uint64_t size_bytes; /* 0: none */
	struct source source; /* unless it is in guest memory already */
};

/* Finds the request's initrd, if there is one, the highest page-aligned place that ends at or below `limit`, and takes
 * that. One that the loader has left near there stays where it is. 0; -E2BIG (does not fit), -EBADMSG (empty), -EINVAL
 * (not a regular file) or fstat's errno, all logged. */
__attribute__((warn_unused_result)) int initrd_place(const struct boot_request *request, struct place *place,
						     gpa_t limit, struct initrd *initrd);

/* Puts its bytes there. 0, -EFAULT or an I/O errno, logged. */
__attribute__((warn_unused_result)) int initrd_load(const struct boot_request *request, const struct initrd *initrd);

#endif
