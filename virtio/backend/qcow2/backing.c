/* Finding and opening the file that holds what an image does not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "virtio/backend/block_format.h"
#include "virtio/backend/block_raw.h"
#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/open.h"
#include "vmm/base/log.h"

/* Relative names are relative to the image's folder, wherever mote was started. */
static char *resolve(const char *image, const char *name)
{
	const char *slash = strrchr(image, '/');
	size_t folder = name[0] == '/' || slash == NULL ? 0 : (size_t)(slash - image) + 1;
	char *path = malloc(folder + strlen(name) + 1);

	if (path != NULL) {
		memcpy(path, image, folder);
		strcpy(path + folder, name);
	}
	return path;
}

/* Must be a path: QEMU also knows URLs and JSON. */
static int check_name(const char *image, const char *name)
{
	if (strncmp(name, "json:", 5) != 0 && strstr(name, "://") == NULL)
		return 0;
	log_error(
		"cannot open disk '%s': its backing file '%s' is not a path; copy it to a file and name that (qemu-img "
		"rebase -u)",
		image, name);
	return -ENOTSUP;
}

static int check_file(const char *path, const struct qcow2_link *link)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		int error = errno;

		if (error == ENOENT || error == ENOTDIR)
			log_error("cannot open disk '%s': its backing file '%s' is not there; bring it back, or name "
				  "another "
				  "(qemu-img rebase -u)",
				  link->path, path);
		else
			log_error("cannot open disk '%s': its backing file '%s': %s", link->path, path,
				  strerror(error));
		return error == ENOTDIR ? -ENOENT : -error;
	}
	/* Before it is opened: its lock would only say that it is in use. */
	for (const struct qcow2_link *above = link; above != NULL; above = above->above) {
		if (st.st_dev != above->dev || st.st_ino != above->ino)
			continue;
		log_error("cannot open disk '%s': its backing file '%s' leads back to '%s'", link->path, path,
			  above->path);
		return -ELOOP;
	}
	return 0;
}

/* A guest that could write to the file as a raw disk could have made it look like an image that names any file; so what
 * is not said to be qcow2 must not look so. */
static int check_is_raw(const struct qcow2_link *link, const char *path, struct block *raw)
{
	struct qcow2 file = { .file = raw, .fd = ((struct block_raw *)raw)->file.fd };
	uint8_t magic[4];
	int rc;

	file.direct = ((struct block_raw *)raw)->file.direct;
	rc = qcow2_file_read(&file, magic, sizeof(magic), 0);
	if (rc == 0 && memcmp(magic, "QFI\xfb", 4) != 0)
		return 0;
	if (rc < 0)
		log_error("cannot open disk '%s': its backing file '%s' can't be read: %s", link->path, path,
			  strerror(-rc));
	else
		log_error(
			"cannot open disk '%s': it does not tell the format of its backing file '%s', which begins as "
			"qcow2 does; tell it (qemu-img rebase -u -F qcow2, or -F raw)",
			link->path, path);
	return rc < 0 ? rc : -EINVAL;
}

static int open_raw(const struct block_options *options, bool told, const struct qcow2_link *link, struct block **out)
{
	int rc = block_raw_open(options, out);

	if (rc == 0 && !told) {
		rc = check_is_raw(link, options->path, *out);
		if (rc < 0) {
			block_close(*out);
			*out = NULL;
		}
	}
	return rc;
}

int qcow2_backing_open(struct qcow2 *image, const struct block_options *options, const struct qcow2_link *link)
{
	const char *name = image->header.backing_name, *format = image->header.backing_format;
	struct block_options below = { .read_only = true, .cache = options->cache, .format = BLOCK_FORMAT_RAW };
	const struct block_options unnamed = { .path = name };
	char *path;
	int rc = check_name(link->path, name);

	if (rc < 0)
		return rc;
	path = resolve(link->path, name);
	if (path == NULL)
		return -ENOMEM;
	below.path = path;
	rc = check_file(path, link);
	if (rc < 0)
		goto free_path;
	if (strcmp(format, "qcow2") == 0 || (format[0] == '\0' && block_format_of(&unnamed) == BLOCK_FORMAT_QCOW2)) {
		rc = qcow2_open_image(&below, link, &image->backing);
	} else if (format[0] == '\0' || strcmp(format, "raw") == 0 || strcmp(format, "file") == 0 ||
		   strcmp(format, "host_device") == 0) {
		rc = open_raw(&below, format[0] != '\0', link, &image->backing);
	} else {
		log_error(
			"cannot open disk '%s': its backing file '%s' is of the format '%s', which is not known here; "
			"convert it (qemu-img convert)",
			link->path, path, format);
		rc = -ENOTSUP;
	}

free_path:
	free(path);
	return rc;
}
