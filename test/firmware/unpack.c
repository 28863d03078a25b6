/* What the VMM does for the loader, done in place: the same decoders. */
#include "firmware/core/unpack.h"

#include <errno.h>

#include "firmware/abi/loader.h"
#include "firmware/core/error.h"
#include "vmm/boot/unpack_stream.h"

static int unpack(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size, bool may_be_cut)
{
	static const enum loader_codec codecs[] = {
		[FW_ZLIB] = LOADER_ZLIB, [FW_ZSTD] = LOADER_ZSTD, [FW_XZ] = LOADER_XZ,
		[FW_GZIP] = LOADER_GZIP, [FW_LZMA] = LOADER_LZMA, [FW_LZ4_LEGACY] = LOADER_LZ4_LEGACY,
	};
	const struct unpack_stream stream = {
		.codec = codecs[codec],
		.in = from,
		.len = from_len,
		.out = to,
		.out_len = to_size,
		.may_be_cut = may_be_cut,
	};
	int ret = unpack_stream(&stream);

	if (ret >= 0)
		return ret;
	return ret == -ENOTSUP ? FW_ENOTSUP : FW_ECORRUPT;
}

int fw_unpack(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size)
{
	return unpack(codec, from, from_len, to, to_size, false);
}

int fw_unpack_start(enum fw_codec codec, const void *from, size_t from_len, void *to, size_t to_size)
{
	return unpack(codec, from, from_len, to, to_size, true);
}
