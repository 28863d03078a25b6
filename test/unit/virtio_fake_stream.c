#include <stdlib.h>
#include <string.h>

#include "test/unit/virtio_fakes.h"

struct stream {
	struct fake_stream fake;
};

struct stream *fake_stream_create(void)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		abort();
	return stream;
}

struct fake_stream *fake_stream_of(struct stream *stream)
{
	return &stream->fake;
}

void fake_stream_destroy(struct stream *stream)
{
	free(stream);
}

void fake_stream_type(struct stream *stream, const void *bytes, size_t len)
{
	stream->fake.input = bytes;
	stream->fake.nr_input = len;
	stream->fake.user.readable(stream->fake.user.arg);
}

void fake_stream_drain(struct stream *stream, size_t len)
{
	stream->fake.room = len;
	if (!stream->fake.owes_writable)
		return;
	stream->fake.owes_writable = false;
	stream->fake.user.writable(stream->fake.user.arg);
}

void stream_attach(struct stream *stream, const struct stream_user *user)
{
	stream->fake.user = *user;
}

size_t stream_read(struct stream *stream, void *buf, size_t len)
{
	struct fake_stream *fake = &stream->fake;
	size_t part = fake->nr_input < len ? fake->nr_input : len;

	if (part == 0)
		return 0;
	memcpy(buf, fake->input, part);
	fake->input += part;
	fake->nr_input -= part;
	return part;
}

void stream_want_input(struct stream *stream)
{
	stream->fake.nr_wanted++;
}

size_t stream_write_some(struct stream *stream, const void *buf, size_t len)
{
	struct fake_stream *fake = &stream->fake;
	size_t part = fake->room < len ? fake->room : len;
	size_t kept = part;

	if (kept > sizeof(fake->output) - fake->nr_output)
		kept = sizeof(fake->output) - fake->nr_output;
	memcpy(fake->output + fake->nr_output, buf, kept);
	fake->nr_output += kept;
	fake->room -= part;
	if (part < len)
		fake->owes_writable = true;
	return part;
}
