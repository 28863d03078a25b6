#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/boot/cmdline.h"
#include "vmm/boot/linux_abi.h"

static struct test_guest guest;
static struct boot_entry entry;

/* Waits for the cache too. */
static int boot(void)
{
	struct boot_keep *keep;
	int ret = boot_load(&guest.request, &entry, &keep);

	boot_keep_finish(keep);
	return ret;
}

static void setup(void)
{
	test_guest_start(&guest);
	memset(&entry, 0, sizeof(entry));
}

static void teardown(void)
{
	test_guest_end(&guest);
}

static int load_bytes(const void *data, size_t len)
{
	if (guest.request.kernel_fd >= 0)
		close(guest.request.kernel_fd);
	guest.request.kernel_fd = test_file(data, len);
	test_log_start();
	return boot();
}

static int load(struct bytes file)
{
	int ret = load_bytes(file.data, file.len);

	bytes_free(&file);
	return ret;
}

static void assert_logged(const char *words)
{
	ck_assert_msg(strstr(test_log(), words), "'%s' is not in: %s", words, test_log());
}

/* Exactly one line: what was asked, what was found, what to do. */
static void assert_one_line(void)
{
	const char *end = strchr(test_log(), '\n');

	ck_assert_ptr_nonnull(end);
	ck_assert_msg(end[1] == '\0', "more than a line: %s", test_log());
}

static const struct linux_boot_params *params(void)
{
	return guest_memory_at(&guest.memory, entry.info, sizeof(struct linux_boot_params));
}

static uint64_t guest_u64(gpa_t at)
{
	le64 value;

	ck_assert_int_eq(guest_memory_read(&guest.memory, at, &value, sizeof(value)), 0);
	return le64_get(value);
}

static void assert_kernel_at(gpa_t base)
{
	const uint8_t *image = guest_memory_at(&guest.memory, base, TEST_IMAGE_BYTES);

	ck_assert_ptr_nonnull(image);
	for (uint64_t i = 0; i < TEST_TEXT_BYTES; i++) {
		if (i < TEST_PLACE_ADD32 || i >= TEST_PLACE_ADD32 + 4)
			ck_assert_uint_eq(image[i], test_kernel_byte(i));
	}
	ck_assert_uint_eq(image[TEST_DATA_OFFSET], test_kernel_byte(TEST_DATA_OFFSET));
	ck_assert_uint_eq(image[TEST_DATA_OFFSET + 0x1000], 0);
	ck_assert_uint_eq(image[TEST_DATA_OFFSET + TEST_DATA_BYTES - 1],
			  test_kernel_byte(TEST_DATA_OFFSET + TEST_DATA_BYTES - 1));
	ck_assert_uint_eq(image[TEST_IMAGE_BYTES - 1], 0);
}

START_TEST(loads_every_packing_past_its_decompressor)
{
	ck_assert_int_eq(load(test_kernel((enum test_packing)_i)), 0);
	ck_assert_int_eq(entry.protocol, BOOT_LINUX64);
	ck_assert_uint_eq(entry.rip, TEST_LINK_BASE + TEST_ENTRY_OFFSET);
	assert_kernel_at(TEST_LINK_BASE);
}
END_TEST

START_TEST(fills_in_boot_params)
{
	const struct linux_boot_params *p;

	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), 0);
	p = params();
	ck_assert_uint_eq(p->sentinel, 0);
	ck_assert_uint_eq(le64_get(p->acpi_rsdp_addr), 0xe0000);
	ck_assert_uint_eq(p->e820_entries, 3);
	ck_assert_uint_eq(le64_get(p->e820_table[1].addr), 0xe0000);
	ck_assert_uint_eq(le32_get(p->e820_table[1].type), BOOT_E820_RESERVED);
	ck_assert_uint_eq(le64_get(p->e820_table[2].size), TEST_RAM_BYTES - 0x100000);
	ck_assert_uint_eq(le32_get(p->hdr.header), LINUX_HEADER_MAGIC);
	ck_assert_uint_eq(le16_get(p->hdr.version), 0x20f);
	ck_assert_uint_eq(p->hdr.type_of_loader, 0xff);
	ck_assert_uint_eq(p->hdr.loadflags & LINUX_LOADFLAG_KASLR, 0);
	ck_assert_uint_eq(le32_get(p->hdr.ramdisk_size), 0);
	ck_assert_str_eq(guest_memory_at(&guest.memory, le32_get(p->hdr.cmd_line_ptr), 64), "console=ttyS0");
}
END_TEST

