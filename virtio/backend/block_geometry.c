#include "virtio/backend/block_geometry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vmm/base/checked.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

#define MAX_BLOCK_BYTES 4096
/* Beyond this a merged transfer saves little more, and what could go on beside it waits. */
#define MERGE_BYTES (1u << 20)

/* One request's share, so that none keeps the others waiting for long. */
#define MAX_DISCARD_BYTES (1ull << 30)
#define MAX_FAST_ZEROES_BYTES (1ull << 30)
#define MAX_SLOW_ZEROES_BYTES (16ull << 20) /* zeros may have to be written */

/* An attribute of a block device's queue; a partition's is its disk's. 0 if unknown. */
static uint64_t queue_attribute(dev_t device, const char *name)
{
	static const char *const folders[] = { "queue", "../queue" };

	for (unsigned int i = 0; i < 2; i++) {
		char path[96];
		char line[32];

		snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s/%s", major(device), minor(device), folders[i],
			 name);
		if (fd_read_line(path, line, sizeof(line)) == 0)
			return strtoull(line, NULL, 10);
	}
	return 0;
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* Finds the alignment that O_DIRECT needs by reading, on kernels that don't tell. 0 if there is none up to a page. */
static uint32_t probe_direct_align(int fd)
{
	uint32_t found = 0;
	void *buffer;

	if (posix_memalign(&buffer, 2 * MAX_BLOCK_BYTES, 2 * MAX_BLOCK_BYTES) != 0)
		return 0;
	for (uint32_t align = BLOCK_SECTOR_BYTES; found == 0 && align <= MAX_BLOCK_BYTES; align *= 2)
		if (pread(fd, (char *)buffer + align, align, 0) >= 0)
			found = align;
	free(buffer);
	return found;
}

/* What O_DIRECT needs of memory addresses, and of offsets and lengths. -EINVAL if it is impossible. */
static int direct_align(int fd, uint32_t *memory, uint32_t *offset)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 && (stx.stx_mask & STATX_DIOALIGN)) {
		*memory = stx.stx_dio_mem_align;
		*offset = stx.stx_dio_offset_align;
	} else {
		*memory = *offset = probe_direct_align(fd);
	}
	return is_power_of_two(*memory) && is_power_of_two(*offset) ? 0 : -EINVAL;
}

/* Whether the device erases for good: asked with a range that no device takes. The kernel looks whether it can before
 * it looks at the range (Linux 5.19 and later, blk_ioctl_secure_erase()). */
static bool can_erase_securely(int fd)
{
	uint64_t range[2] = { 1, 1 };

	return ioctl(fd, BLKSECDISCARD, range) < 0 && errno == EINVAL;
}

static void measure_device(const struct block_options *options, int fd, const struct stat *st,
			   struct block_geometry *geometry)
{
	uint64_t max_discard = queue_attribute(st->st_rdev, "discard_max_bytes");
	uint64_t max_zeroes = queue_attribute(st->st_rdev, "write_zeroes_max_bytes");
	unsigned int value;
	int logical;

	if (ioctl(fd, BLKSSZGET, &logical) == 0)
		geometry->logical_block_bytes = (uint32_t)logical;
	geometry->physical_block_bytes = geometry->logical_block_bytes;
	if (ioctl(fd, BLKPBSZGET, &value) == 0)
		geometry->physical_block_bytes = value;
	if (ioctl(fd, BLKIOMIN, &value) == 0)
		geometry->min_io_bytes = value;
	if (ioctl(fd, BLKIOOPT, &value) == 0)
		geometry->opt_io_bytes = value;
	if (options->read_only)
		return;

	if (options->discard && max_discard > 0) {
		geometry->can_discard = true;
		geometry->max_discard_bytes = at_most(max_discard, MAX_DISCARD_BYTES);
		geometry->discard_granularity_bytes =
			(uint32_t)at_most(queue_attribute(st->st_rdev, "discard_granularity"), UINT32_MAX);
	}
	/* The kernel writes zeros where the device has no command for it. */
	geometry->can_write_zeroes = true;
	geometry->max_write_zeroes_bytes =
		max_zeroes > 0 ? at_most(max_zeroes, MAX_FAST_ZEROES_BYTES) : MAX_SLOW_ZEROES_BYTES;
	geometry->zeroes_may_unmap = geometry->can_discard && max_zeroes > 0;
	geometry->can_secure_erase = options->discard && can_erase_securely(fd);
	geometry->max_secure_erase_bytes = geometry->can_secure_erase ? MAX_DISCARD_BYTES : 0;
}

