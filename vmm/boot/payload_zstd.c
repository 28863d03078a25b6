#include "vmm/boot/payload.h"

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

int payload_unpack_zstd(const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	size_t got = ZSTD_decompress(out, out_len, in, len);

	if (ZSTD_isError(got))
		return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
	return got == out_len ? 0 : -EBADMSG;
}
