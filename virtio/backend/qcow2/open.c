#include "virtio/backend/qcow2/open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "virtio/backend/block_raw.h"
#include "virtio/backend/qcow2/file.h"
#include "virtio/backend/qcow2/load.h"
#include "virtio/backend/qcow2/qcow2.h"
#include "vmm/base/checked.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

/* The file below is opened, checked and locked as a raw disk is, but for its size. */
static int open_file(struct qcow2 *image, const struct block_options *options, struct qcow2_link *link)
{
	struct block_options file_options = *options;
	struct block_file file;
	struct stat st;
	int rc;

	file_options.format = BLOCK_FORMAT_QCOW2;
	rc = block_path_open(&file_options, &file);
	if (rc < 0)
		return rc;
	if (fstat(file.fd, &st) < 0) {
		rc = -errno;
		log_error("cannot open disk '%s': %s", options->path, strerror(-rc));
		goto close_file;
	}
	rc = block_raw_create(&file_options, &file, &image->file);
	if (rc < 0)
		goto close_file;
	image->fd = file.fd;
	image->direct = file.direct;
	image->is_device = file.is_device;
	image->file_bytes = file.size_bytes;
	link->dev = st.st_dev;
	link->ino = st.st_ino;
	return 0;

close_file:
	fd_close(&file.fd);
	return rc;
}

static int read_header(struct qcow2 *image, const char *path)
{
	uint8_t first[QCOW2_HEADER_BYTES];
	uint8_t *cluster;
	int rc = qcow2_file_read(image, first, sizeof(first), 0);

	if (rc < 0)
		goto unreadable;
	rc = qcow2_header_parse(first, image->file_bytes < sizeof(first) ? image->file_bytes : sizeof(first), path,
				&image->header);
	if (rc < 0)
		return rc;
	cluster = qcow2_buffer(UINT64_C(1) << image->header.cluster_bits);
	if (cluster == NULL) {
		rc = -ENOMEM;
		goto unreadable;
	}
	rc = qcow2_file_read(image, cluster, UINT64_C(1) << image->header.cluster_bits, 0);
	if (rc == 0)
		rc = qcow2_header_parse_rest(cluster, path, &image->header);
	else
		log_error("cannot open disk '%s': its header can't be read: %s", path, strerror(-rc));
	free(cluster);
	return rc;

unreadable:
	log_error("cannot open disk '%s': its header can't be read: %s", path, strerror(-rc));
	return rc;
}

static void set_sizes(struct qcow2 *image)
{
	image->cluster_bits = image->header.cluster_bits;
	image->cluster_bytes = UINT64_C(1) << image->cluster_bits;
	image->l2_bits = image->cluster_bits - 3;
	image->block_bits = image->cluster_bits + 3 - image->header.refcount_order;
	if (image->is_device)
		image->file_bytes = align_down(image->file_bytes, image->cluster_bytes);
	image->used_bytes = image->file_bytes;
	image->block.geometry.size_bytes = image->header.size_bytes;
}

/* The largest block of all that requests may be sent to. */
static int set_blocks(struct qcow2 *image, const struct block_options *options)
{
	struct block_geometry *geometry = &image->block.geometry;
	const struct block_geometry *file = &image->file->geometry;
	uint32_t logical = file->logical_block_bytes;

	if (image->backing != NULL && logical < image->backing->geometry.logical_block_bytes)
		logical = image->backing->geometry.logical_block_bytes;
	geometry->logical_block_bytes = logical;
	geometry->physical_block_bytes = logical > file->physical_block_bytes ? logical : file->physical_block_bytes;
	if (image->direct && file->logical_block_bytes > image->cluster_bytes) {
		log_error(
			"cannot open disk '%s': its clusters are %llu bytes, less than the %u that O_DIRECT needs; use "
			"cache=writeback",
			options->path, (unsigned long long)image->cluster_bytes, file->logical_block_bytes);
		return -EINVAL;
	}
	if (geometry->size_bytes % logical != 0) {
		log_error("cannot open disk '%s': it is %llu bytes long, not a multiple of its blocks of %u",
			  options->path, (unsigned long long)geometry->size_bytes, logical);
		return -EINVAL;
	}
	return 0;
}

/* "web1.qcow2 (file, page cache, qcow2)" */
static void describe(struct qcow2 *image)
{
	const char *file = image->file->description;
	size_t len = strlen(file);

	if (len > 0 && file[len - 1] == ')')
		len--;
	snprintf(image->block.description, sizeof(image->block.description), "%.*s, qcow2%s)", (int)len, file,
		 image->backing != NULL ? " over a backing file" : "");
}

int qcow2_open_image(const struct block_options *options, const struct qcow2_link *above, struct block **out)
{
	struct qcow2_link link = {
		.above = above,
		.path = options->path,
		.depth = above != NULL ? above->depth + 1 : 1,
	};
	struct qcow2 *image;
	int rc;

	if (link.depth > QCOW2_MAX_CHAIN) {
		log_error("cannot open disk '%s': its chain of backing files is longer than %u", options->path,
			  QCOW2_MAX_CHAIN);
		return -ELOOP;
	}
	image = calloc(1, sizeof(*image));
	if (image == NULL)
		return -ENOMEM;
	image->block.ops = &qcow2_ops;
	image->block.geometry.read_only = options->read_only;
	image->discard = options->discard && !options->read_only;
	rc = open_file(image, options, &link);
	if (rc < 0)
		goto free_image;
	rc = read_header(image, options->path);
	if (rc < 0)
		goto free_image;
	set_sizes(image);
	rc = qcow2_load(image, options->path);
	if (rc < 0)
		goto free_image;
	if (image->header.backing_name[0] != '\0') {
		rc = qcow2_backing_open(image, options, &link);
		if (rc < 0)
			goto free_image;
	}
	rc = set_blocks(image, options);
	if (rc < 0)
		goto free_image;
	describe(image);
	*out = &image->block;
	return 0;

free_image:
	qcow2_free(image);
	return rc;
}

void qcow2_free(struct qcow2 *image)
{
	block_close(image->backing);
	block_close(image->file);
	free(image->l1);
	free(image->l2);
	free(image->refcount_table);
	free(image->blocks);
	qcow2_set_fini(&image->metadata);
	free(image);
}

int block_qcow2_open(const struct block_options *options, struct block **out)
{
	return qcow2_open_image(options, NULL, out);
}