/* Whether the file system can punch holes: asked behind the end of the file, where there is nothing to lose. */
static bool can_punch_holes(int fd, uint64_t size_bytes)
{
	uint64_t behind;

	if (!checked_align_up(size_bytes, MAX_BLOCK_BYTES, &behind) || behind > INT64_MAX - MAX_BLOCK_BYTES)
		return false;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)behind, MAX_BLOCK_BYTES) == 0;
}

static void measure_file(const struct block_options *options, int fd, const struct stat *st,
			 struct block_geometry *geometry)
{
	uint32_t block = (uint32_t)at_most((uint64_t)st->st_blksize, 1u << 16);

	if (is_power_of_two(block) && block >= BLOCK_SECTOR_BYTES) {
		geometry->physical_block_bytes = block;
		geometry->min_io_bytes = block;
	}
	if (options->read_only)
		return;

	if (options->discard && can_punch_holes(fd, geometry->size_bytes)) {
		geometry->can_discard = true;
		geometry->max_discard_bytes = MAX_DISCARD_BYTES;
		geometry->discard_granularity_bytes = geometry->physical_block_bytes;
	}
	/* There is always a way: zeros are written where the file system can't do better. */
	geometry->can_write_zeroes = true;
	geometry->max_write_zeroes_bytes = geometry->can_discard ? MAX_FAST_ZEROES_BYTES : MAX_SLOW_ZEROES_BYTES;
	geometry->zeroes_may_unmap = geometry->can_discard;
}

static int measure_direct(const char *path, const struct block_file *file, struct block_geometry *geometry)
{
	uint32_t memory, offset;

	if (direct_align(file->fd, &memory, &offset) < 0) {
		log_error("cannot open disk '%s': O_DIRECT does not work on it; use cache=writeback", path);
		return -EINVAL;
	}
	geometry->buffer_align = memory;
	if (offset > geometry->logical_block_bytes)
		geometry->logical_block_bytes = offset;
	return 0;
}

int block_geometry_measure(const struct block_options *options, const struct block_file *file,
			   struct block_geometry *geometry)
{
	struct stat st;
	int rc;

	*geometry = (struct block_geometry){
		.size_bytes = file->size_bytes,
		.logical_block_bytes = BLOCK_SECTOR_BYTES,
		.physical_block_bytes = BLOCK_SECTOR_BYTES,
		.buffer_align = 1,
		.read_only = options->read_only,
		.max_segments = IOV_MAX,
		.merge_bytes = MERGE_BYTES,
	};
	if (fstat(file->fd, &st) < 0) {
		rc = -errno;
		log_error("cannot open disk '%s': fstat failed", options->path);
		return rc;
	}
	if (file->is_device)
		measure_device(options, file->fd, &st, geometry);
	else
		measure_file(options, file->fd, &st, geometry);
	if (file->direct) {
		rc = measure_direct(options->path, file, geometry);
		if (rc < 0)
			return rc;
	}
	if (geometry->logical_block_bytes > MAX_BLOCK_BYTES || !is_power_of_two(geometry->logical_block_bytes)) {
		log_error("cannot open disk '%s': its blocks are %u bytes, and guests know only up to %u",
			  options->path, geometry->logical_block_bytes, MAX_BLOCK_BYTES);
		return -ENOTSUP;
	}
	if (options->format != BLOCK_FORMAT_QCOW2 && geometry->size_bytes % geometry->logical_block_bytes != 0) {
		log_error("cannot open disk '%s': it is %llu bytes long, not a multiple of the %u that O_DIRECT needs; "
			  "use "
			  "cache=writeback",
			  options->path, (unsigned long long)geometry->size_bytes, geometry->logical_block_bytes);
		return -EINVAL;
	}
	if (geometry->physical_block_bytes < geometry->logical_block_bytes)
		geometry->physical_block_bytes = geometry->logical_block_bytes;
	return 0;
}
