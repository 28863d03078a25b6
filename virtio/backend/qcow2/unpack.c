#include "virtio/backend/qcow2/unpack.h"

#include <errno.h>
#include <zlib.h>
#include <zstd.h>

#define DEFLATE_WINDOW_BITS (-15) /* no framing; QEMU packs with 12 bits, and 15 unpack that too */

static int inflate_cluster(const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	z_stream stream = {
		.next_in = (uint8_t *)in,
		.avail_in = (unsigned int)len,
		.next_out = out,
		.avail_out = (unsigned int)out_len,
	};
	int ret = inflateInit2(&stream, DEFLATE_WINDOW_BITS);

	if (ret != Z_OK)
		return ret == Z_MEM_ERROR ? -ENOMEM : -EIO;
	ret = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	return stream.avail_out == 0 && (ret == Z_STREAM_END || ret == Z_BUF_ERROR) ? 0 : -EIO;
}

/* A cluster may be several frames. Each takes some of the input, and what follows the last is not looked at. */
static int unpack_zstd(const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	while (out_len > 0) {
		size_t frame = ZSTD_findFrameCompressedSize(in, len);
		size_t got;

		if (ZSTD_isError(frame) || frame == 0)
			return -EIO;
		got = ZSTD_decompress(out, out_len, in, frame);
		if (ZSTD_isError(got))
			return -EIO;
		in += frame;
		len -= frame;
		out += got;
		out_len -= got;
	}
	return 0;
}

int qcow2_unpack(enum qcow2_compression compression, const uint8_t *in, size_t len, uint8_t *out, size_t out_len)
{
	return compression == QCOW2_ZSTD ? unpack_zstd(in, len, out, out_len) : inflate_cluster(in, len, out, out_len);
}
