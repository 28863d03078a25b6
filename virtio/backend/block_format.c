#include "virtio/backend/block_format.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "virtio/backend/overlay/header.h"
#include "vmm/base/log.h"

#define SAMPLE_BYTES 4096

/* qcow2 specification, "Header": the first four bytes. */
static const char qcow2_magic[4] = { 'Q', 'F', 'I', '\xfb' };

enum block_format block_format_of(const struct block_options *options)
{
	const char *path = options->path != NULL ? options->path : "";
	size_t length = strlen(path);

	if (options->format != BLOCK_FORMAT_AUTO)
		return options->format;
	return length > 6 && strcasecmp(path + length - 6, ".qcow2") == 0 ? BLOCK_FORMAT_QCOW2 : BLOCK_FORMAT_RAW;
}

int block_format_check_raw(const struct block_options *options, const struct block_file *file)
{
	_Alignas(SAMPLE_BYTES) char sample[SAMPLE_BYTES]; /* O_DIRECT wants whole blocks */
	ssize_t n;

	if (options->format == BLOCK_FORMAT_RAW)
		return 0;
	do {
		n = pread(file->fd, sample, sizeof(sample), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		int rc = -errno;

		/* What O_DIRECT can't do is block_geometry_measure()'s to say. */
		if (file->direct && rc == -EINVAL)
			return 0;
		log_error("cannot open disk '%s': its beginning can't be read: %s", options->path, strerror(-rc));
		return rc;
	}
	if ((size_t)n >= sizeof(qcow2_magic) && memcmp(sample, qcow2_magic, sizeof(qcow2_magic)) == 0) {
		log_error("cannot open disk '%s': it begins like a qcow2 image; give format=qcow2 if it is one, or "
			  "format=raw if its guest shall see it as it is",
			  options->path);
		return -EINVAL;
	}
	if ((size_t)n >= OVERLAY_MAGIC_BYTES && memcmp(sample, OVERLAY_MAGIC, OVERLAY_MAGIC_BYTES) == 0) {
		log_error("cannot open disk '%s': it is an overlay; give its base, with overlay=%s", options->path,
			  options->path);
		return -EINVAL;
	}
	return 0;
}
