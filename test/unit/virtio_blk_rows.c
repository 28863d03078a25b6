#include "test/unit/virtio_blk_rows.h"

#include <string.h>

struct offered batch[QUEUE_SIZE];
static uint16_t heads[QUEUE_SIZE];
uint32_t used_lengths[QUEUE_SIZE];
unsigned int nr_offered;
gpa_t slot_bytes;

void setup_merging(void)
{
	setup();
	disk->geometry.merge_bytes = MERGE_BYTES;
	disk->consumes_on_failure = true;
	remake(0);
	nr_offered = 0;
	slot_bytes = SLOT_BYTES;
}

gpa_t data_of(unsigned int index)
{
	return DATA + index * slot_bytes;
}

/* What request `index` writes: no two bytes near each other are alike. */
static uint8_t written_at(unsigned int index, uint32_t at)
{
	return (uint8_t)(index * 59 + at * 3 + at / 512 + 1);
}

void offer(struct offered request)
{
	struct virtio_blk_outhdr header = { .type = request.type, .sector = request.sector };
	bool reads = request.type == VIRTIO_BLK_T_IN;
	struct driver_buffer buffers[QUEUE_SIZE];
	unsigned int nr, i = nr_offered++;

	memcpy(at(HEADER + i * 16), &header, sizeof(header));
	*at(STATUS + i) = UNTOUCHED;
	for (uint32_t byte = 0; byte < request.bytes; byte++)
		*at(data_of(i) + byte) = reads ? UNTOUCHED : written_at(i, byte);
	nr = cut(buffers, HEADER + i * 16, 16, 16, false);
	/* Pieces of a request lie in memory last first, so that none goes on where the one before ends. */
	for (uint32_t done = 0, step = request.step ? request.step : request.bytes; done < request.bytes; done += step)
		buffers[nr++] = (struct driver_buffer){ data_of(i) + request.bytes - done - step, step, reads };
	nr += cut(buffers + nr, STATUS + i, 1, 1, true);
	batch[i] = request;
	heads[i] = driver_build(&driver, buffers, nr, 0, TABLE + i * 1024);
	driver_offer(&driver, heads[i]);
}

void offer_row(uint32_t type, uint64_t sector, unsigned int nr, uint32_t bytes)
{
	for (unsigned int i = 0; i < nr; i++)
		offer((struct offered){ type, sector + i * (bytes / 512), bytes, 0 });
}

void run(void)
{
	disk->nr_submitted = 0;
	kick();
	fake_loop_settle(loop, 100);
}

unsigned int collect(void)
{
	unsigned int nr = 0;
	uint16_t head;
	uint32_t len;

	while (driver_collect(&driver, &head, &len)) {
		unsigned int i = 0;

		while (i < nr_offered && heads[i] != head)
			i++;
		ck_assert_uint_lt(i, nr_offered);
		heads[i] = UINT16_MAX;
		used_lengths[i] = len;
		nr++;
	}
	return nr;
}

bool data_agrees(unsigned int index)
{
	const struct offered *request = &batch[index];
	uint32_t step = request->step ? request->step : request->bytes;

	for (uint32_t done = 0; done < request->bytes; done += step) {
		if (memcmp(at(data_of(index) + request->bytes - done - step), disk->data + request->sector * 512 + done,
			   step) != 0)
			return false;
	}
	return true;
}

void check_good(unsigned int index)
{
	const struct offered *request = &batch[index];

	ck_assert_uint_eq(*at(STATUS + index), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(used_lengths[index], request->type == VIRTIO_BLK_T_IN ? request->bytes + 1 : 1);
	ck_assert(data_agrees(index));
}

void check_all_good(void)
{
	ck_assert_uint_eq(collect(), nr_offered);
	for (unsigned int i = 0; i < nr_offered; i++)
		check_good(i);
}

void check_submission(unsigned int index, enum block_op op, uint64_t sector, uint64_t bytes, unsigned int nr_iov)
{
	const struct fake_submission *submission = &disk->submissions[index];

	ck_assert_uint_lt(index, disk->nr_submitted);
	ck_assert_int_eq(submission->op, op);
	ck_assert_uint_eq(submission->offset, sector * 512);
	ck_assert_uint_eq(submission->length, bytes);
	ck_assert_uint_eq(submission->nr_iov, nr_iov);
}
