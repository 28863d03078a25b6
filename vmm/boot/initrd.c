#include "vmm/boot/initrd.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/boot/load.h"

#define PAGE_BYTES 4096

/* How far below the highest place the loader's initrd may begin: it starts at a huge page where it can. */
#define SLACK_BYTES (UINT64_C(2) << 20)

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

static int no_room(const struct boot_request *request, uint64_t size_bytes)
{
	log_error("initrd %s has %llu MiB and does not fit the guest's %llu MiB of memory; raise --memory",
		  request->initrd_path, (unsigned long long)((size_bytes + (1u << 20) - 1) >> 20),
		  (unsigned long long)(guest_memory_size(request->memory) >> 20));
	return -E2BIG;
}

/* Whether an initrd at `base` is no worse off than at `best`: to move it would only take time. */
static bool may_stay(const struct place *place, gpa_t base, uint64_t size_bytes, gpa_t limit, gpa_t best)
{
	return base % PAGE_BYTES == 0 && size_bytes <= limit && base <= limit - size_bytes &&
	       place_is_free(place, base, size_bytes) && base >= align_down(best, SLACK_BYTES);
}

int initrd_place(const struct boot_request *request, struct place *place, gpa_t limit, struct initrd *initrd)
{
	const struct boot_loaded *loaded = request->loaded;
	int ret;

	*initrd = (struct initrd){ 0 };
	if (loaded ? loaded->initrd_bytes == 0 : request->initrd_fd < 0)
		return 0;
	if (!loaded) {
		ret = open_initrd(request, &initrd->source);
		if (ret)
			return ret;
	}
	initrd->size_bytes = loaded ? loaded->initrd_bytes : initrd->source.size_bytes;
	if (limit > PLACE_LIMIT)
		limit = PLACE_LIMIT;
	ret = place_highest(place, initrd->size_bytes, PAGE_BYTES, limit, &initrd->base);
	if (ret)
		return no_room(request, initrd->size_bytes);
	if (loaded && may_stay(place, loaded->initrd, initrd->size_bytes, limit, initrd->base))
		initrd->base = loaded->initrd;
	place_take(place, initrd->base, initrd->size_bytes);
	return 0;
}

/* The loader's initrd may overlap its place. */
static int move(const struct boot_request *request, const struct initrd *initrd)
{
	const void *from = guest_memory_at(request->memory, request->loaded->initrd, initrd->size_bytes);
	void *to = guest_memory_at(request->memory, initrd->base, initrd->size_bytes);

	if (!from || !to)
		return -EFAULT;
	if (from != to)
		memmove(to, from, initrd->size_bytes);
	return 0;
}

int initrd_load(const struct boot_request *request, const struct initrd *initrd)
{
	const struct load_range whole = { initrd->base, 0, initrd->size_bytes };
	int ret;

	if (initrd->size_bytes == 0)
		return 0;
	if (request->loaded)
		ret = move(request, initrd);
	else
		ret = load_ranges(&initrd->source, request->memory, &whole, 1);
	if (ret)
		log_error("cannot read initrd %s: %s", request->initrd_path, strerror(-ret));
	return ret;
}
