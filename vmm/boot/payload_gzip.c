#include "vmm/boot/payload.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#define GZIP_WINDOW_BITS (15 + 16) /* the largest window, gzip framing with its CRC */

int payload_unpack_gzip(const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	z_stream stream = { 0 };
	int ret;

	if (len > UINT_MAX || out_len > UINT_MAX)
		return -EBADMSG;
	stream.next_in = (uint8_t *)in;
	stream.avail_in = (unsigned int)len;
	stream.next_out = out;
	stream.avail_out = (unsigned int)out_len;
	ret = inflateInit2(&stream, GZIP_WINDOW_BITS);
	if (ret != Z_OK)
		return ret == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	ret = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	return ret == Z_STREAM_END && stream.avail_out == 0 ? 0 : -EBADMSG;
}
