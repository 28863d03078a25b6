#include "vmm/boot/boot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/boot/cmdline.h"
#include "vmm/boot/initrd.h"
#include "vmm/boot/kaslr.h"
#include "vmm/boot/keep.h"
#include "vmm/boot/linux.h"
#include "vmm/boot/load.h"
#include "vmm/boot/open.h"
#include "vmm/boot/place.h"
#include "vmm/boot/pvh.h"
#include "vmm/boot/relocs.h"

#define LOW_MEMORY_END 0x100000
#define PAGE_BYTES 4096
#define NO_KASLR "nokaslr" /* the kernel's own parameter */

struct boot_kernel {
	struct opened_kernel opened;
};

static int check_request(const struct boot_request *request)
{
	if (request->low_base % PAGE_BYTES || request->low_size_bytes < BOOT_LOW_BYTES ||
	    !range_contains(0, LOW_MEMORY_END, request->low_base, request->low_size_bytes) ||
	    !guest_memory_at(request->memory, request->low_base, request->low_size_bytes) ||
	    request->nr_e820 > BOOT_E820_MAX) {
		log_error("the machine left no usable low memory to boot from");
		return -EINVAL;
	}
	return 0;
}

static bool enters_by_pvh(const struct opened_kernel *kernel)
{
	/* Linux has that entry too, but its 64-bit one takes a seed and skips the way through 32-bit mode. */
	return kernel->image.has_pvh && !kernel->image.is_linux;
}

static bool wants_kaslr(const struct boot_request *request)
{
	return request->kaslr && !cmdline_has(request->command_line, NO_KASLR);
}

static void note_kaslr(const struct boot_request *request, const struct opened_kernel *kernel,
		       const struct kaslr *kaslr)
{
	if (kernel->unpacks_itself || enters_by_pvh(kernel) || !request->kaslr)
		return;
	if (kaslr->is_random)
		log_info("kernel %s: addresses randomised", request->kernel_path);
	else if (wants_kaslr(request))
		log_info("kernel %s carries no relocations, so its addresses are not randomised", request->kernel_path);
}

/* Chooses and takes the kernel's place. */
static int place_kernel(const struct boot_request *request, const struct opened_kernel *kernel, struct place *place,
			struct kaslr *kaslr)
{
	const struct kernel_image *image = &kernel->image;
	uint64_t align = kernel->has_setup_header ? le32_get(kernel->bz.hdr.kernel_alignment) : 0;
	int ret;

	ret = kaslr_choose(place, image, align, wants_kaslr(request), kaslr);
	if (ret == -E2BIG) {
		log_error("kernel %s needs %llu MiB of memory at %#llx beside an initrd, and the guest has %llu MiB; "
			  "raise --memory",
			  request->kernel_path, (unsigned long long)((image->size_bytes + (1u << 20) - 1) >> 20),
			  (unsigned long long)image->link_base,
			  (unsigned long long)(guest_memory_size(request->memory) >> 20));
		return ret;
	}
	if (ret) {
		log_error("cannot choose an address for kernel %s: %s", request->kernel_path, strerror(-ret));
		return ret;
	}
	place_take(place, kaslr->base, image->size_bytes);
	return 0;
}

static int load_kernel(const struct boot_request *request, const struct opened_kernel *kernel,
		       const struct kaslr *kaslr)
{
	const struct kernel_image *image = &kernel->image;
	int ret;

	ret = load_extents(&kernel->source, image, request->memory, kaslr->base);
	if (!ret)
		ret = relocs_apply(&kernel->source, image, request->memory, kaslr->base, kaslr->delta);
	if (ret) {
		log_error("cannot load kernel %s: %s", request->kernel_path, strerror(-ret));
		return ret;
	}
	note_kaslr(request, kernel, kaslr);
	return 0;
}

/* The kernel finds memory above 1 MiB as fresh as if there had been no loader, but for the initrd. Below, only what
 * boot_load() uses is cleared: there all firmware leaves its traces, and no kernel minds. */
