/* A driver that does anything at all, against blk, console and rng: no crash, no hang, and every request comes back.
 *
 * The input is a list of steps: memory and ring writes, kicks, turns of the loop, completions and failures of the disk,
 * resets. The fakes abort when a device breaks what it promises to the disk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/fuzz/virtio_input.h"
#include "test/unit/fake_timer.h"
#include "test/unit/virtio_driver.h"
#include "test/unit/virtio_fakes.h"
#include "virtio/dev/blk.h"
#include "virtio/dev/console.h"
#include "virtio/dev/rng.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"

#define MEMORY_BYTES (64 * 1024)
#define DISK_BYTES (32 * 1024)
#define QUEUE_SIZE 8
#define NR_QUEUES 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct guest {
	struct guest_memory memory;
	struct driver_queue rings[NR_QUEUES];
	struct virtio_queue_setup queues[NR_QUEUES];
	struct fake_transport transport;
	struct loop *loop;
	struct block *block;
	struct stream *stream;
	struct virtio_device *dev;
};

static void write_header(struct guest *guest, struct input *input)
{
	struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header = { .type = (uint32_t)input_take(input, 1) & 15 };
	gpa_t gpa = input_take(input, 2);

	header.sector = input_take(input, 1);
	if (header.sector == 255)
		header.sector = input_take(input, 8);
	input_write(&guest->memory, gpa, &header, sizeof(header));
}

static void start(struct guest *guest, struct input *input)
{
	uint64_t features =
		guest->dev->features & (input_take(input, 4) << 9 | input_take(input, 1) | UINT64_C(1) << 32);
	int rc;

	for (unsigned int i = 0; i < NR_QUEUES; i++) {
		driver_queue_init(&guest->rings[i], &guest->memory, i * 0x3000, QUEUE_SIZE, false);
		guest->queues[i].config = guest->rings[i].config;
		guest->queues[i].enabled = input_take(input, 1) != 0;
	}
	if (input_take(input, 1) == 1)
		guest->queues[0].config.used = input_take_address(input, 0);
	rc = guest->dev->ops->activate(guest->dev, features, guest->queues);
	if (rc < 0 && fake_loop_nr_events(guest->loop) > 0)
		abort();
}

static unsigned int nr_troubled; /* disks that hold failed requests: 0 or 1 */

static void trouble_began(void *arg, const struct blk_trouble *trouble)
{
	(void)arg;
	if (nr_troubled++ != 0 || trouble->error >= 0)
		abort();
}

static void trouble_ended(void *arg)
{
	(void)arg;
	if (nr_troubled-- != 1)
		abort();
}

static const struct blk_trouble_ops trouble_ops = { .began = trouble_began, .ended = trouble_ended };

static void make(struct guest *guest, struct input *input)
{
	const struct guest_region region = { .base = 0, .size_bytes = MEMORY_BYTES };
	unsigned int kind = (unsigned int)input_take(input, 1);
	struct blk_config config;
	int rc;

	driver_memory_init(&guest->memory, &region, 1);
	guest->loop = fake_loop_create();
	guest->block = fake_block_create(DISK_BYTES);
	guest->stream = fake_stream_create();
	for (unsigned int i = 0; i < NR_QUEUES; i++)
		guest->queues[i].kick_fd = fd_eventfd();
	fake_loop_set_source(guest->loop, fake_block_source, guest->block);
	config = (struct blk_config){ .block = guest->block, .loop = guest->loop, .serial = "fuzz", .nr_queues = 2 };
	switch (kind % 4) {
	case 0:
		rc = console_create(guest->stream, guest->loop, &guest->dev);
		break;
	case 1:
		rc = rng_create(guest->loop, &guest->dev);
		break;
	default:
		fake_block_of(guest->block)->geometry.read_only = kind & 4;
		fake_block_of(guest->block)->geometry.logical_block_bytes = kind & 8 ? 4096 : 512;
		fake_block_of(guest->block)->geometry.max_segments = kind & 16 ? 3 : 1024;
		fake_block_of(guest->block)->geometry.merge_bytes = DISK_BYTES / 4;
		fake_block_of(guest->block)->newest_first = kind & 32;
		fake_block_of(guest->block)->geometry.can_secure_erase = kind & 64;
		fake_block_of(guest->block)->geometry.max_secure_erase_bytes = 1 << 20;
		fake_block_of(guest->block)->consumes_on_failure = true;
		config.trouble_ops = kind & 128 ? &trouble_ops : NULL;
		rc = blk_create(&config, &guest->dev);
		break;
	}
	if (rc < 0)
		abort();
	fake_transport_connect(&guest->transport, guest->dev, &guest->memory);
	start(guest, input);
}

