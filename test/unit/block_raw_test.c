/* The bytes of a raw disk against a shadow copy: with each engine, cached and direct, on files and devices. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/unit/block_support.h"

#define DISK_BYTES (4u * 1024 * 1024)
#define NR_SLOTS 24
#define NR_STEPS 1500
#define SLOT_BYTES (DISK_BYTES / NR_SLOTS / 4096 * 4096)
#define MAX_IOV 40

static uint8_t shadow[DISK_BYTES];
static uint8_t readback[DISK_BYTES];
static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((random_state >> 33) % limit);
}

/* Requests of all slots are in flight together. Each slot has its own part of the disk, so that the shadow's order is
 * the disk's. */
struct slot {
	struct block_request request;
	struct iovec iov[MAX_IOV];
	struct iovec given[MAX_IOV]; /* the backend consumes the other */
	unsigned int nr_iov;
	_Alignas(4096) uint8_t memory[SLOT_BYTES + 4096 * 2];
};

struct torture {
	struct loop *loop;
	struct block *block;
	bool unaligned;
	unsigned int nr_started, nr_done;
	struct slot slots[NR_SLOTS];
};

static struct torture torture;

static void slot_start(struct slot *slot);

static void slot_done(struct block_request *request, int result)
{
	struct slot *slot = owner_of(request, struct slot, request);
	uint64_t at = request->offset;

	ck_assert_msg(result == 0, "operation %d at %llu: %s", request->op, (unsigned long long)at, strerror(-result));
	if (request->op == BLOCK_READ)
		for (unsigned int i = 0; i < slot->nr_iov; at += slot->given[i++].iov_len)
			ck_assert_mem_eq(slot->given[i].iov_base, shadow + at, slot->given[i].iov_len);
	torture.nr_done++;
	slot_start(slot);
}

/* Cuts the request's bytes into buffers, of whole blocks or of any bytes. */
static void slot_cut(struct slot *slot, uint64_t length, uint32_t block_bytes)
{
	uint32_t unit = torture.unaligned ? 1 : block_bytes;
	uint8_t *at = slot->memory + (torture.unaligned ? random_below(4096) : 0);
	uint64_t left = length;

	for (slot->nr_iov = 0; left > 0; slot->nr_iov++) {
		uint64_t n = left;

		if (slot->nr_iov < MAX_IOV - 1 && left > unit)
			n = (1 + random_below((uint32_t)(left / unit))) * unit;
		slot->given[slot->nr_iov] = (struct iovec){ at, n };
		at += n;
		left -= n;
	}
	memcpy(slot->iov, slot->given, sizeof(slot->iov));
}

static void slot_start(struct slot *slot)
{
	static const enum block_op ops[] = { BLOCK_READ,  BLOCK_READ,	 BLOCK_WRITE,	     BLOCK_WRITE,
					     BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_WRITE_ZEROES, BLOCK_WRITE_ZEROES_UNMAP,
					     BLOCK_WRITE, BLOCK_WRITE,	 BLOCK_READ,	     BLOCK_WRITE_DURABLE };
	const struct block_geometry *geometry = block_geometry(torture.block);
	uint32_t block_bytes = geometry->logical_block_bytes;
	uint32_t nr_blocks = SLOT_BYTES / block_bytes;
	struct block_request *request = &slot->request;
	uint32_t first, nr;

	if (torture.nr_started == NR_STEPS)
		return;
	torture.nr_started++;
	first = random_below(nr_blocks);
	nr = 1 + random_below(nr_blocks - first);
	memset(request, 0xa5, sizeof(*request)); /* nothing may lean on a zeroed request */
	request->op = ops[random_below(sizeof(ops) / sizeof(ops[0]))];
	if (request->op == BLOCK_DISCARD && !geometry->can_discard)
		request->op = BLOCK_READ;
	/* What a discard leaves is not promised, so the shadow learns it by zeroing over it. */
	if (request->op == BLOCK_DISCARD && random_below(4) != 0)
		request->op = BLOCK_WRITE_ZEROES;
	request->offset = (uint64_t)(slot - torture.slots) * SLOT_BYTES + (uint64_t)first * block_bytes;
	request->length = (uint64_t)nr * block_bytes;
	request->iov = slot->iov;
	request->done = slot_done;
	slot->nr_iov = 0;
	switch (request->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
	case BLOCK_WRITE_DURABLE:
		slot_cut(slot, request->length, block_bytes);
		if (request->op == BLOCK_READ) {
			memset(slot->memory, 0x5a, sizeof(slot->memory));
			break;
		}
		for (size_t i = 0, at = 0; i < slot->nr_iov; at += slot->given[i++].iov_len) {
			memset(slot->given[i].iov_base, (int)random_below(256), slot->given[i].iov_len);
			memcpy(shadow + request->offset + at, slot->given[i].iov_base, slot->given[i].iov_len);
		}
		break;
	case BLOCK_FLUSH:
		request->offset = request->length = 0;
		break;
	case BLOCK_DISCARD:
		request->length = 0; /* a discard of nothing */
		break;
	case BLOCK_WRITE_ZEROES:
	case BLOCK_WRITE_ZEROES_UNMAP:
		memset(shadow + request->offset, 0, request->length);
		break;
	}
	request->nr_iov = slot->nr_iov;
	block_submit(torture.block, request);
}

