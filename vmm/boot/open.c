#include "vmm/boot/open.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/boot/cache.h"
#include "vmm/boot/elf.h"
#include "vmm/boot/image.h"
#include "vmm/boot/keep.h"
#include "vmm/boot/payload.h"
#include "vmm/boot/unpack.h"

#define VERSION_INIT_SIZE 0x020a

/* Where a protected-mode kernel goes if its header does not say. */
#define DEFAULT_LOAD_BASE 0x100000

/* An unpacked kernel has headers, gaps and relocations that its image in memory has not. */
#define UNPACKED_SLACK_BYTES (64ull << 20)

static int read_error(const struct boot_request *request, int ret)
{
	if (ret == -ENODATA) {
		log_error("kernel %s was cut short while it was read; wait until it is written and start again",
			  request->kernel_path);
		return -EBADMSG;
	}
	log_error("cannot read kernel %s: %s", request->kernel_path, strerror(-ret));
	return ret;
}

static int too_large(const struct boot_request *request, uint64_t bytes)
{
	log_error("kernel %s needs %llu MiB and the guest has %llu MiB of memory; raise --memory", request->kernel_path,
		  (unsigned long long)((bytes + (1u << 20) - 1) >> 20),
		  (unsigned long long)(guest_memory_size(request->memory) >> 20));
	return -E2BIG;
}

/* Reads the ELF in opened->source; `what` says which ELF is meant. */
static int open_elf(const struct boot_request *request, struct opened_kernel *opened, const char *what)
{
	const char *why;
	int ret = elf_read(&opened->source, &opened->image, &why);

	if (ret == 0 || !why)
		return ret ? read_error(request, ret) : 0;
	log_error("%s %s is %s: %s; %s", what, request->kernel_path, ret == -EBADMSG ? "corrupt" : "no kernel for mote",
		  why, ret == -EBADMSG ? "copy it again" : "give an x86-64 bzImage or vmlinux");
	return ret;
}

/* Takes the kernel out of guest memory, which is about to be cleared, and which the guest may change. */
static int copy_source(const struct boot_request *request, struct opened_kernel *opened)
{
	int ret;

	if (!request->loaded)
		return 0;
	ret = scratch_map(&opened->unpacked, opened->source.size_bytes);
	if (!ret)
		ret = source_read(&opened->source, opened->unpacked.data, opened->unpacked.size_bytes, 0);
	if (ret)
		return read_error(request, ret);
	opened->source = source_from_bytes(opened->unpacked.data, opened->unpacked.size_bytes);
	return 0;
}

/* The kernel's own way: load the protected-mode part as it is and enter its decompressor. */
static int open_packed(const struct boot_request *request, struct opened_kernel *opened)
{
	const struct bzimage *bz = &opened->bz;
	bool says_where = bz->version >= VERSION_INIT_SIZE && le64_get(bz->hdr.pref_address) != 0;
	uint64_t size = le32_get(bz->hdr.init_size);

	opened->unpacks_itself = true;
	opened->image = (struct kernel_image){
		.link_base = says_where ? le64_get(bz->hdr.pref_address) : DEFAULT_LOAD_BASE,
		.size_bytes = size > bz->kernel_bytes ? size : bz->kernel_bytes,
		.entry_offset = bz->is_32bit ? 0 : LINUX_ENTRY64_OFFSET,
		.is_linux = 1,
		.nr_extents = 1,
		.extents[0] = { bz->kernel_offset, 0, bz->kernel_bytes },
	};
	return copy_source(request, opened);
}

static int unpack_into(const struct boot_request *request, enum payload_format format, const char *name,
		       const struct scratch *packed, struct scratch *unpacked)
{
	uint64_t size = payload_unpacked_bytes(packed->data, packed->size_bytes);
	int ret;

	if (size > guest_memory_size(request->memory) + UNPACKED_SLACK_BYTES)
		return too_large(request, size);
	if (size == 0) {
		log_error("kernel %s is corrupt: its payload is empty; copy it again", request->kernel_path);
		return -EBADMSG;
	}
	if (request->loaded) {
		ret = unpack_payload(format, packed, size, request->loaded->cancel, unpacked);
	} else {
		ret = scratch_map(unpacked, size);
		if (!ret)
			ret = payload_unpack(format, packed->data, packed->size_bytes, unpacked->data, size);
	}
	if (ret == -EBADMSG)
		log_error("kernel %s is corrupt: its %s payload does not unpack; copy it again", request->kernel_path,
			  name);
	else if (ret)
		log_error("cannot unpack kernel %s: %s", request->kernel_path, strerror(-ret));
	return ret;
}

/* Looks the payload up in the cache by its content. */
static bool find_by_content(struct cache *cache, const uint8_t *payload, struct opened_kernel *opened)
{
	if (!cache_find_content(cache, payload, opened->bz.payload_bytes, &opened->image, &opened->cache_fd))
		return false;
	if (source_from_fd(opened->cache_fd, &opened->source) == 0)
		return true;
	fd_close(&opened->cache_fd);
	return false;
}

