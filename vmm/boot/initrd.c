#include "vmm/boot/initrd.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/boot/load.h"

#define PAGE_BYTES 4096

static int open_initrd(const struct boot_request *request, struct source *src)
{
	int ret = source_from_fd(request->initrd_fd, src);

	if (ret == -EINVAL)
		log_error("initrd %s is not a regular file; give an initrd file", request->initrd_path);
	else if (ret)
		log_error("cannot read initrd %s: %s", request->initrd_path, strerror(-ret));
	else if (src->size_bytes == 0) {
		log_error("initrd %s is empty; give an initrd file or leave --initrd out", request->initrd_path);
		ret = -EBADMSG;
	}
	return ret;
}

int initrd_place(const struct boot_request *request, struct place *place, gpa_t limit, struct initrd *initrd)
{
	struct source src;
	int ret;

	*initrd = (struct initrd){ 0 };
	if (request->initrd_fd < 0)
		return 0;
	ret = open_initrd(request, &src);
	if (ret)
		return ret;
	if (limit > PLACE_LIMIT)
		limit = PLACE_LIMIT;
	ret = place_highest(place, src.size_bytes, PAGE_BYTES, limit, &initrd->base);
	if (ret) {
		log_error("initrd %s has %llu MiB and does not fit the guest's %llu MiB of memory; raise --memory",
			  request->initrd_path, (unsigned long long)((src.size_bytes + (1u << 20) - 1) >> 20),
			  (unsigned long long)(guest_memory_size(request->memory) >> 20));
		return ret;
	}
	ret = load_ranges(&src, request->memory, &(struct load_range){ initrd->base, 0, src.size_bytes }, 1);
	if (ret) {
		log_error("cannot read initrd %s: %s", request->initrd_path, strerror(-ret));
		return ret;
	}
	initrd->size_bytes = src.size_bytes;
	place_take(place, initrd->base, initrd->size_bytes);
	return 0;
}
