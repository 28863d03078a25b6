/* A byte stream of two buffers, for tests of devices: it stands in for vmm/core/stream.c. */
#ifndef TEST_UNIT_STUB_STREAM_H
#define TEST_UNIT_STUB_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/core/stream.h"

#define STUB_STREAM_BYTES 4096

struct stream {
	struct stream_user user;
	uint8_t input[STUB_STREAM_BYTES];
	size_t input_len, input_taken;
	uint8_t output[STUB_STREAM_BYTES];
	size_t output_len;
	unsigned int nr_wants; /* calls of stream_want_input() */
};

/* Someone types: the device's `readable` is called, once, as the loop would. */
void stub_stream_type(struct stream *stream, const char *text);
/* The loop goes round: `readable` is called if input waits. */
void stub_stream_turn(struct stream *stream);

#endif
