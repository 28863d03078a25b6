#include "vmm/boot/keep.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"
#include "vmm/boot/boot.h"

/* Behind everything that the guest waits for. */
#define KEEP_NICE 10

/* Owned by whoever created it until it is started, then by the thread, and again by the creator when that has ended. */
struct boot_keep {
	struct cache cache;
	struct scratch packed;
	struct scratch unpacked;
	struct kernel_image image;
	bool started;
	pthread_t thread;
};

struct boot_keep *boot_keep_create(struct cache *cache, struct scratch *packed, struct scratch *unpacked,
				   const struct kernel_image *image)
{
	struct boot_keep *keep = cache_wants(cache) ? calloc(1, sizeof(*keep)) : NULL;

	if (!keep)
		return NULL;
	*keep = (struct boot_keep){ .cache = *cache, .packed = *packed, .unpacked = *unpacked, .image = *image };
	/* The caller closes its own before this is done. Without one, no link is made. */
	keep->cache.kernel_fd = fcntl(cache->kernel_fd, F_DUPFD_CLOEXEC, 0);
	*cache = (struct cache){ .dir = -1 };
	*packed = *unpacked = (struct scratch){ 0 };
	return keep;
}

/* At once, not at the VM's end: an unpacked kernel is tens of megabytes. */
static void give_back(struct boot_keep *keep)
{
	scratch_unmap(&keep->packed);
	scratch_unmap(&keep->unpacked);
	fd_close(&keep->cache.kernel_fd);
	cache_close(&keep->cache);
}

static void *run(void *arg)
{
	struct boot_keep *keep = arg;

	/* On Linux a thread's own, and refused by nobody. */
	(void)setpriority(PRIO_PROCESS, 0, KEEP_NICE);
	cache_store(&keep->cache, keep->packed.data, keep->unpacked.data, &keep->image);
	give_back(keep);
	return NULL;
}

void boot_keep_start(struct boot_keep *keep)
{
	int ret;

	if (!keep)
		return;
	ret = thread_start(&keep->thread, "keep", run, keep);
	keep->started = ret == 0;
	if (ret)
		log_info("kernel not kept in the cache: no thread for it");
}

void boot_keep_finish(struct boot_keep *keep)
{
	if (!keep)
		return;
	if (keep->started)
		pthread_join(keep->thread, NULL);
	else
		give_back(keep);
	free(keep);
}
