#include "vmm/boot/unpack_stream.h"

#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "vmm/base/endian.h"

#define ZLIB_WINDOW_BITS 15
#define GZIP_WINDOW_BITS (15 + 16)
/* What xz -9 needs, and some. */
#define LZMA_MEMORY_BYTES (160ull << 20)
#define LZ4_LEGACY_MAGIC 0x184c2102
#define LZ4_BLOCK_BYTES (8 << 20)

/* The end of every codec: `done` bytes are out, and the stream has ended or not. */
static int finish(const struct unpack_stream *stream, size_t done, bool ended)
{
	if (ended || stream->may_be_cut)
		return (int)done;
	return done == stream->out_len ? -E2BIG : -EBADMSG;
}

static int unpack_deflate(const struct unpack_stream *stream, int window_bits)
{
	z_stream z = {
		.next_in = (uint8_t *)stream->in,
		.avail_in = (unsigned int)stream->len,
		.next_out = stream->out,
		.avail_out = (unsigned int)stream->out_len,
	};
	int ret = inflateInit2(&z, window_bits);

	if (ret != Z_OK)
		return ret == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	ret = inflate(&z, Z_NO_FLUSH);
	inflateEnd(&z);
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	if (ret != Z_OK && ret != Z_STREAM_END && ret != Z_BUF_ERROR)
		return -EBADMSG;
	return finish(stream, z.total_out, ret == Z_STREAM_END);
}

/* `decoder` was made by one of lzma's functions, which said `ret`. */
static int unpack_lzma(const struct unpack_stream *stream, lzma_stream *decoder, lzma_ret ret)
{
	decoder->next_in = stream->in;
	decoder->avail_in = stream->len;
	decoder->next_out = stream->out;
	decoder->avail_out = stream->out_len;
	if (ret == LZMA_OK)
		ret = lzma_code(decoder, LZMA_RUN);
	lzma_end(decoder);
	if (ret == LZMA_MEM_ERROR || ret == LZMA_MEMLIMIT_ERROR)
		return -ENOMEM;
	if (ret != LZMA_OK && ret != LZMA_STREAM_END && ret != LZMA_BUF_ERROR)
		return -EBADMSG;
	return finish(stream, stream->out_len - decoder->avail_out, ret == LZMA_STREAM_END);
}

/* File systems pad what follows the last frame. */
static bool at_frame(const ZSTD_inBuffer *in)
{
	le32 magic;

	if (in->size - in->pos < sizeof(magic))
		return false;
	memcpy(&magic, (const uint8_t *)in->src + in->pos, sizeof(magic));
	return le32_get(magic) == ZSTD_MAGICNUMBER;
}

static int unpack_zstd(const struct unpack_stream *stream)
{
	ZSTD_inBuffer in = { stream->in, stream->len, 0 };
	ZSTD_outBuffer out = { stream->out, stream->out_len, 0 };
	ZSTD_DStream *decoder = ZSTD_createDStream();
	size_t left = 1;

	if (!decoder)
		return -ENOMEM;
	do {
		size_t before = in.pos + out.pos;

		left = ZSTD_decompressStream(decoder, &out, &in);
		if (!ZSTD_isError(left) && left > 0 && in.pos + out.pos == before)
			break;
	} while (!ZSTD_isError(left) && (left > 0 || at_frame(&in)));
	ZSTD_freeDStream(decoder);
	if (ZSTD_isError(left))
		return -EBADMSG;
	return finish(stream, out.pos, left == 0);
}

static bool take_word(const uint8_t **in, size_t *len, uint32_t *word)
{
	le32 raw;

	if (*len < sizeof(raw))
		return false;
	memcpy(&raw, *in, sizeof(raw));
	*in += sizeof(raw);
	*len -= sizeof(raw);
	*word = le32_get(raw);
	return true;
}

static int unpack_lz4(const struct unpack_stream *stream)
{
	const uint8_t *in = stream->in;
	size_t len = stream->len, done = 0;
	uint32_t word;

	if (!take_word(&in, &len, &word) || word != LZ4_LEGACY_MAGIC)
		return -EBADMSG;
	while (take_word(&in, &len, &word)) {
		size_t left = stream->out_len - done;
		int room = left < LZ4_BLOCK_BYTES ? (int)left : LZ4_BLOCK_BYTES;
		int got;

		/* Another frame, or what the kernel's build or a padding puts behind the last block. */
		if (word == LZ4_LEGACY_MAGIC)
			continue;
		if (word == 0 || word > INT_MAX)
			return finish(stream, done, true);
		if (word > len || room == 0)
			return finish(stream, done, false);
		/* The partial one does not tell whether there was more. */
		if (stream->may_be_cut)
			got = LZ4_decompress_safe_partial((const char *)in, (char *)stream->out + done, (int)word, room,
							  room);
		else
			got = LZ4_decompress_safe((const char *)in, (char *)stream->out + done, (int)word, room);
		if (got < 0)
			return -EBADMSG;
		done += (size_t)got;
		in += word;
		len -= word;
	}
	return finish(stream, done, len == 0);
}

int unpack_stream(const struct unpack_stream *stream)
{
	lzma_stream decoder = LZMA_STREAM_INIT;

	if (stream->out_len > INT_MAX || stream->len > INT_MAX)
		return -E2BIG;
	switch (stream->codec) {
	case LOADER_ZLIB:
		return unpack_deflate(stream, ZLIB_WINDOW_BITS);
	case LOADER_GZIP:
		return unpack_deflate(stream, GZIP_WINDOW_BITS);
	case LOADER_ZSTD:
		return unpack_zstd(stream);
	case LOADER_XZ:
		return unpack_lzma(stream, &decoder, lzma_stream_decoder(&decoder, LZMA_MEMORY_BYTES, 0));
	case LOADER_LZMA:
		return unpack_lzma(stream, &decoder, lzma_alone_decoder(&decoder, LZMA_MEMORY_BYTES));
	case LOADER_LZ4_LEGACY:
		return unpack_lz4(stream);
	}
	return -ENOTSUP;
}
