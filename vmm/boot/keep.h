/* Keeps an unpacked kernel in the cache while the guest that it was unpacked for runs already. */
#ifndef VMM_BOOT_KEEP_H
#define VMM_BOOT_KEEP_H

#include "vmm/boot/cache.h"
#include "vmm/boot/kernel.h"
#include "vmm/boot/scratch.h"

struct boot_keep;

/* Takes over the cache and both buffers, which it will give back, and leaves zeroed ones. NULL, with nothing taken, if
 * there is no cache that wants the kernel, or no memory. Control thread. */
struct boot_keep *boot_keep_create(struct cache *cache, struct scratch *packed, struct scratch *unpacked,
				   const struct kernel_image *image);

/* Begins, on a thread of its own with low priority: the guest's first seconds go first. NULL is fine. Once. */
void boot_keep_start(struct boot_keep *keep);

#endif
