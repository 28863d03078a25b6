/* What the fuzzers of virtio devices have in common: an input as a list of numbers, and a driver's memory. */
#ifndef TEST_FUZZ_VIRTIO_INPUT_H
#define TEST_FUZZ_VIRTIO_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/core/memory.h"

struct loop;

struct input {
	const uint8_t *data;
	size_t len;
};

/* The next number, of `nr` bytes; behind the end all is zero. */
uint64_t input_take(struct input *input, unsigned int nr);

/* An address that mostly hits the 64 KiB of memory from `base`. */
gpa_t input_take_address(struct input *input, gpa_t base);

/* Writes what lies in memory; nothing else. */
void input_write(const struct guest_memory *memory, gpa_t gpa, const void *bytes, size_t len);

/* Writes a descriptor from the input at `gpa`, of which the address is one of input_take_address()'s. */
void input_write_descriptor(struct input *input, const struct guest_memory *memory, gpa_t gpa, gpa_t base,
			    unsigned int queue_size);

/* Turns the loop until it has nothing more to do; aborts if that never comes. */
void input_settle(struct loop *loop);

#endif
