/* A qcow2 image's file, read and written by threads that may wait. */
#ifndef VIRTIO_BACKEND_QCOW2_FILE_H
#define VIRTIO_BACKEND_QCOW2_FILE_H

#include "virtio/backend/qcow2/image.h"

/* Reads `len` bytes at `offset`; what lies behind the file's end are zeros. Any thread. 0 or a negative errno. */
__attribute__((warn_unused_result)) int qcow2_file_read(const struct qcow2 *image, void *buffer, size_t len,
							uint64_t offset);
/* Writes them. Any thread, but no two for the same 4 KiB. */
__attribute__((warn_unused_result)) int qcow2_file_write(const struct qcow2 *image, const void *buffer, size_t len,
							 uint64_t offset);
/* Makes the file at least `end` bytes long. -ENOSPC, -EFBIG or another negative errno. */
__attribute__((warn_unused_result)) int qcow2_file_reserve(struct qcow2 *image, uint64_t end);
/* Memory for O_DIRECT; free() it. NULL without memory. */
void *qcow2_buffer(size_t len);

#endif
