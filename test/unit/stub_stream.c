#include "test/unit/stub_stream.h"

#include <string.h>

void stream_attach(struct stream *stream, const struct stream_user *user)
{
	stream->user = *user;
}

size_t stream_read(struct stream *stream, void *buf, size_t len)
{
	size_t waiting = stream->input_len - stream->input_taken;
	size_t nr = len < waiting ? len : waiting;

	memcpy(buf, stream->input + stream->input_taken, nr);
	stream->input_taken += nr;
	return nr;
}

void stream_want_input(struct stream *stream)
{
	stream->nr_wants++;
}

void stream_write(struct stream *stream, const void *buf, size_t len)
{
	if (len > sizeof(stream->output) - stream->output_len)
		return;
	memcpy(stream->output + stream->output_len, buf, len);
	stream->output_len += len;
}

void stub_stream_turn(struct stream *stream)
{
	if (stream->input_taken < stream->input_len)
		stream->user.readable(stream->user.arg);
}

void stub_stream_type(struct stream *stream, const char *text)
{
	size_t len = strlen(text);

	memcpy(stream->input + stream->input_len, text, len);
	stream->input_len += len;
	stub_stream_turn(stream);
}
