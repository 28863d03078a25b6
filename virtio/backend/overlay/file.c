#include "virtio/backend/overlay/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virtio/backend/block_busy.h"
#include "virtio/backend/block_lock.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

/* The last line about an overlay that can't be used; returns -error. */
static int refuse(const char *path, int error, const char *why)
{
	log_error("cannot use overlay '%s': %s", path, why);
	return -error;
}

/* What every overlay's descriptor needs in the end. */
static int finish_file(const char *path, bool direct, uint64_t size_bytes, int fd, struct block_file *file)
{
	if (direct) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || fcntl(fd, F_SETFL, flags | O_DIRECT) < 0)
			return refuse(path, EINVAL, "its file system has no O_DIRECT; use cache=writeback");
	}
	*file = (struct block_file){ .fd = fd, .direct = direct, .size_bytes = size_bytes };
	return 0;
}

/* --- making one --- */

static void folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		strcpy(folder, ".");
	else
		snprintf(folder, PATH_MAX, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static bool has_no_nameless_files(int error)
{
	/* What file systems and older kernels say to O_TMPFILE. */
	return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

/* A new file in the folder, without a name or, if the file system wants one, with that in `name`. */
static int make_file(const char *folder, int flags, char name[PATH_MAX])
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);

	name[0] = '\0';
	if (fd >= 0 || !has_no_nameless_files(errno))
		return fd >= 0 ? fd : -errno;
	if (snprintf(name, PATH_MAX, "%s/.mote-overlay-XXXXXX", folder) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = mkostemp(name, O_CLOEXEC);
	return fd >= 0 ? fd : -errno;
}

static int explain_making(const char *path, int error)
{
	char why[160];

	if (error == EFBIG)
		return refuse(path, error, "its file system can't hold a file as large as the disk; put it on another");
	if (error == ENOENT || error == ENOTDIR)
		return refuse(path, error, "the folder for it is not there; create it or correct the path");
	snprintf(why, sizeof(why), "it can't be made: %s", strerror(error));
	return refuse(path, error, why);
}

/* Gives the complete file its name, unless another has it: -EEXIST. */
static int give_name(int fd, const char *temporary, const char *path)
{
	char self[64];

	if (temporary[0] != '\0')
		return link(temporary, path) == 0 ? 0 : -errno;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	/* Without /proc it takes a right that few have. */
	if (errno == ENOENT && linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
		return 0;
	return -errno;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = fsync(fd) == 0 ? 0 : -errno;
	fd_close(&fd);
	return rc;
}

static int write_new(int fd, const char *path, const struct overlay_header *header)
{
	uint8_t page[OVERLAY_HEADER_BYTES];
	int rc;

	if (ftruncate(fd, (off_t)overlay_file_bytes(header->disk_bytes)) < 0)
		return -errno;
	overlay_header_encode(header, page);
	rc = fd_pwrite_full(fd, page, sizeof(page), 0);
	if (rc < 0)
		return rc;
	if (fsync(fd) < 0)
		return -errno;
	/* Before it has a name, so nobody can come first. */
	return block_lock(fd, path, true);
}

/* -EEXIST, without a line: somebody else has made one meanwhile. */
static int make_kept(const struct block_options *options, const struct overlay_header *header, struct block_file *file)
{
	const char *path = options->overlay_path;
	char folder[PATH_MAX], temporary[PATH_MAX];
	int fd, rc;

	folder_of(path, folder);
	fd = make_file(folder, 0, temporary);
	if (fd < 0)
		return explain_making(path, -fd);
	rc = write_new(fd, path, header);
	if (rc < 0) {
		rc = explain_making(path, -rc);
		goto remove_temporary;
	}
	rc = finish_file(path, options->cache == BLOCK_CACHE_DIRECT, overlay_file_bytes(header->disk_bytes), fd, file);
	if (rc < 0)
		goto remove_temporary;
	rc = give_name(fd, temporary, path);
	if (rc < 0) {
		if (rc != -EEXIST)
			rc = explain_making(path, -rc);
		goto remove_temporary;
	}
	rc = sync_folder(folder);
	if (rc < 0) {
		unlink(path);
		rc = explain_making(path, -rc);
		goto remove_temporary;
	}
	if (temporary[0] != '\0')
		unlink(temporary);
	log_info("overlay '%s': made, over '%s'", path, options->path);
	return 0;

remove_temporary:
	if (temporary[0] != '\0')
		unlink(temporary);
	fd_close(&fd);
	return rc;
}

int overlay_file_make_temporary(const struct block_options *options, uint64_t size_bytes, struct block_file *file)
{
	const char *folder = options->overlay_path;
	char name[PATH_MAX];
	int fd, rc;

	if (folder == NULL)
		folder = getenv("TMPDIR");
	if (folder == NULL || folder[0] == '\0')
		folder = "/var/tmp";
	fd = make_file(folder, O_EXCL, name);
	if (fd < 0)
		return explain_making(folder, -fd);
	if (name[0] != '\0')
		unlink(name);
	if (ftruncate(fd, (off_t)size_bytes) < 0)
		rc = explain_making(folder, errno);
	else
		rc = finish_file(folder, options->cache == BLOCK_CACHE_DIRECT, size_bytes, fd, file);
	if (rc < 0)
		fd_close(&fd);
	return rc;
}

/* --- finding one --- */

static int check_header(const struct block_options *options, const struct overlay_header *wanted, int fd,
			uint64_t size_bytes)
{
	const char *path = options->overlay_path;
	struct overlay_header recorded;
	uint8_t page[OVERLAY_HEADER_BYTES];
	const char *wrong;
	char why[128];
	int rc;

	rc = fd_pread_full(fd, page, sizeof(page), 0);
	if (rc < 0 && rc != -ENODATA)
		return refuse(path, -rc, "it can't be read");
	wrong = rc < 0 ? "it is not an overlay of mote's" : overlay_header_decode(page, &recorded);
	if (wrong != NULL) {
		snprintf(why, sizeof(why), "%s; name a file that is not there yet, or remove this one", wrong);
		return refuse(path, EINVAL, why);
	}
	wrong = overlay_base_compare(&recorded, wanted);
	if (wrong != NULL) {
		log_error("cannot use overlay '%s': it was made over '%s', and '%s' %s; bring the old base back, or "
			  "begin "
			  "a new overlay",
			  path, recorded.base.path, options->path, wrong);
		return -EINVAL;
	}
	if (size_bytes < overlay_file_bytes(recorded.disk_bytes)) {
		snprintf(why, sizeof(why), "it has been truncated: %llu bytes are left of %llu",
			 (unsigned long long)size_bytes, (unsigned long long)overlay_file_bytes(recorded.disk_bytes));
		return refuse(path, EINVAL, why);
	}
	return 0;
}

static int check_file(const struct block_options *options, const struct stat *st)
{
	struct stat base;

	if (!S_ISREG(st->st_mode))
		return refuse(options->overlay_path, EINVAL, "it is not a file");
	if (stat(options->path, &base) == 0 && base.st_dev == st->st_dev && base.st_ino == st->st_ino)
		return refuse(options->overlay_path, EINVAL, "it is the base itself");
	return 0;
}

static int explain_open(const struct block_options *options, int error)
{
	char why[160];

	if (error == ENOENT)
		return refuse(options->overlay_path, error,
			      options->read_only ? "it is not there, and a read-only disk makes none"
						 : "it is a link that leads nowhere");
	if (error == EACCES || error == EPERM)
		return refuse(options->overlay_path, EACCES,
			      "you may not write to it; change its permissions, or run as its owner");
	snprintf(why, sizeof(why), "it can't be opened: %s", strerror(error));
	return refuse(options->overlay_path, error, why);
}

static int open_made(const struct block_options *options, const struct overlay_header *wanted, struct block_file *file)
{
	const char *path = options->overlay_path;
	struct stat st;
	int fd, rc;

	/* Looked at before it is opened: opening a pipe or a tape has effects. */
	if (stat(path, &st) < 0)
		return explain_open(options, errno);
	rc = check_file(options, &st);
	if (rc < 0)
		return rc;
	fd = open(path, (options->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return explain_open(options, errno);
	if (fstat(fd, &st) < 0) {
		rc = explain_open(options, errno);
		goto close_fd;
	}
	rc = check_file(options, &st);
	if (rc < 0)
		goto close_fd;
	rc = block_lock(fd, path, !options->read_only);
	if (rc < 0) {
		char user[128], why[160];

		block_busy_describe(&st, user, sizeof(user));
		snprintf(why, sizeof(why), "it is %s; end that use first", user);
		rc = refuse(path, -rc, why);
		goto close_fd;
	}
	rc = check_header(options, wanted, fd, (uint64_t)st.st_size);
	if (rc < 0)
		goto close_fd;
	rc = finish_file(path, options->cache == BLOCK_CACHE_DIRECT, overlay_file_bytes(wanted->disk_bytes), fd, file);
	if (rc < 0)
		goto close_fd;
	return 0;

close_fd:
	fd_close(&fd);
	return rc;
}

int overlay_file_open(const struct block_options *options, const struct overlay_header *wanted, struct block_file *file)
{
	const char *path = options->overlay_path;
	int rc;

	if (path == NULL || path[0] == '\0' || strlen(path) >= PATH_MAX)
		return refuse(path != NULL ? path : "", EINVAL, "give the path of a file");
	if (!options->read_only && access(path, F_OK) < 0 && errno == ENOENT) {
		rc = make_kept(options, wanted, file);
		if (rc != -EEXIST)
			return rc;
	}
	return open_made(options, wanted, file);
}
