#include <stdio.h>
#include <string.h>

#include "firmware/loader/initrd_check.h"
#include "firmware/loader/kernel_check.h"
#include "test/unit/firmware_fake_call.h"
#include "test/unit/unit.h"

#define IMAGE_BYTES 0x1000

static uint8_t image[IMAGE_BYTES];
static struct kernel_facts facts;

static void make_bzimage(uint16_t protocol, uint16_t xloadflags, const char *version)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "MZ", 2);
	memcpy(image + 0x202, "HdrS", 4);
	image[0x206] = (uint8_t)protocol;
	image[0x207] = (uint8_t)(protocol >> 8);
	image[0x211] = 1; /* LOADED_HIGH */
	image[0x236] = (uint8_t)xloadflags;
	image[0x20f] = 0x0c; /* 0xc00 + 0x200 */
	strcpy((char *)image + 0xe00, version);
}

START_TEST(a_64_bit_kernel_is_known)
{
	make_bzimage(0x20f, 0x3f, "6.1.0-49-amd64 (debian-kernel@lists.debian.org) #1 SMP");
	ck_assert_ptr_null(kernel_check(image, sizeof(image), &facts));
	ck_assert(facts.is_linux && facts.is_64bit);
	ck_assert_str_eq(facts.version, "6.1.0-49-amd64");
}
END_TEST

START_TEST(a_32_bit_kernel_is_known)
{
	make_bzimage(0x20f, 0x3e, "6.1.0-49-686-pae");
	ck_assert_ptr_null(kernel_check(image, sizeof(image), &facts));
	ck_assert(facts.is_linux && !facts.is_64bit);
	make_bzimage(0x20b, 0x3f, "3.2"); /* before the flags were there */
	ck_assert_ptr_null(kernel_check(image, sizeof(image), &facts));
	ck_assert(!facts.is_64bit);
}
END_TEST

START_TEST(a_version_ends_with_the_file_and_with_its_room)
{
	make_bzimage(0x20f, 1, "");
	memset(image + 0xe00, 'v', sizeof(image) - 0xe00);
	ck_assert_ptr_null(kernel_check(image, sizeof(image), &facts));
	ck_assert_uint_eq(strlen(facts.version), KERNEL_VERSION_BYTES - 1);
	ck_assert_ptr_null(kernel_check(image, 0xe03, &facts));
	ck_assert_str_eq(facts.version, "vvv");
	image[0x20e] = image[0x20f] = 0xff;
	ck_assert_ptr_null(kernel_check(image, sizeof(image), &facts));
	ck_assert_str_eq(facts.version, "");
}
END_TEST

static const struct {
	uint16_t offset;
	const char *bytes;
	size_t len;
	const char *is;
} foreign[] = {
	{ 0x38, "ARM\x64", 4, "a kernel for arm64" },
	{ 0,
	  "\x7f"
	  "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\xb7\0",
	  20, "a kernel for arm64" },
	{ 0,
	  "\x7f"
	  "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\xf3\0",
	  20, "a kernel for RISC-V" },
	{ 0,
	  "\x7f"
	  "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x99\x99",
	  20, "an ELF file for another architecture" },
	{ 0, "MZ", 2, "an EFI program, such as a unified kernel image" },
	{ 0, "\x1f\x8b\x08", 3, "a gzip file: perhaps a kernel for arm64, or Xen" },
	{ 0, "#!/bin/sh", 9, "a script" },
	{ 0, "hello", 5, "no kernel" },
};

START_TEST(other_files_are_named)
{
	memset(image, 0, sizeof(image));
	memcpy(image + foreign[_i].offset, foreign[_i].bytes, foreign[_i].len);
	ck_assert_str_eq(kernel_check(image, sizeof(image), &facts), foreign[_i].is);
}
END_TEST

START_TEST(elf_files_of_this_architecture_may_start)
{
	static const char elf64[] = "\x7f"
				    "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0";

	memcpy(image, elf64, sizeof(elf64));
	ck_assert_ptr_null(kernel_check(image, 20, &facts));
	ck_assert(!facts.is_linux && facts.is_64bit);
	image[4] = 1;
	image[18] = 3;
	ck_assert_ptr_null(kernel_check(image, 20, &facts));
	ck_assert(!facts.is_64bit);
}
END_TEST

START_TEST(short_files_are_no_kernels)
{
	make_bzimage(0x20f, 1, "");
	for (size_t len = 0; len < 0x268; len += 7)
		ck_assert_ptr_nonnull(kernel_check(image, len, &facts));
	make_bzimage(0x1ff, 1, "");
	ck_assert_str_eq(kernel_check(image, sizeof(image), &facts), "a kernel of the old zImage kind");
}
END_TEST

static uint8_t archive[0x2000], room[0x1000];
static size_t archive_len;
static struct initrd_facts found;

/* Adds a file to the archive in the "newc" format. */
static void add_file(const char *name, const char *content)
{
	char header[160];
	size_t name_len = strlen(name) + 1, len = strlen(content);

	snprintf(header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, 0100644, 0,
		 0, 1, 0, len, 0, 0, 0, 0, name_len, 0);
	memcpy(archive + archive_len, header, 110);
	memcpy(archive + archive_len + 110, name, name_len);
	archive_len = (archive_len + 110 + name_len + 3) & ~(size_t)3;
	memcpy(archive + archive_len, content, len);
	archive_len = (archive_len + len + 3) & ~(size_t)3;
}