START_TEST(passes_a_fresh_seed)
{
	uint8_t seeds[2][32];

	for (int i = 0; i < 2; i++) {
		gpa_t at;
		struct linux_setup_data head;

		ck_assert_int_eq(load(test_kernel(PACK_LZ4)), 0);
		at = le64_get(params()->hdr.setup_data);
		ck_assert_int_eq(guest_memory_read(&guest.memory, at, &head, sizeof(head)), 0);
		ck_assert_uint_eq(le64_get(head.next), 0);
		ck_assert_uint_eq(le32_get(head.type), LINUX_SETUP_RNG_SEED);
		ck_assert_uint_eq(le32_get(head.len), 32);
		ck_assert_int_eq(guest_memory_read(&guest.memory, at + sizeof(head), seeds[i], 32), 0);
	}
	ck_assert_mem_ne(seeds[0], seeds[1], 32);
}
END_TEST

START_TEST(maps_the_first_four_gib_to_themselves)
{
	static const uint64_t addresses[] = { 0, 0x12345678, 0x3fffffff, 0x40000000, 0xc0001000, 0xffffffff };

	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), 0);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		uint64_t va = addresses[i];
		uint64_t pml4e = guest_u64(entry.page_tables + 8 * (va >> 39));
		uint64_t pdpte = guest_u64((pml4e & ~0xfffull) + 8 * (va >> 30 & 511));
		uint64_t pde = guest_u64((pdpte & ~0xfffull) + 8 * (va >> 21 & 511));

		ck_assert_uint_eq(pml4e & 3, 3);
		ck_assert_uint_eq(pdpte & 0x83, 3);
		ck_assert_uint_eq(pde & 0x83, 0x83);
		ck_assert_uint_eq((pde & ~0x1fffffull) | (va & 0x1fffff), va);
	}
	ck_assert_uint_eq(guest_u64(entry.gdt), 0);
	ck_assert_uint_eq(guest_u64(entry.gdt + BOOT_GDT_CS), 0x00af9b000000ffffull);
	ck_assert_uint_eq(guest_u64(entry.gdt + BOOT_GDT_DS), 0x00cf93000000ffffull);
}
END_TEST

START_TEST(randomises_a_relocatable_kernel)
{
	unsigned int changes = 0;
	gpa_t last = 0;

	guest.request.kaslr = true;
	for (int i = 0; i < 8; i++) {
		gpa_t base;
		uint64_t delta;

		ck_assert_int_eq(load(test_kernel(PACK_ZSTD)), 0);
		base = entry.rip - TEST_ENTRY_OFFSET;
		ck_assert_uint_eq(base % 0x200000, 0);
		assert_kernel_at(base);
		ck_assert_uint_eq(params()->hdr.loadflags & LINUX_LOADFLAG_KASLR, LINUX_LOADFLAG_KASLR);
		delta = guest_u64(base + TEST_PLACE_ADD64);
		for (int byte = 0; byte < 8; byte++)
			delta -= (uint64_t)test_kernel_byte(TEST_PLACE_ADD64 + byte) << 8 * byte;
		ck_assert_uint_eq(delta % 0x200000, 0);
		ck_assert_uint_lt(delta, 1u << 30);
		changes += delta != last;
		last = delta;
		test_guest_clear(&guest);
	}
	ck_assert_uint_gt(changes, 1);
}
END_TEST

START_TEST(obeys_nokaslr_on_the_command_line)
{
	guest.request.kaslr = true;
	guest.request.command_line = "quiet nokaslr";
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), 0);
	ck_assert_uint_eq(entry.rip, TEST_LINK_BASE + TEST_ENTRY_OFFSET);
	ck_assert_uint_eq(params()->hdr.loadflags & LINUX_LOADFLAG_KASLR, 0);
}
END_TEST

START_TEST(finds_whole_words_only)
{
	ck_assert(cmdline_has("nokaslr", "nokaslr"));
	ck_assert(cmdline_has("a nokaslr b", "nokaslr"));
	ck_assert(cmdline_has("nokaslrx nokaslr", "nokaslr"));
	ck_assert(!cmdline_has("xnokaslr nokaslr=1 nokaslrx", "nokaslr"));
	ck_assert(!cmdline_has("", "nokaslr"));
}
END_TEST

