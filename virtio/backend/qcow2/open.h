/* Between opening an image and using it. */
#ifndef VIRTIO_BACKEND_QCOW2_OPEN_H
#define VIRTIO_BACKEND_QCOW2_OPEN_H

#include <sys/types.h>

#include "virtio/backend/qcow2/image.h"

#define QCOW2_MAX_CHAIN 64

/* An image that is being opened, and those that it is a backing file of. */
struct qcow2_link {
	const struct qcow2_link *above; /* NULL: it is the disk itself */
	const char *path;
	dev_t dev;
	ino_t ino;
	unsigned int depth;
};

extern const struct block_ops qcow2_ops;

/* Opens one image and what is below it. As block_qcow2_open(). */
__attribute__((warn_unused_result)) int qcow2_open_image(const struct block_options *options,
							 const struct qcow2_link *above, struct block **out);
/* Closes what is open of it. */
void qcow2_free(struct qcow2 *image);

/* Opens the file that image->header.backing_name names. Logs. As block_qcow2_open(). */
__attribute__((warn_unused_result)) int qcow2_backing_open(struct qcow2 *image, const struct block_options *options,
							   const struct qcow2_link *link);

#endif
