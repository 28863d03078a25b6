#include <errno.h>
#include <string.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/boot/firmware.h"

static struct test_guest guest;
static struct firmware_request request;
static struct boot_entry entry;
static struct bytes image;
static uint8_t code[5000];

static void setup(void)
{
	test_guest_start(&guest);
	for (size_t i = 0; i < sizeof(code); i++)
		code[i] = (uint8_t)(i * 7 + 1);
	image = test_pack(PACK_ZSTD, code, sizeof(code));
	request = (struct firmware_request){
		.memory = &guest.memory,
		.low_base = 0x1000,
		.info = { .flags = LOADER_MENU, .doorbell = 0xfef00000, .arena = 0x100000, .tsc_khz = 3000000 },
	};
}

static void teardown(void)
{
	bytes_free(&image);
	test_guest_end(&guest);
}

static const void *at(gpa_t gpa, size_t len)
{
	const void *host = guest_memory_at(&guest.memory, gpa, len);

	ck_assert_ptr_nonnull(host);
	return host;
}

START_TEST(unpacks_the_image)
{
	ck_assert_int_eq(firmware_unpack(&guest.memory, image.data, image.len), 0);
	ck_assert_mem_eq(at(LOADER_BASE, sizeof(code)), code, sizeof(code));
}
END_TEST

START_TEST(places_its_page_tables)
{
	const uint64_t *table;

	ck_assert_int_eq(firmware_place(&request, &entry), 0);
	ck_assert_int_eq(entry.protocol, BOOT_LINUX64);
	ck_assert_uint_eq(entry.rip, LOADER_BASE);
	/* Present, writable, user, at every level. */
	table = at(entry.page_tables, 4096);
	ck_assert_uint_eq(table[0] & 7, 7);
	table = at(table[0] & ~0xfffull, 4096);
	ck_assert_uint_eq(table[3] & 7, 7);
	table = at(table[3] & ~0xfffull, 4096);
	ck_assert_uint_eq(table[511] & 0x87, 0x87);
	ck_assert_uint_eq(table[511] & ~0x1fffffull, 0xffe00000);
}
END_TEST

START_TEST(tells_the_loader)
{
	const struct loader_info *info;

	request.entry = "1>0";
	request.append = "quiet splash";
	ck_assert_int_eq(firmware_place(&request, &entry), 0);
	info = at(entry.info, sizeof(*info));
	ck_assert_uint_eq(info->magic, LOADER_MAGIC);
	ck_assert_uint_eq(info->version, LOADER_VERSION);
	ck_assert_uint_eq(info->flags, LOADER_MENU);
	ck_assert_uint_eq(info->doorbell, 0xfef00000);
	ck_assert_uint_eq(info->tsc_khz, 3000000);
	ck_assert_uint_eq(info->entry_bytes, 3);
	ck_assert_mem_eq(at(info->entry, 3), "1>0", 3);
	ck_assert_uint_eq(info->append_bytes, 12);
	ck_assert_mem_eq(at(info->append, 12), "quiet splash", 12);
}
END_TEST

START_TEST(strings_are_optional_and_bounded)
{
	static char text[40000];
	const struct loader_info *info;

	ck_assert_int_eq(firmware_place(&request, &entry), 0);
	info = at(entry.info, sizeof(*info));
	ck_assert_uint_eq(info->entry_bytes, 0);
	ck_assert_uint_eq(info->append_bytes, 0);
	memset(text, 'x', sizeof(text) - 1);
	request.append = text;
	ck_assert_int_eq(firmware_place(&request, &entry), -E2BIG);
	ck_assert_ptr_nonnull(strstr(test_log(), "too long"));
	text[20000] = '\0';
	ck_assert_int_eq(firmware_place(&request, &entry), 0);
	request.entry = text;
	ck_assert_int_eq(firmware_place(&request, &entry), -E2BIG);
}
END_TEST

START_TEST(refuses_a_damaged_image)
{
	image.data[image.len - 5] ^= 1;
	image.data[image.len - 6] ^= 1;
	image.data[4] ^= 0xff;
	ck_assert_int_eq(firmware_unpack(&guest.memory, image.data, image.len), -EBADMSG);
	ck_assert_int_eq(firmware_unpack(&guest.memory, image.data, 2), -EBADMSG);
	ck_assert_int_eq(firmware_unpack(&guest.memory, image.data, 0), -EBADMSG);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("boot_firmware");
	TCase *tcase = tcase_create("firmware");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, unpacks_the_image);
	tcase_add_test(tcase, places_its_page_tables);
	tcase_add_test(tcase, tells_the_loader);
	tcase_add_test(tcase, strings_are_optional_and_bounded);
	tcase_add_test(tcase, refuses_a_damaged_image);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
