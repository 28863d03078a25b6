#include "vmm/boot/payload.h"

#include <errno.h>
#include <lzma.h>

/* The kernel's build takes dictionaries of up to 128 MiB; the host should not pay more for a file's claim. */
#define MEMORY_LIMIT_BYTES (160ull << 20)

int payload_unpack_xz(const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	uint64_t limit = MEMORY_LIMIT_BYTES;
	size_t in_pos = 0;
	size_t out_pos = 0;
	lzma_ret ret;

	ret = lzma_stream_buffer_decode(&limit, 0, NULL, in, &in_pos, len, out, &out_pos, out_len);
	if (ret == LZMA_MEM_ERROR || ret == LZMA_MEMLIMIT_ERROR)
		return -ENOMEM;
	return ret == LZMA_OK && in_pos == len && out_pos == out_len ? 0 : -EBADMSG;
}
