/* Compressed bytes that the loader in the guest found on a disk: in a file system, or an initrd. */
#ifndef VMM_BOOT_UNPACK_STREAM_H
#define VMM_BOOT_UNPACK_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/abi/loader.h"

struct unpack_stream {
	enum loader_codec codec;
	const uint8_t *in;
	size_t len;
	uint8_t *out;
	size_t out_len; /* at most INT_MAX */
	bool may_be_cut; /* stop without an error when `out` is full or `in` ends */
};

/* How many bytes were written; -EBADMSG if the stream is damaged or cut, -E2BIG if it unpacks to more, -ENOMEM,
 * -ENOTSUP for a codec that does not exist. Any thread. */
__attribute__((warn_unused_result)) int unpack_stream(const struct unpack_stream *stream);

#endif
