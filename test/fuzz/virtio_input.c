#include "test/fuzz/virtio_input.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fakes.h"

#define MAX_TURNS 1000

uint64_t input_take(struct input *input, unsigned int nr)
{
	uint64_t value = 0;

	while (nr-- > 0 && input->len > 0) {
		value = value << 8 | *input->data++;
		input->len--;
	}
	return value;
}

gpa_t input_take_address(struct input *input, gpa_t base)
{
	uint64_t address = input_take(input, 2);

	return address == 0xffff ? input_take(input, 8) : base + address;
}

void input_write(const struct guest_memory *memory, gpa_t gpa, const void *bytes, size_t len)
{
	void *host = guest_memory_at(memory, gpa, len);

	if (host)
		memcpy(host, bytes, len);
}

void input_write_descriptor(struct input *input, const struct guest_memory *memory, gpa_t gpa, gpa_t base,
			    unsigned int queue_size)
{
	struct vring_desc desc = { .addr = input_take_address(input, base) };

	desc.len = (uint32_t)input_take(input, 2);
	if (desc.len == 0xffff)
		desc.len = (uint32_t)input_take(input, 4);
	desc.flags = (uint16_t)input_take(input, 1);
	desc.next = (uint16_t)(input_take(input, 1) % (queue_size + 1));
	input_write(memory, gpa, &desc, sizeof(desc));
}

void input_settle(struct loop *loop)
{
	if (fake_loop_settle(loop, MAX_TURNS) == MAX_TURNS)
		abort();
}