START_TEST(notes_a_kernel_without_relocations)
{
	guest.request.kaslr = true;
	ck_assert_int_eq(load(test_vmlinux(NOTES_LINUX)), 0);
	ck_assert_uint_eq(entry.rip, TEST_LINK_BASE + TEST_ENTRY_OFFSET);
	assert_logged("no relocations");
	assert_kernel_at(TEST_LINK_BASE);
}
END_TEST

START_TEST(enters_a_vmlinux_by_its_64_bit_entry)
{
	static const enum test_notes notes[] = { NOTES_LINUX, NOTES_LINUX_PVH, NOTES_NONE };

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(load(test_vmlinux(notes[i])), 0);
		ck_assert_int_eq(entry.protocol, BOOT_LINUX64);
		ck_assert_uint_eq(entry.rip, TEST_LINK_BASE + TEST_ENTRY_OFFSET);
		ck_assert_uint_eq(le32_get(params()->hdr.header), LINUX_HEADER_MAGIC);
	}
}
END_TEST

START_TEST(enters_other_systems_by_pvh)
{
	static const char module[] = "module";
	gpa_t modlist, memmap;

	guest.request.initrd_fd = test_file(module, sizeof(module));
	ck_assert_int_eq(load(test_vmlinux(NOTES_PVH)), 0);
	ck_assert_int_eq(entry.protocol, BOOT_PVH);
	ck_assert_uint_eq(entry.rip, TEST_PVH_ENTRY);
	assert_kernel_at(TEST_LINK_BASE);
	ck_assert_uint_eq((uint32_t)guest_u64(entry.info), 0x336ec578);
	ck_assert_uint_eq(guest_u64(entry.info) >> 32, 1); /* version */
	ck_assert_uint_eq(guest_u64(entry.info + 8) >> 32, 1); /* modules */
	modlist = guest_u64(entry.info + 16);
	ck_assert_str_eq(guest_memory_at(&guest.memory, guest_u64(modlist), sizeof(module)), module);
	ck_assert_uint_eq(guest_u64(modlist + 8), sizeof(module));
	ck_assert_str_eq(guest_memory_at(&guest.memory, guest_u64(entry.info + 24), 32), "console=ttyS0");
	ck_assert_uint_eq(guest_u64(entry.info + 32), 0xe0000);
	memmap = guest_u64(entry.info + 40);
	ck_assert_uint_eq((uint32_t)guest_u64(entry.info + 48), 3);
	ck_assert_uint_eq(guest_u64(memmap + 2 * 24), 0x100000);
	ck_assert_uint_eq(guest_u64(memmap + 2 * 24 + 8), TEST_RAM_BYTES - 0x100000);
	ck_assert_uint_eq((uint32_t)guest_u64(memmap + 2 * 24 + 16), BOOT_E820_RAM);
}
END_TEST

START_TEST(leaves_foreign_packing_to_the_kernel)
{
	struct bytes payload = { 0 };
	struct bytes file;

	bytes_add(&payload, "\x89LZO\x00\x0d\x0a\x1a and so on, and its size", 32);
	file = test_bzimage(&payload);
	bytes_free(&payload);
	ck_assert_int_eq(load(file), 0);
	assert_logged("lzo");
	ck_assert_uint_eq(entry.rip, TEST_LINK_BASE + LINUX_ENTRY64_OFFSET);
	ck_assert_uint_eq(guest_u64(TEST_LINK_BASE + 0x200), 0x9090909090909090ull);
	/* It randomises by itself unless it is told not to. */
	ck_assert_str_eq(guest_memory_at(&guest.memory, le32_get(params()->hdr.cmd_line_ptr), 64),
			 "console=ttyS0 nokaslr");
}
END_TEST

START_TEST(places_the_initrd_high)
{
	uint8_t *initrd = malloc(10000);

	memset(initrd, 0x5a, 10000);
	guest.request.initrd_fd = test_file(initrd, 10000);
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), 0);
	ck_assert_uint_eq(le32_get(params()->hdr.ramdisk_image), TEST_RAM_BYTES - 12288);
	ck_assert_uint_eq(le32_get(params()->hdr.ramdisk_size), 10000);
	ck_assert_uint_eq(le32_get(params()->ext_ramdisk_image), 0);
	ck_assert_mem_eq(guest_memory_at(&guest.memory, TEST_RAM_BYTES - 12288, 10000), initrd, 10000);
	free(initrd);
}
END_TEST

