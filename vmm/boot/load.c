#include "vmm/boot/load.h"

/* Copied rather than mapped from the file, even where its pages could be shared: the guest then runs on huge pages. Of
 * a mapped kernel it would fault in every 4 KiB that it touches, each an exit that costs more than copying those 4 KiB.
 */
int load_extents(const struct source *src, const struct kernel_image *kernel, const struct guest_memory *mem,
		 gpa_t base)
{
	for (uint32_t i = 0; i < kernel->nr_extents; i++) {
		const struct kernel_extent *e = &kernel->extents[i];
		int ret = source_load(src, mem, base + e->image_offset, e->size_bytes, e->source_offset);

		if (ret)
			return ret;
	}
	return 0;
}