static void begin_archive(void)
{
	memset(archive, 0, sizeof(archive));
	archive_len = 0;
}

static void check_archive(void)
{
	initrd_check(archive, archive_len, room, sizeof(room), &found);
}

#define MODULES "usr/lib/modules/6.1/kernel/drivers/"

START_TEST(modules_are_found_by_name)
{
	begin_archive();
	add_file(MODULES "block/virtio_blk.ko.xz", "...");
	add_file(MODULES "virtio/virtio_pci.ko", "...");
	add_file("TRAILER!!!", "");
	check_archive();
	ck_assert(found.has_virtio_blk && found.has_virtio_pci && found.is_complete);
}
END_TEST

START_TEST(what_is_not_there_is_known_not_to_be_there)
{
	begin_archive();
	add_file(MODULES "block/virtio_blk.ko", "/virtio_pci.ko");
	add_file("TRAILER!!!", "");
	archive_len += 512;
	check_archive();
	ck_assert(found.has_virtio_blk && !found.has_virtio_pci && found.is_complete);
}
END_TEST

START_TEST(builtin_modules_count)
{
	begin_archive();
	add_file("lib/modules/6.1/modules.builtin",
		 "kernel/drivers/block/virtio_blk.ko\nkernel/drivers/virtio/virtio_pci.ko\n");
	add_file("TRAILER!!!", "");
	check_archive();
	ck_assert(found.has_virtio_blk && found.has_virtio_pci);
}
END_TEST

START_TEST(archives_follow_each_other_and_the_last_is_compressed)
{
	static uint8_t inner[0x1000];
	size_t inner_len;

	begin_archive();
	add_file(MODULES "block/virtio_blk.ko", "");
	add_file(MODULES "virtio/virtio_pci.ko", "");
	add_file("TRAILER!!!", "");
	memcpy(inner, archive, archive_len);
	inner_len = archive_len;
	begin_archive();
	add_file("kernel/x86/microcode/AuthenticAMD.bin", "microcode");
	add_file("TRAILER!!!", "");
	archive_len += 256;
	memcpy(archive + archive_len, "\x28\xb5\x2f\xfd....", 8);
	archive_len += 8;
	fake_call_unpacks_to(inner, (int)inner_len);
	check_archive();
	ck_assert(found.has_virtio_blk && found.has_virtio_pci && found.is_complete);
	fake_call_unpacks_to(inner, -3);
	check_archive();
	ck_assert(!found.has_virtio_blk && !found.is_complete);
}
END_TEST

START_TEST(what_does_not_fit_the_room_stays_unknown)
{
	static uint8_t inner[sizeof(room)];

	begin_archive();
	memcpy(archive,
	       "\xfd"
	       "7zXZ",
	       5);
	archive_len = 64;
	fake_call_unpacks_to(inner, sizeof(inner));
	check_archive();
	ck_assert(!found.has_virtio_blk && !found.is_complete);
}
END_TEST

START_TEST(damaged_archives_end)
{
	begin_archive();
	add_file(MODULES "block/virtio_blk.ko", "content");
	add_file("TRAILER!!!", "");
	for (size_t len = 0; len < archive_len; len++) {
		initrd_check(archive, len, room, sizeof(room), &found);
		if (found.is_complete && len > 0)
			ck_abort_msg("%zu bytes are not all", len);
	}
	memset(archive + 54, 'f', 8); /* the file's size */
	check_archive();
	ck_assert(!found.is_complete);
	memset(archive + 94, 'f', 8); /* the name's */
	check_archive();
	ck_assert(!found.is_complete);
	memset(archive + 94, '0', 8);
	check_archive();
	ck_assert(!found.is_complete);
	memset(archive + 94, 'g', 8);
	check_archive();
	ck_assert(!found.is_complete);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("firmware_kernel");
	TCase *kernel = tcase_create("kernel"), *initrd = tcase_create("initrd");

	tcase_add_test(kernel, a_64_bit_kernel_is_known);
	tcase_add_test(kernel, a_32_bit_kernel_is_known);
	tcase_add_test(kernel, a_version_ends_with_the_file_and_with_its_room);
	tcase_add_loop_test(kernel, other_files_are_named, 0, sizeof(foreign) / sizeof(foreign[0]));
	tcase_add_test(kernel, elf_files_of_this_architecture_may_start);
	tcase_add_test(kernel, short_files_are_no_kernels);
	tcase_add_test(initrd, modules_are_found_by_name);
	tcase_add_test(initrd, what_is_not_there_is_known_not_to_be_there);
	tcase_add_test(initrd, builtin_modules_count);
	tcase_add_test(initrd, archives_follow_each_other_and_the_last_is_compressed);
	tcase_add_test(initrd, what_does_not_fit_the_room_stays_unknown);
	tcase_add_test(initrd, damaged_archives_end);
	suite_add_tcase(s, kernel);
	suite_add_tcase(s, initrd);
	return s;
}

int main(void)
{
	return unit_main(suite());
}
