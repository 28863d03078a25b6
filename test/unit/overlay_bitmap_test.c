/* An overlay's bitmap against an array of flags, and the file against both. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/unit.h"
#include "virtio/backend/overlay/bitmap.h"
#include "vmm/base/fd.h"

#define BYTES (4096 * 70) /* more pages than a word has bits */
#define NR_BLOCKS (BYTES * 8)
#define OFFSET 4096

static uint8_t model[NR_BLOCKS];
static uint8_t bytes[BYTES];
static struct overlay_bitmap bitmap;
static int fd;

static int make_file(void)
{
	char path[] = "/var/tmp/mote-test-XXXXXX";
	int made = mkstemp(path);

	ck_assert_int_ge(made, 0);
	unlink(path);
	ck_assert_int_eq(ftruncate(made, OFFSET + BYTES), 0);
	return made;
}

static void setup(void)
{
	fd = make_file();
	srandom(7);
	memset(model, 0, sizeof(model));
	ck_assert_int_eq(overlay_bitmap_init(&bitmap, BYTES, true), 0);
}

static void teardown(void)
{
	overlay_bitmap_fini(&bitmap);
	close(fd);
}

static void set(uint64_t first, uint64_t nr)
{
	overlay_bitmap_set(&bitmap, first, nr);
	memset(model + first, 1, nr);
}

static uint64_t model_run(uint64_t first, uint64_t nr)
{
	uint64_t n = 1;

	while (n < nr && model[first + n] == model[first])
		n++;
	return n;
}

START_TEST(runs_are_as_long_as_what_is_alike)
{
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t first = (uint64_t)random() % NR_BLOCKS;
		uint64_t nr = 1 + (uint64_t)random() % (i % 2 ? 200 : 9000);

		set(first, nr < NR_BLOCKS - first ? nr : NR_BLOCKS - first);
	}
	set(0, 64);
	set(NR_BLOCKS - 64, 64);
	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t first = i < 200 ? i : i < 400 ? NR_BLOCKS - 1 - (i - 200) : (uint64_t)random() % NR_BLOCKS;
		uint64_t nr = 1 + (uint64_t)random() % (NR_BLOCKS - first);
		bool is_set;

		ck_assert_uint_eq(overlay_bitmap_run(&bitmap, first, nr, &is_set), model_run(first, nr));
		ck_assert_int_eq(is_set, model[first]);
	}
}
END_TEST

static bool file_has(uint64_t block)
{
	return bytes[block / 8] >> block % 8 & 1;
}

static void publish(bool sync_works)
{
	(void)overlay_bitmap_stage(&bitmap);
	if (sync_works)
		ck_assert_int_eq(overlay_bitmap_write(&bitmap, fd, OFFSET), 0);
	overlay_bitmap_unstage(&bitmap, sync_works);
	ck_assert_int_eq(fd_pread_full(fd, bytes, BYTES, OFFSET), 0);
}

START_TEST(what_is_published_is_what_was_staged)
{
	ck_assert(!overlay_bitmap_is_dirty(&bitmap));
	ck_assert(!overlay_bitmap_stage(&bitmap));
	set(100, 5);
	ck_assert(overlay_bitmap_is_dirty(&bitmap));
	ck_assert(!overlay_bitmap_is_written(&bitmap, 100, 1));
	ck_assert(overlay_bitmap_stage(&bitmap));
	ck_assert(!overlay_bitmap_is_dirty(&bitmap));
	ck_assert(!overlay_bitmap_is_written(&bitmap, 100, 1));
	/* Comes too late: its block may not be durable. */
	set(200, 1);
	set(69 * 32768, 1);
	ck_assert_int_eq(overlay_bitmap_write(&bitmap, fd, OFFSET), 0);
	overlay_bitmap_unstage(&bitmap, true);
	ck_assert_int_eq(fd_pread_full(fd, bytes, BYTES, OFFSET), 0);
	ck_assert(file_has(100) && file_has(104) && !file_has(99) && !file_has(105));
	ck_assert(!file_has(200) && !file_has(69 * 32768));
	ck_assert(overlay_bitmap_is_dirty(&bitmap));
	ck_assert(!overlay_bitmap_is_written(&bitmap, 200, 1));
	publish(true);
	ck_assert(file_has(200) && file_has(69 * 32768) && file_has(100));
	ck_assert(overlay_bitmap_is_written(&bitmap, 0, NR_BLOCKS));
	ck_assert(!overlay_bitmap_is_dirty(&bitmap));
}
END_TEST

START_TEST(what_could_not_be_written_is_staged_again)
{
	set(32768 * 3, 32768 * 2);
	publish(false);
	ck_assert(!file_has(32768 * 3));
	ck_assert(overlay_bitmap_is_dirty(&bitmap));
	publish(true);
	ck_assert(file_has(32768 * 3) && file_has(32768 * 5 - 1));
}
END_TEST

START_TEST(a_file_is_loaded_as_it_was_published)
{
	static const uint64_t places[] = { 0, 63, 64, 32767, 32768, 32768 * 7 + 5, 32768 * 64, NR_BLOCKS - 1 };
	bool is_set;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		set(places[i], 1);
	publish(true);
	overlay_bitmap_fini(&bitmap);
	ck_assert_int_eq(overlay_bitmap_init(&bitmap, BYTES, true), 0);
	ck_assert_int_eq(overlay_bitmap_load(&bitmap, fd, OFFSET), 0);
	for (uint64_t at = 0; at < NR_BLOCKS;) {
		uint64_t n = overlay_bitmap_run(&bitmap, at, NR_BLOCKS - at, &is_set);

		ck_assert_uint_eq(n, model_run(at, NR_BLOCKS - at));
		ck_assert_int_eq(is_set, model[at]);
		at += n;
	}
	ck_assert(!overlay_bitmap_is_dirty(&bitmap));
}
END_TEST

START_TEST(one_that_is_not_kept_is_never_dirty)
{
	overlay_bitmap_fini(&bitmap);
	ck_assert_int_eq(overlay_bitmap_init(&bitmap, BYTES, false), 0);
	set(5, 100000);
	ck_assert(!overlay_bitmap_is_dirty(&bitmap));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay_bitmap");
	TCase *tcase = tcase_create("bitmap");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, runs_are_as_long_as_what_is_alike);
	tcase_add_test(tcase, what_is_published_is_what_was_staged);
	tcase_add_test(tcase, what_could_not_be_written_is_staged_again);
	tcase_add_test(tcase, a_file_is_loaded_as_it_was_published);
	tcase_add_test(tcase, one_that_is_not_kept_is_never_dirty);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