START_TEST(obeys_the_kernel_s_initrd_limit)
{
	struct bytes file = test_kernel(PACK_LZ4);
	uint32_t max = 0x2ffffff;

	memcpy(file.data + 0x22c, &max, sizeof(max));
	guest.request.initrd_fd = test_file("initrd", 6);
	ck_assert_int_eq(load(file), 0);
	ck_assert_uint_eq(le32_get(params()->hdr.ramdisk_image), 0x2fff000);
}
END_TEST

START_TEST(refuses_an_initrd_that_does_not_fit)
{
	guest.request.initrd_fd = test_file("initrd", 6);
	ck_assert_int_eq(ftruncate(guest.request.initrd_fd, TEST_RAM_BYTES), 0);
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), -E2BIG);
	assert_logged("the-initrd");
	assert_logged("--memory");
	assert_one_line();
	/* room for itself, but not for the kernel beside it */
	ck_assert_int_eq(ftruncate(guest.request.initrd_fd, 47 << 20), 0);
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), -E2BIG);
	assert_one_line();
	ck_assert_int_eq(ftruncate(guest.request.initrd_fd, 0), 0);
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), -EBADMSG);
	assert_logged("empty");
	assert_one_line();
}
END_TEST

START_TEST(refuses_a_long_command_line)
{
	char *line = malloc(2049);

	memset(line, 'x', 2048);
	line[2048] = '\0';
	guest.request.command_line = line;
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), -E2BIG);
	assert_logged("--append");
	assert_one_line();
	line[2047] = '\0';
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), 0);
	ck_assert_str_eq(guest_memory_at(&guest.memory, le32_get(params()->hdr.cmd_line_ptr), 2048), line);
	free(line);
}
END_TEST

START_TEST(refuses_what_is_no_kernel_in_one_line)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *words;
	} files[] = {
		{ "", 0, "empty" },
		{ "070701 and so on", 16, "--initrd" },
		{ "#!/bin/sh\n", 10, "text" },
		{ "\x7f"
		  "ELF\x02\x01\x01 and",
		  12, "cut short" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ck_assert_int_eq(load_bytes(files[i].bytes, files[i].len), -ENOEXEC);
		assert_logged("the-kernel");
		assert_logged(files[i].words);
		assert_one_line();
	}
}
END_TEST

