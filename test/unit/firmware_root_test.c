#include "firmware/loader/root_check.h"

#include <string.h>

#include "firmware/loader/disk_cache.h"
#include "firmware/loader/foreign.h"
#include "test/unit/unit.h"

static struct system held;
static struct source sources[3] = { { .name = "vda1" }, { .name = "vda2" }, { .name = "vg-x/my-root" } };

/* A boot partition and a root file system in a volume; vda2 holds something that can't be read. */
static void make_system(void)
{
	memset(&held, 0, sizeof(held));
	held.nr_volumes = 3;
	for (unsigned int i = 0; i < 3; i++)
		held.volumes[i].source = &sources[i];
	strcpy(held.volumes[0].part_uuid, "5e5a0f5c-01");
	strcpy(held.volumes[2].lvm_name, "vg-x/my-root");
	held.places.mounted = held.mounted;
	held.places.nr = 2;
	held.mounted[0].volume = &held.volumes[0];
	strcpy(held.mounted[0].fs.uuid, "abcd-1234");
	strcpy(held.mounted[0].fs.label, "BOOT");
	held.mounted[1].volume = &held.volumes[2];
	strcpy(held.mounted[1].fs.uuid, "0ca3b9f5-0000-4000-8000-0123456789ab");
}

#define ROOT 1
#define BOOT 0

static const struct {
	const char *arguments;
	enum root_state state;
	int mounted; /* -1: none */
} lines[] = {
	{ "", ROOT_NOT_NAMED, -1 },
	{ "ro quiet", ROOT_NOT_NAMED, -1 },
	{ "ro root=UUID=0ca3b9f5-0000-4000-8000-0123456789ab quiet", ROOT_READABLE, ROOT },
	{ "root=UUID=0CA3B9F5-0000-4000-8000-0123456789AB", ROOT_READABLE, ROOT },
	{ "root=/dev/disk/by-uuid/ABCD-1234", ROOT_READABLE, BOOT },
	{ "root=LABEL=BOOT", ROOT_READABLE, BOOT },
	{ "root=LABEL=boot", ROOT_UNKNOWN, -1 },
	{ "root=PARTUUID=5E5A0F5C-01", ROOT_READABLE, BOOT },
	{ "root=/dev/vda1", ROOT_READABLE, BOOT },
	{ "root=/dev/vda", ROOT_UNKNOWN, -1 },
	{ "root=/dev/mapper/vg--x-my--root", ROOT_READABLE, ROOT },
	{ "root=/dev/mapper/vg-x-my-root", ROOT_UNKNOWN, -1 },
	{ "root=/dev/vg-x/my-root", ROOT_READABLE, ROOT },
	{ "root=/dev/vg-x/my-roo", ROOT_UNKNOWN, -1 },
	{ "root=/dev/vg-x/my-rooty", ROOT_UNKNOWN, -1 },
	{ "root=/dev/sda1 root=/dev/vda1", ROOT_READABLE, BOOT }, /* the last counts */
	{ "root=/dev/vda1 -- root=/dev/sda1", ROOT_READABLE, BOOT }, /* what follows is init's */
	{ "noroot=/dev/vda1", ROOT_NOT_NAMED, -1 },
	{ "root=", ROOT_NOT_NAMED, -1 },
	{ "root=ZFS=tank", ROOT_UNKNOWN, -1 },
};

START_TEST(root_is_found_in_every_form)
{
	const struct mounted *found;

	make_system();
	ck_assert_int_eq(root_check(&held, lines[_i].arguments, &found), lines[_i].state);
	if (lines[_i].mounted < 0)
		ck_assert_ptr_null(found);
	else
		ck_assert_ptr_eq(found, &held.mounted[lines[_i].mounted]);
}
END_TEST

START_TEST(a_root_that_is_not_there_may_be_encrypted)
{
	const struct mounted *found;

	make_system();
	held.foreign[1].is_encrypted = true;
	ck_assert_int_eq(root_check(&held, "root=/dev/mapper/vda2_crypt", &found), ROOT_ENCRYPTED);
	ck_assert_int_eq(root_check(&held, "root=/dev/vda1", &found), ROOT_READABLE);
}
END_TEST

START_TEST(a_root_longer_than_any_name_is_unknown)
{
	static char arguments[5000] = "root=";
	const struct mounted *found;

	make_system();
	memset(arguments + 5, 'x', sizeof(arguments) - 6);
	ck_assert_int_eq(root_check(&held, arguments, &found), ROOT_UNKNOWN);
}
END_TEST

