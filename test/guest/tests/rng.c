/* virtio-rng gives bytes that are not all the same, and fills small and large buffers. */
#include "test/guest/cpu.h"
#include "test/guest/pages.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"
#include "test/guest/virtio.h"

static uint32_t ask(struct virtqueue *vq, void *buffer, uint32_t len)
{
	const struct virtqueue_segment segment = { buffer, len };
	uint32_t written = 0;

	expect(virtqueue_add(vq, &segment, 0, 1) >= 0);
	virtqueue_kick(vq);
	while (virtqueue_poll(vq, &written) < 0)
		cpu_pause();
	return written;
}

static void bytes_are_random(const char *command_line)
{
	struct virtio_device dev;
	struct virtqueue vq;
	uint8_t *bytes = pages_alloc(2);
	unsigned int histogram[256], highest = 0;

	(void)command_line;
	if (!virtio_open(&dev, VIRTIO_ID_RNG, 0) || !virtio_negotiate(&dev, VIRTIO_F_VERSION_1) ||
	    !virtio_queue_enable(&dev, 0, 8, &vq)) {
		expect(!"a working virtio-rng");
		return;
	}
	virtio_ready(&dev);
	expect_equal(ask(&vq, bytes, 4096), 4096);
	expect_equal(ask(&vq, bytes + 4096, 1), 1);
	memset(histogram, 0, sizeof(histogram));
	for (unsigned int i = 0; i < 4096; i++)
		histogram[bytes[i]]++;
	for (unsigned int i = 0; i < 256; i++)
		highest = histogram[i] > highest ? histogram[i] : highest;
	expect(highest < 64); /* 16 on average */
	expect(ask(&vq, bytes + 4096, 4096) == 4096 && memcmp(bytes, bytes + 4096, 4096) != 0);
	virtio_reset(&dev);
}

const struct test tests_rng[] = {
	{ "bytes_are_random", bytes_are_random },
	TEST_END,
};