START_TEST(refuses_a_directory)
{
	guest.request.kernel_fd = open("/", O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(guest.request.kernel_fd, 0);
	ck_assert_int_eq(boot(), -ENOEXEC);
	assert_logged("regular file");
	assert_one_line();
}
END_TEST

START_TEST(refuses_damaged_payloads_in_one_line)
{
	struct bytes file = test_kernel((enum test_packing)_i);

	/* the stream's magic number and what follows keep their place; its middle goes */
	memset(file.data + 1024 + 0x300 + 64, 0xa5, 256);
	ck_assert_int_eq(load(file), -EBADMSG);
	assert_logged("corrupt");
	assert_one_line();
}
END_TEST

START_TEST(refuses_payloads_that_are_no_kernel)
{
	struct bytes vmlinux = test_vmlinux(NOTES_LINUX);
	struct bytes payload;

	vmlinux.data[4] = 1; /* ELFCLASS32: an i386 kernel with a header that hides it */
	payload = test_pack(PACK_LZ4, vmlinux.data, vmlinux.len);
	ck_assert_int_eq(load(test_bzimage(&payload)), -ENOEXEC);
	assert_one_line();
	bytes_free(&payload);
	payload = test_pack(PACK_LZ4, "hello", 5);
	ck_assert_int_eq(load(test_bzimage(&payload)), -EBADMSG);
	assert_one_line();
	bytes_free(&payload);
	bytes_free(&vmlinux);
}
END_TEST

START_TEST(refuses_relocations_out_of_range)
{
	struct bytes vmlinux = test_vmlinux(NOTES_LINUX);
	struct bytes payload;

	bytes_add_u32(&vmlinux, 0);
	bytes_add_u32(&vmlinux, 0x90000000);
	bytes_add_u32(&vmlinux, 0);
	payload = test_pack(PACK_XZ, vmlinux.data, vmlinux.len);
	ck_assert_int_eq(load(test_bzimage(&payload)), -EBADMSG);
	assert_logged("relocation");
	assert_one_line();
	bytes_free(&payload);
	bytes_free(&vmlinux);
}
END_TEST

START_TEST(refuses_a_size_word_that_promises_too_much)
{
	struct bytes file = test_kernel(PACK_ZSTD);
	uint32_t payload_len;

	memcpy(&payload_len, file.data + 0x24c, sizeof(payload_len));
	memset(file.data + 1024 + 0x300 + payload_len - 4, 0xff, 4);
	ck_assert_int_eq(load(file), -E2BIG);
	assert_logged("--memory");
	assert_one_line();
}
END_TEST

START_TEST(refuses_kernels_larger_than_memory)
{
	struct bytes file = test_kernel(PACK_LZ4);
	uint32_t init_size = 65 << 20;

	memcpy(file.data + 0x260, &init_size, sizeof(init_size));
	ck_assert_int_eq(load(file), -E2BIG);
	assert_logged("65 MiB");
	assert_one_line();
	guest.e820[2].size_bytes = (16 << 20) + 0x1000 - 0x100000;
	ck_assert_int_eq(load(test_vmlinux(NOTES_LINUX)), -E2BIG);
	assert_one_line();
}
END_TEST

START_TEST(refuses_every_truncation)
{
	struct bytes files[] = { test_kernel(PACK_LZ4), test_vmlinux(NOTES_PVH) };

	for (int i = 0; i < 2; i++) {
		for (size_t len = 0; len + 16 < files[i].len; len += len < 1200 ? 61 : 4093) {
			int ret = load_bytes(files[i].data, len);

			ck_assert_msg(ret == -ENOEXEC || ret == -EBADMSG, "%d at %zu", ret, len);
			assert_one_line();
		}
		bytes_free(&files[i]);
	}
}
END_TEST

START_TEST(refuses_a_request_without_low_memory)
{
	guest.request.low_size_bytes = BOOT_LOW_BYTES - 1;
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), -EINVAL);
	guest.request.low_size_bytes = BOOT_LOW_BYTES;
	guest.request.low_base = 0xfffff000;
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), -EINVAL);
	guest.request.low_base = 0x1001;
	ck_assert_int_eq(load(test_kernel(PACK_LZ4)), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_load");
	TCase *good = tcase_create("good");
	TCase *bad = tcase_create("bad");

	tcase_add_checked_fixture(good, setup, teardown);
	tcase_add_loop_test(good, loads_every_packing_past_its_decompressor, 0, NR_PACKINGS);
	tcase_add_test(good, fills_in_boot_params);
	tcase_add_test(good, passes_a_fresh_seed);
	tcase_add_test(good, maps_the_first_four_gib_to_themselves);
	tcase_add_test(good, randomises_a_relocatable_kernel);
	tcase_add_test(good, obeys_nokaslr_on_the_command_line);
	tcase_add_test(good, finds_whole_words_only);
	tcase_add_test(good, notes_a_kernel_without_relocations);
	tcase_add_test(good, enters_a_vmlinux_by_its_64_bit_entry);
	tcase_add_test(good, enters_other_systems_by_pvh);
	tcase_add_test(good, leaves_foreign_packing_to_the_kernel);
	tcase_add_test(good, places_the_initrd_high);
	tcase_add_test(good, obeys_the_kernel_s_initrd_limit);
	suite_add_tcase(suite, good);
	tcase_add_checked_fixture(bad, setup, teardown);
	tcase_set_timeout(bad, 60);
	tcase_add_test(bad, refuses_an_initrd_that_does_not_fit);
	tcase_add_test(bad, refuses_a_long_command_line);
	tcase_add_test(bad, refuses_what_is_no_kernel_in_one_line);
	tcase_add_test(bad, refuses_a_directory);
	tcase_add_loop_test(bad, refuses_damaged_payloads_in_one_line, 0, NR_PACKINGS);
	tcase_add_test(bad, refuses_payloads_that_are_no_kernel);
	tcase_add_test(bad, refuses_relocations_out_of_range);
	tcase_add_test(bad, refuses_a_size_word_that_promises_too_much);
	tcase_add_test(bad, refuses_kernels_larger_than_memory);
	tcase_add_test(bad, refuses_every_truncation);
	tcase_add_test(bad, refuses_a_request_without_low_memory);
	suite_add_tcase(suite, bad);
	return unit_main(suite);
}