static bool torture_finished(void *arg)
{
	(void)arg;
	return torture.nr_done == NR_STEPS;
}

static void check_disk(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = 0;

	while (at < DISK_BYTES) {
		ssize_t n = pread(fd, readback + at, DISK_BYTES - at, (off_t)at);

		ck_assert_int_gt(n, 0);
		at += (size_t)n;
	}
	for (at = 0; at < DISK_BYTES && readback[at] == shadow[at]; at++)
		;
	ck_assert_msg(at == DISK_BYTES, "byte %zu is %02x, not %02x", at, readback[at], shadow[at]);
	close(fd);
}

static void run_torture(const char *path, int engine, enum block_cache cache, bool unaligned)
{
	struct block_options options = { .path = path, .cache = cache, .discard = true };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(read(fd, shadow, DISK_BYTES), DISK_BYTES);
	close(fd);
	random_state = (uint64_t)engine * 1000 + cache * 10 + unaligned;
	torture.loop = make_loop(engine, 8);
	torture.block = block_must_open(&options);
	torture.unaligned = unaligned;
	torture.nr_started = torture.nr_done = 0;
	ck_assert_int_eq(block_attach(torture.block, torture.loop), 0);
	for (unsigned int i = 0; i < NR_SLOTS; i++)
		slot_start(&torture.slots[i]);
	loop_drain(torture.loop, torture_finished, NULL);
	ck_assert_int_eq(block_perform_range(torture.loop, torture.block, BLOCK_FLUSH, 0, 0), 0);
	block_detach(torture.block);
	block_close(torture.block);
	loop_destroy(torture.loop);
	check_disk(path);
}

static void torture_file(int engine, enum block_cache cache, bool unaligned)
{
	char path[BLOCK_PATH_MAX];

	block_make_disk(path, DISK_BYTES);
	run_torture(path, engine, cache, unaligned);
}

START_TEST(random_requests_on_a_cached_file_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_WRITEBACK, false);
}
END_TEST

START_TEST(random_requests_in_odd_buffers_on_a_cached_file_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_WRITEBACK, true);
}
END_TEST

START_TEST(random_requests_on_a_direct_file_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_DIRECT, false);
}
END_TEST

START_TEST(random_requests_in_odd_buffers_are_bounced_and_match_a_shadow_copy)
{
	torture_file(_i, BLOCK_CACHE_DIRECT, true);
}
END_TEST

static void torture_device(int engine, uint32_t logical, bool unaligned)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];

	block_make_disk(path, DISK_BYTES);
	if (!block_make_device(path, logical, device))
		return;
	run_torture(device, engine, BLOCK_CACHE_AUTO, unaligned);
	block_free_device();
}

START_TEST(random_requests_on_a_device_match_a_shadow_copy)
{
	torture_device(_i, 512, false);
}
END_TEST

START_TEST(random_requests_in_odd_buffers_on_a_device_of_4096_byte_blocks_match_a_shadow_copy)
{
	torture_device(_i, 4096, true);
}
END_TEST

/* --- single facts --- */

static _Alignas(4096) uint8_t page[2 * 1024 * 1024];

