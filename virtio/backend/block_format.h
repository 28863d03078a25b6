/* What a disk's file holds: sectors as they are, or a format that must be told. */
#ifndef VIRTIO_BACKEND_BLOCK_FORMAT_H
#define VIRTIO_BACKEND_BLOCK_FORMAT_H

#include "virtio/backend/block_path.h"

/* The format that the options name, or the path's ending if they leave it open: RAW or QCOW2. What the file holds is
 * not asked: a guest could write there what it likes, and have its next start read any file that its disk then names.
 */
enum block_format block_format_of(const struct block_options *options);

/* Refuses to hand out as raw sectors, unless the options say RAW, what begins like a format that mote knows: -EINVAL
 * after one line in the log; or the errno of reading. 0: it may be raw. Control thread. */
__attribute__((warn_unused_result)) int block_format_check_raw(const struct block_options *options,
							       const struct block_file *file);

#endif
