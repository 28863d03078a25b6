#include "test/unit/virtio_fakes.h"

static void notify_queue(void *transport, unsigned int queue)
{
	((struct fake_transport *)transport)->nr_interrupts[queue]++;
}

static void notify_config(void *transport)
{
	((struct fake_transport *)transport)->nr_config++;
}

static void needs_reset(void *transport)
{
	((struct fake_transport *)transport)->nr_needs_reset++;
}

const struct virtio_transport_ops fake_transport_ops = {
	.notify_queue = notify_queue,
	.notify_config = notify_config,
	.needs_reset = needs_reset,
};

void fake_transport_connect(struct fake_transport *transport, struct virtio_device *dev,
			    const struct guest_memory *memory)
{
	*transport = (struct fake_transport){ 0 };
	dev->transport_ops = &fake_transport_ops;
	dev->transport = transport;
	dev->memory = memory;
}