START_TEST(more_buffers_than_one_system_call_takes_are_one_request)
{
	static struct iovec iov[3000];
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .cache = BLOCK_CACHE_DIRECT };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, DISK_BYTES);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	for (unsigned int i = 0; i < 3000; i++) {
		iov[i] = (struct iovec){ page + 512 * i, 512 };
		memset(page + 512 * i, (int)i % 251, 512);
	}
	ck_assert_int_eq(block_perform(loop, block, BLOCK_WRITE, 4096, iov, 3000), 0);
	iov[0] = (struct iovec){ readback, 3000 * 512 };
	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, 4096, iov, 1), 0);
	ck_assert_mem_eq(readback, page, 3000 * 512);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(nothing_to_transfer_succeeds)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 4096);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	for (int op = BLOCK_READ; op <= BLOCK_WRITE_ZEROES_UNMAP; op++)
		ck_assert_int_eq(block_perform_range(loop, block, (enum block_op)op, 4096, 0), 0);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_file_that_became_shorter_is_an_io_error)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .cache = _i % 2 ? BLOCK_CACHE_DIRECT : BLOCK_CACHE_WRITEBACK };
	struct iovec iov = { page, 8192 };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 65536);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	ck_assert_int_eq(truncate(path, 32768 + 4096), 0);
	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, 32768, &iov, 1), -EIO);
	iov = (struct iovec){ page, 8192 };
	ck_assert_int_eq(block_perform(loop, block, BLOCK_READ, 49152, &iov, 1), -EIO);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_write_that_fails_says_why)
{
	const struct rlimit small = { 32768, 32768 };
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path };
	struct iovec iov = { page, 8192 };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 65536);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(block_perform(loop, block, BLOCK_WRITE, 32768 + 4096, &iov, 1), -EFBIG);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_read_only_disk_can_not_be_written_even_when_asked)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .read_only = true, .discard = true };
	struct iovec iov = { page, 4096 };
	struct loop *loop = make_loop(_i, 8);
	struct block *block;

	block_make_disk(path, 65536);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	ck_assert_int_eq(block_perform(loop, block, BLOCK_WRITE, 0, &iov, 1), -EBADF);
	ck_assert_int_lt(block_perform_range(loop, block, BLOCK_DISCARD, 0, 4096), 0);
	ck_assert_int_lt(block_perform_range(loop, block, BLOCK_WRITE_ZEROES, 0, 4096), 0);
	ck_assert_int_eq(block_perform_range(loop, block, BLOCK_FLUSH, 0, 0), 0);
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_discard_gives_the_files_space_back)
{
	char path[BLOCK_PATH_MAX];
	struct block_options options = { .path = path, .discard = true };
	struct loop *loop = make_loop(_i, 8);
	struct stat before, after;
	struct block *block;

	block_make_disk(path, DISK_BYTES);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	if (!block_geometry(block)->can_discard) {
		printf("skipped: this file system can't punch holes\n");
	} else {
		ck_assert_int_eq(stat(path, &before), 0);
		ck_assert_int_eq(block_perform_range(loop, block, BLOCK_DISCARD, 0, DISK_BYTES / 2), 0);
		ck_assert_int_eq(stat(path, &after), 0);
		ck_assert_int_lt(after.st_blocks, before.st_blocks);
		ck_assert_int_eq(after.st_size, before.st_size);
	}
	block_detach(block);
	block_close(block);
	loop_destroy(loop);
}
END_TEST

START_TEST(a_discard_reaches_through_a_device_to_its_file)
{
	char path[BLOCK_PATH_MAX], device[BLOCK_PATH_MAX];
	struct block_options options = { .path = device, .discard = true };
	struct stat before, after;
	struct block *block;
	struct loop *loop;

	block_make_disk(path, DISK_BYTES);
	if (!block_make_device(path, 512, device))
		return;
	loop = make_loop(_i, 8);
	block = block_must_open(&options);
	ck_assert_int_eq(block_attach(block, loop), 0);
	if (block_geometry(block)->can_discard) {
		ck_assert_int_eq(stat(path, &before), 0);
		ck_assert_int_eq(block_perform_range(loop, block, BLOCK_DISCARD, 0, DISK_BYTES / 2), 0);
		ck_assert_int_eq(stat(path, &after), 0);
		ck_assert_int_lt(after.st_blocks, before.st_blocks);
	}
	block_detach(block);
	block_close(block);
	block_free_device();
	loop_destroy(loop);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_raw");
	TCase *torturing = tcase_create("torture");
	TCase *facts = tcase_create("facts");

	tcase_set_timeout(torturing, 100);
	add_engine_test(torturing, random_requests_on_a_cached_file_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_in_odd_buffers_on_a_cached_file_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_on_a_direct_file_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_in_odd_buffers_are_bounced_and_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_on_a_device_match_a_shadow_copy);
	add_engine_test(torturing, random_requests_in_odd_buffers_on_a_device_of_4096_byte_blocks_match_a_shadow_copy);
	add_engine_test(facts, more_buffers_than_one_system_call_takes_are_one_request);
	add_engine_test(facts, nothing_to_transfer_succeeds);
	add_engine_test(facts, a_file_that_became_shorter_is_an_io_error);
	add_engine_test(facts, a_write_that_fails_says_why);
	add_engine_test(facts, a_read_only_disk_can_not_be_written_even_when_asked);
	add_engine_test(facts, a_discard_gives_the_files_space_back);
	add_engine_test(facts, a_discard_reaches_through_a_device_to_its_file);
	suite_add_tcase(suite, torturing);
	suite_add_tcase(suite, facts);
	return unit_main(suite);
}