static int forget_loader(const struct boot_request *request, const struct initrd *initrd)
{
	int ret;

	request->loaded->memory_is_lost = true;
	ret = guest_memory_clear(request->memory, request->low_base, BOOT_LOW_BYTES);
	for (unsigned int i = 0; i < request->nr_e820 && !ret; i++) {
		gpa_t start = request->e820[i].base;
		gpa_t end = start + request->e820[i].size_bytes;

		if (request->e820[i].type != BOOT_E820_RAM || end <= LOW_MEMORY_END)
			continue;
		if (initrd->size_bytes && range_contains(start, end - start, initrd->base, initrd->size_bytes)) {
			ret = guest_memory_clear(request->memory, start, initrd->base - start);
			start = initrd->base + initrd->size_bytes;
		}
		if (!ret)
			ret = guest_memory_clear(request->memory, start, end - start);
	}
	if (ret)
		log_error("cannot clear the guest's memory: %s", strerror(-ret));
	return ret;
}

/* All is chosen: puts the bytes there. */
static int load(const struct boot_request *request, const struct opened_kernel *kernel, const struct kaslr *kaslr,
		const struct initrd *initrd)
{
	int ret;

	ret = initrd_load(request, initrd);
	if (!ret && request->loaded)
		ret = forget_loader(request, initrd);
	if (!ret && request->loaded && kaslr->base < LOW_MEMORY_END)
		ret = guest_memory_clear(request->memory, kaslr->base, kernel->image.size_bytes);
	if (!ret)
		ret = load_kernel(request, kernel, kaslr);
	return ret;
}

static int place_info(const struct boot_request *request, const struct opened_kernel *kernel, const struct kaslr *kaslr,
		      const struct initrd *initrd, struct boot_entry *entry)
{
	const struct bzimage *bz = kernel->has_setup_header ? &kernel->bz : NULL;
	const char *extra = kernel->unpacks_itself && !request->kaslr ? NO_KASLR : NULL;
	gpa_t command_line;
	int ret;

	ret = cmdline_place(request, linux_cmdline_limit(bz), extra, &command_line);
	if (ret)
		return ret;
	if (enters_by_pvh(kernel)) {
		ret = pvh_place(request, kernel->image.pvh_entry, command_line, initrd, entry);
	} else {
		struct linux_start start = {
			.bz = bz,
			.rip = kaslr->base + kernel->image.entry_offset,
			.command_line = command_line,
			.initrd = *initrd,
			.is_randomised = kaslr->is_random,
		};

		ret = linux_place(request, &start, entry);
	}
	if (ret)
		log_error("cannot prepare kernel %s: %s", request->kernel_path, strerror(-ret));
	return ret;
}

static int load_all(const struct boot_request *request, struct opened_kernel *kernel, struct boot_entry *entry,
		    struct boot_keep **keep)
{
	struct initrd initrd;
	struct kaslr kaslr;
	struct place place;
	int ret;

	place_init(&place, request);
	/* The initrd first: it goes as high as it can, and the kernel then chooses among what is left. */
	ret = initrd_place(request, &place, linux_initrd_limit(kernel->has_setup_header ? &kernel->bz : NULL), &initrd);
	if (!ret)
		ret = place_kernel(request, kernel, &place, &kaslr);
	if (!ret)
		ret = load(request, kernel, &kaslr, &initrd);
	if (!ret)
		ret = place_info(request, kernel, &kaslr, &initrd, entry);
	if (ret)
		return ret;
	boot_keep_start(kernel->keep);
	*keep = kernel->keep;
	kernel->keep = NULL;
	return 0;
}

int boot_load(const struct boot_request *request, struct boot_entry *entry, struct boot_keep **keep)
{
	struct opened_kernel kernel;
	int ret;

	*keep = NULL;
	ret = check_request(request);
	if (ret)
		return ret;
	if (request->loaded)
		return load_all(request, &request->loaded->taken->opened, entry, keep);
	ret = kernel_open(request, &kernel);
	if (ret)
		return ret;
	ret = load_all(request, &kernel, entry, keep);
	kernel_close(&kernel);
	return ret;
}

int boot_take(const struct boot_request *request, struct boot_kernel **taken)
{
	struct boot_kernel *kernel = malloc(sizeof(*kernel));
	int ret;

	if (!kernel)
		return -ENOMEM;
	ret = kernel_open(request, &kernel->opened);
	if (ret) {
		free(kernel);
		return ret;
	}
	*taken = kernel;
	return 0;
}

void boot_kernel_free(struct boot_kernel *taken)
{
	if (!taken)
		return;
	kernel_close(&taken->opened);
	free(taken);
}