static void unmake(struct guest *guest)
{
	struct fake_block *disk = fake_block_of(guest->block);

	disk->hold = false;
	if (guest->dev->id == 2)
		blk_destroy(guest->dev);
	else if (guest->dev->id == 3)
		console_destroy(guest->dev);
	else
		rng_destroy(guest->dev);
	if (nr_troubled > 0 || fake_timer_nr() > 0)
		abort();
	/* These abort if the device left a request or an event behind. */
	fake_block_destroy(guest->block);
	fake_loop_destroy(guest->loop);
	fake_stream_destroy(guest->stream);
	for (unsigned int i = 0; i < NR_QUEUES; i++)
		fd_close(&guest->queues[i].kick_fd);
	driver_memory_fini(&guest->memory);
}

static void step(struct guest *guest, struct input *input)
{
	unsigned int what = (unsigned int)input_take(input, 1);
	unsigned int index = what >> 7;
	struct driver_queue *ring = &guest->rings[index];
	struct fake_block *disk = fake_block_of(guest->block);
	uint64_t value;

	switch (what & 15) {
	case 0:
	case 1:
		input_write_descriptor(input, &guest->memory,
				       ring->config.desc + input_take(input, 1) % QUEUE_SIZE * 16, 0, QUEUE_SIZE);
		break;
	case 2:
		input_write_descriptor(input, &guest->memory, input_take(input, 2), 0, QUEUE_SIZE);
		break;
	case 3:
	case 4:
		driver_offer(ring, (uint16_t)(input_take(input, 1) % (QUEUE_SIZE + 1)));
		break;
	case 5:
		value = input_take(input, 2);
		input_write(&guest->memory, input_take(input, 2), &value, 2);
		break;
	case 6:
		write_header(guest, input);
		break;
	case 7:
	case 8:
		fd_eventfd_signal(guest->queues[index].kick_fd);
		fake_loop_turn(guest->loop);
		break;
	case 9:
		disk->hold = !disk->hold;
		fake_loop_turn(guest->loop);
		break;
	case 10:
		disk->fail_with = input_take(input, 1) & 1 ? -EIO : -EOPNOTSUPP;
		break;
	case 11:
		disk->hold = false;
		guest->dev->ops->reset(guest->dev);
		if (disk->nr_in_flight > 0 || fake_loop_nr_events(guest->loop) > 0 || nr_troubled > 0)
			abort();
		start(guest, input);
		break;
	case 12:
		if (guest->dev->ops->config_write && guest->dev->config_size > 8)
			guest->dev->ops->config_write(guest->dev, (unsigned int)(input_take(input, 1) % 52), 1,
						      input_take(input, 1));
		break;
	case 13:
		if (guest->dev->id == 3)
			fake_stream_type(guest->stream, "typed by a person, or pasted", 28);
		if (guest->dev->id == 2) {
			disk->grown_bytes = DISK_BYTES + input_take(input, 1) * 4096;
			blk_refresh(guest->dev);
		}
		break;
	case 14:
		if (guest->dev->id == 3)
			fake_stream_drain(guest->stream, input_take(input, 2));
		break;
	case 15:
		/* What was held is tried again. */
		fake_timer_advance(UINT64_C(1000000000));
		input_settle(guest->loop);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct guest guest;
	struct input input = { data, len };

	log_set_level(LOG_ERROR);
	memset(&guest, 0, sizeof(guest));
	make(&guest, &input);
	while (input.len > 0)
		step(&guest, &input);
	fake_block_of(guest.block)->hold = false;
	input_settle(guest.loop);
	unmake(&guest);
	return 0;
}
