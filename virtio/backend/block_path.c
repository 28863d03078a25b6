#include "virtio/backend/block_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "virtio/backend/block_busy.h"
#include "virtio/backend/block_lock.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

/* What stat(2) or open(2) said, with what to do about it. */
static int explain_errno(const struct block_options *options, const struct stat *st, bool direct, int error)
{
	const char *path = options->path != NULL ? options->path : "";
	char user[256];

	switch (error) {
	case ENOENT:
	case ENOTDIR:
		log_error("cannot open disk '%s': it is not there; create it or correct the path", path);
		return -ENOENT;
	case EACCES:
	case EPERM:
		log_error("cannot open disk '%s': you may not %s it; change its permissions, or run as its owner%s",
			  path, options->read_only ? "read" : "write to",
			  options->read_only ? "" : ", or open it read-only (,ro)");
		return -EACCES;
	case EROFS:
		log_error("cannot open disk '%s': it is read-only; open it so (,ro)", path);
		return -EROFS;
	case EBUSY:
	case ETXTBSY:
		block_busy_describe(st, user, sizeof(user));
		log_error("cannot open disk '%s': it is %s; end that use first%s", path, user,
			  S_ISBLK(st->st_mode) && !options->read_only ? ", or open it read-only (,ro)" : "");
		return -EBUSY;
	case ENXIO:
	case ENODEV:
	case ENOMEDIUM:
		log_error("cannot open disk '%s': there is no device behind it; attach it first", path);
		return -error;
	case EINVAL:
		if (direct) {
			log_error("cannot open disk '%s': its file system has no O_DIRECT; use cache=writeback", path);
			return -EINVAL;
		}
		break;
	default:
		break;
	}
	log_error("cannot open disk '%s': %s", path, strerror(error));
	return -error;
}

static int check_type(const char *path, mode_t mode)
{
	const char *what = "neither a file nor a block device";

	if (S_ISREG(mode) || S_ISBLK(mode))
		return 0;
	if (S_ISDIR(mode)) {
		log_error("cannot open disk '%s': it is a directory; give a file or a block device", path);
		return -EISDIR;
	}
	if (S_ISCHR(mode))
		what = "a character device";
	else if (S_ISFIFO(mode))
		what = "a pipe";
	else if (S_ISSOCK(mode))
		what = "a socket";
	log_error("cannot open disk '%s': it is %s; give a file or a block device", path, what);
	return -ENOTSUP;
}

static int check_size(const struct block_options *options, uint64_t size_bytes)
{
	const char *path = options->path;

	if (size_bytes == 0) {
		log_error("cannot open disk '%s': it is empty; give it a size (truncate -s 1G)", path);
		return -EINVAL;
	}
	/* A format's file ends where it likes. */
	if (options->format != BLOCK_FORMAT_QCOW2 && size_bytes % BLOCK_SECTOR_BYTES != 0) {
		log_error("cannot open disk '%s': it is %llu bytes long, not a multiple of %u; is it a disk image? "
			  "If so, lengthen it (truncate -s %%%u)",
			  path, (unsigned long long)size_bytes, BLOCK_SECTOR_BYTES, BLOCK_SECTOR_BYTES);
		return -EINVAL;
	}
	return 0;
}

/* The size of an open file or device, and whether the device lets us write. */
static int measure(const struct block_options *options, const struct stat *st, struct block_file *file)
{
	uint64_t size_bytes = (uint64_t)st->st_size;
	int device_read_only = 0;

	if (file->is_device) {
		if (ioctl(file->fd, BLKGETSIZE64, &size_bytes) < 0)
			return explain_errno(options, st, file->direct, errno);
		if (!options->read_only && ioctl(file->fd, BLKROGET, &device_read_only) == 0 && device_read_only)
			return explain_errno(options, st, file->direct, EROFS);
	}
	file->size_bytes = size_bytes;
	return check_size(options, size_bytes);
}

int block_path_open(const struct block_options *options, struct block_file *file)
{
	const char *path = options->path != NULL ? options->path : "";
	struct stat st = { 0 };
	unsigned int tries = 0;
	int flags = O_CLOEXEC | O_NOCTTY | (options->read_only ? O_RDONLY : O_RDWR);
	int rc;

	/* Looked at before it is opened: opening a pipe or a tape has effects. */
	if (stat(path, &st) < 0)
		return explain_errno(options, &st, false, errno);
	rc = check_type(path, st.st_mode);
	if (rc < 0)
		return rc;
	file->is_device = S_ISBLK(st.st_mode);
	file->direct = options->cache == BLOCK_CACHE_DIRECT || (options->cache == BLOCK_CACHE_AUTO && file->is_device);
	if (file->direct)
		flags |= O_DIRECT;
	if (file->is_device && !options->read_only)
		flags |= O_EXCL; /* refused by what is mounted, or part of another device */

	do {
		file->fd = open(path, flags);
	} while (file->fd < 0 && errno == EBUSY && block_busy_wait(tries++));
	if (file->fd < 0)
		return explain_errno(options, &st, file->direct, errno);
	if (fstat(file->fd, &st) < 0) {
		rc = explain_errno(options, &st, false, errno);
		goto close_fd;
	}
	rc = check_type(path, st.st_mode);
	if (rc < 0)
		goto close_fd;
	if (file->is_device != (bool)S_ISBLK(st.st_mode)) {
		log_error("cannot open disk '%s': it was replaced while it was being opened; try again", path);
		rc = -ENOTSUP;
		goto close_fd;
	}
	rc = measure(options, &st, file);
	if (rc < 0)
		goto close_fd;
	rc = block_lock(file->fd, path, !options->read_only);
	if (rc < 0) {
		rc = explain_errno(options, &st, false, -rc);
		goto close_fd;
	}
	return 0;

close_fd:
	fd_close(&file->fd);
	return rc;
}
