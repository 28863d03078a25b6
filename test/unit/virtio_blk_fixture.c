#include "test/unit/virtio_blk_fixture.h"

#include <string.h>

#include "vmm/base/fd.h"

struct guest_memory memory;
struct driver_queue driver;
struct loop *loop;
struct block *block;
struct fake_block *disk;
struct fake_transport transport;
struct virtio_device *dev;
struct virtio_queue_setup queues[4];
const struct blk_trouble_ops *trouble_ops;

uint8_t *at(gpa_t gpa)
{
	return guest_memory_at(&memory, gpa, 1);
}

void make_device(unsigned int nr_queues)
{
	const struct blk_config config = {
		.block = block,
		.loop = loop,
		.serial = "disk-serial-01",
		.nr_queues = nr_queues,
		.trouble_ops = trouble_ops,
	};

	ck_assert_int_eq(blk_create(&config, &dev), 0);
	fake_transport_connect(&transport, dev, &memory);
}

void activate(uint64_t features)
{
	driver_queue_init(&driver, &memory, RINGS, QUEUE_SIZE, features & BIT(VIRTIO_F_EVENT_IDX_BIT));
	queues[0].enabled = true;
	queues[0].config = driver.config;
	ck_assert_int_eq(dev->ops->activate(dev, features, queues), 0);
	fake_loop_settle(loop, 10);
}

static void setup_memory(void)
{
	const struct guest_region region = { .base = 0, .size_bytes = RAM_BYTES };

	driver_memory_init(&memory, &region, 1);
	loop = fake_loop_create();
	block = fake_block_create(DISK_BYTES);
	disk = fake_block_of(block);
	fake_loop_set_source(loop, fake_block_source, block);
	memset(queues, 0, sizeof(queues));
	for (unsigned int i = 0; i < 4; i++)
		queues[i].kick_fd = fd_eventfd();
	for (unsigned int i = 0; i < DISK_BYTES; i++)
		disk->data[i] = (uint8_t)(i * 7 + i / 512);
	memcpy(disk->stable, disk->data, DISK_BYTES);
	dev = NULL;
}

void setup(void)
{
	setup_memory();
	make_device(1);
	activate(dev->features);
}

void teardown(void)
{
	blk_destroy(dev);
	fake_block_destroy(block);
	fake_loop_destroy(loop);
	for (unsigned int i = 0; i < 4; i++)
		fd_close(&queues[i].kick_fd);
	driver_memory_fini(&memory);
}

void remake(uint64_t features)
{
	blk_destroy(dev);
	make_device(1);
	activate(features ? features : dev->features);
}

void kick(void)
{
	fd_eventfd_signal(queues[0].kick_fd);
}

void put_header(uint32_t type, uint64_t sector)
{
	struct virtio_blk_outhdr header = { .type = type, .sector = sector };

	memcpy(at(HEADER), &header, sizeof(header));
	*at(STATUS) = UNTOUCHED;
}

uint8_t run_chain(const struct driver_buffer *buffers, unsigned int nr, uint32_t *len)
{
	uint16_t head = driver_add(&driver, buffers, nr), used;

	kick();
	fake_loop_settle(loop, 100);
	ck_assert(driver_collect(&driver, &used, len));
	ck_assert_uint_eq(used, head);
	return *at(STATUS);
}

uint8_t run_request(uint32_t type, uint64_t sector, uint32_t data_bytes, bool device_writes, uint32_t *len)
{
	const struct driver_buffer buffers[] = {
		{ HEADER, 16, false },
		{ DATA, data_bytes, device_writes },
		{ STATUS, 1, true },
	};

	put_header(type, sector);
	return run_chain(buffers, 3, len);
}

uint8_t run_ranges(uint32_t type, const struct virtio_blk_discard_write_zeroes *ranges, unsigned int nr)
{
	uint32_t len;
	uint8_t status;

	memcpy(at(DATA), ranges, nr * sizeof(*ranges));
	status = run_request(type, 0, nr * sizeof(*ranges), false, &len);
	ck_assert_uint_eq(len, 1);
	return status;
}

uint8_t run_range(uint32_t type, uint64_t sector, uint32_t nr_sectors, uint32_t flags)
{
	const struct virtio_blk_discard_write_zeroes range = { .sector = sector,
							       .num_sectors = nr_sectors,
							       .flags = flags };

	return run_ranges(type, &range, 1);
}

unsigned int cut(struct driver_buffer *buffers, gpa_t gpa, uint32_t len, uint32_t step, bool device_writes)
{
	unsigned int nr = 0;

	for (uint32_t done = 0; done < len; done += step)
		buffers[nr++] =
			(struct driver_buffer){ gpa + done, len - done < step ? len - done : step, device_writes };
	return nr;
}