static uint8_t image[68 << 10];

static int read_image(struct source *source, uint64_t offset, void *buf, size_t len)
{
	(void)source;
	memcpy(buf, image + offset, len);
	return 0;
}

static struct foreign recognise(uint32_t at, const char *bytes, size_t len, uint64_t size)
{
	struct source source = { .read = read_image, .size_bytes = size };

	memset(image, 0, sizeof(image));
	memcpy(image + at, bytes, len);
	return foreign_recognise(&source);
}

START_TEST(what_can_not_be_read_has_a_name)
{
	ck_assert_str_eq(recognise(0, "LUKS\xba\xbe", 6, sizeof(image)).name, "LUKS, encrypted");
	ck_assert(recognise(0, "LUKS\xba\xbe", 6, 6).is_encrypted);
	ck_assert_str_eq(recognise(4086, "SWAPSPACE2", 10, 4096).name, "swap");
	ck_assert(!recognise(4086, "SWAPSPACE2", 10, 4096).is_encrypted);
	ck_assert_str_eq(recognise(3, "NTFS    ", 8, sizeof(image)).name, "NTFS");
	ck_assert_ptr_null(recognise(0, "LUKS\xba", 5, sizeof(image)).name);
	ck_assert_ptr_null(recognise(4086, "SWAPSPACE2", 10, 4000).name);
	ck_assert_ptr_null(recognise(0, "", 0, 0).name);
}
END_TEST

START_TEST(the_cache_keeps_what_was_used_last)
{
	static uint8_t memory[2 << 20] __attribute__((aligned(16)));
	struct arena arena = { .base = memory, .size = sizeof(memory) };
	struct disk_cache *cache = disk_cache_create(&arena);
	const uint8_t *byte;
	size_t len;

	ck_assert_ptr_nonnull(cache);
	ck_assert_ptr_null(disk_cache_find(cache, 0, 0, &len));
	for (unsigned int i = 0; i < DISK_CACHE_PIECES; i++)
		disk_cache_take(cache, 0, i * DISK_CACHE_PIECE, DISK_CACHE_PIECE)[5] = (uint8_t)i;
	ck_assert_ptr_nonnull(disk_cache_find(cache, 0, 0, &len));
	ck_assert_ptr_null(disk_cache_find(cache, 1, 0, &len));
	disk_cache_take(cache, 1, 0x4000, 512)[0] = 200; /* in place of piece 1, not of 0, which was just used */
	ck_assert_ptr_nonnull(disk_cache_find(cache, 0, 0, &len));
	ck_assert_ptr_null(disk_cache_find(cache, 0, DISK_CACHE_PIECE, &len));
	byte = disk_cache_find(cache, 0, 2 * DISK_CACHE_PIECE + 5, &len);
	ck_assert_uint_eq(*byte, 2);
	ck_assert_uint_eq(len, DISK_CACHE_PIECE - 5);
	ck_assert_uint_eq(disk_cache_find(cache, 1, 0x4000, &len)[0], 200);
	ck_assert_uint_eq(len, 512);
	ck_assert_ptr_nonnull(disk_cache_find(cache, 1, 0x41ff, &len));
	ck_assert_uint_eq(len, 1);
	ck_assert_ptr_null(disk_cache_find(cache, 1, 0x4200, &len));
	ck_assert_ptr_null(disk_cache_find(cache, 1, 0x3fff, &len));
	disk_cache_take(cache, 1, 0, 512);
	disk_cache_forget(cache);
	ck_assert_ptr_null(disk_cache_find(cache, 1, 0, &len));
}
END_TEST

START_TEST(a_cache_needs_its_memory)
{
	static uint8_t memory[4096] __attribute__((aligned(16)));
	struct arena arena = { .base = memory, .size = sizeof(memory) };

	ck_assert_ptr_null(disk_cache_create(&arena));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("firmware_root");
	TCase *tc = tcase_create("root");

	tcase_add_loop_test(tc, root_is_found_in_every_form, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tc, a_root_that_is_not_there_may_be_encrypted);
	tcase_add_test(tc, a_root_longer_than_any_name_is_unknown);
	tcase_add_test(tc, what_can_not_be_read_has_a_name);
	tcase_add_test(tc, the_cache_keeps_what_was_used_last);
	tcase_add_test(tc, a_cache_needs_its_memory);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