/* Not in the cache by the file's identity: look it up by content, unpack, to be kept for the next time. */
static int open_payload_cold(const struct boot_request *request, const struct source *file, const uint8_t *magic,
			     struct cache *cache, struct opened_kernel *opened)
{
	struct scratch packed = { 0 };
	int ret;

	/* Guest memory is compared where it is. If it changes meanwhile, what is found is still a kernel's true image.
	 */
	if (file->data && find_by_content(cache, file->data + opened->bz.payload_offset, opened))
		return 0;
	ret = scratch_map(&packed, opened->bz.payload_bytes);
	if (!ret)
		ret = source_read(file, packed.data, packed.size_bytes, opened->bz.payload_offset);
	if (ret) {
		ret = read_error(request, ret);
		goto unmap;
	}
	if (!file->data && find_by_content(cache, packed.data, opened))
		goto unmap;
	ret = unpack_into(request, payload_recognise(magic), payload_format_name(magic), &packed, &opened->unpacked);
	if (ret)
		goto unmap;
	opened->source = source_from_bytes(opened->unpacked.data, opened->unpacked.size_bytes);
	ret = open_elf(request, opened, "the payload of kernel");
	if (ret)
		goto unmap;
	opened->image.is_linux = 1; /* it came in a bzImage */
	opened->keep = boot_keep_create(cache, &packed, &opened->unpacked, &opened->image);
unmap:
	scratch_unmap(&packed);
	return ret;
}

static int open_payload(const struct boot_request *request, const struct source *file, struct opened_kernel *opened)
{
	uint8_t magic[PAYLOAD_MAGIC_BYTES] = { 0 };
	struct cache cache = { .dir = -1 };
	int ret;

	if (opened->bz.payload_bytes > PAYLOAD_MAGIC_BYTES + PAYLOAD_SIZE_WORD) {
		ret = source_read(file, magic, sizeof(magic), opened->bz.payload_offset);
		if (ret)
			return read_error(request, ret);
	}
	if (payload_recognise(magic) == PAYLOAD_FOREIGN) {
		log_info("kernel %s is packed in %s, which mote leaves to the kernel itself to unpack",
			 request->kernel_path, payload_format_name(magic));
		return open_packed(request, opened);
	}
	if (request->use_cache)
		cache_open(&cache, request->kernel_fd);
	if (cache_find_file(&cache, &opened->bz, &opened->image, &opened->cache_fd)) {
		ret = source_from_fd(opened->cache_fd, &opened->source);
		if (ret)
			ret = read_error(request, ret);
	} else {
		ret = open_payload_cold(request, file, magic, &cache, opened);
	}
	cache_close(&cache);
	return ret;
}

static int open_bzimage(const struct boot_request *request, struct opened_kernel *opened)
{
	struct source file = opened->source;
	uint64_t init_size;
	int ret;

	ret = bzimage_read(&file, request->kernel_path, &opened->bz);
	if (ret == -EBADMSG || ret == -ENOEXEC)
		return ret;
	if (ret)
		return read_error(request, ret);
	opened->has_setup_header = true;
	init_size = opened->bz.version >= VERSION_INIT_SIZE ? le32_get(opened->bz.hdr.init_size) : 0;
	if (init_size > guest_memory_size(request->memory))
		return too_large(request, init_size);
	if (opened->bz.is_32bit) {
		log_info("kernel %s is a 32-bit one: it unpacks itself, and without PAE it uses no memory beyond 4 GiB",
			 request->kernel_path);
		return open_packed(request, opened);
	}
	return open_payload(request, &file, opened);
}

static int open_source(const struct boot_request *request, struct source *source)
{
	const struct boot_loaded *loaded = request->loaded;
	const void *bytes;

	if (!loaded)
		return source_from_fd(request->kernel_fd, source);
	bytes = guest_memory_at(request->memory, loaded->kernel, loaded->kernel_bytes);
	if (!bytes)
		return -EFAULT;
	/* What follows copies each byte before it judges it, and looks at no byte twice but to judge it again. */
	*source = source_from_bytes(bytes, loaded->kernel_bytes);
	return 0;
}

int kernel_open(const struct boot_request *request, struct opened_kernel *opened)
{
	struct image_verdict verdict;
	int ret;

	*opened = (struct opened_kernel){ .cache_fd = -1 };
	ret = open_source(request, &opened->source);
	if (ret == -EINVAL) {
		log_error("kernel %s is not a regular file; give a kernel file", request->kernel_path);
		return -ENOEXEC;
	}
	if (!ret)
		ret = image_recognise(&opened->source, &verdict);
	if (ret)
		return read_error(request, ret);

	switch (verdict.kind) {
	case IMAGE_BZIMAGE:
		ret = open_bzimage(request, opened);
		break;
	case IMAGE_ELF64:
		ret = copy_source(request, opened);
		if (!ret)
			ret = open_elf(request, opened, "kernel");
		break;
	case IMAGE_OTHER:
		log_error("kernel %s is %s; %s", request->kernel_path, verdict.found, verdict.advice);
		return -ENOEXEC;
	}
	if (ret)
		kernel_close(opened);
	return ret;
}

void kernel_close(struct opened_kernel *opened)
{
	boot_keep_finish(opened->keep);
	scratch_unmap(&opened->unpacked);
	fd_close(&opened->cache_fd);
}
