#include <check.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/boot/bzimage.h"
#include "vmm/boot/image.h"

static struct image_verdict judge(const void *data, size_t len)
{
	struct source src = source_from_bytes(data, len);
	struct image_verdict verdict;

	ck_assert_int_eq(image_recognise(&src, &verdict), 0);
	return verdict;
}

START_TEST(recognises_a_bzimage)
{
	struct bytes kernel = test_kernel(PACK_GZIP);

	ck_assert_int_eq(judge(kernel.data, kernel.len).kind, IMAGE_BZIMAGE);
	bytes_free(&kernel);
}
END_TEST

START_TEST(recognises_an_x86_64_elf)
{
	struct bytes vmlinux = test_vmlinux(NOTES_LINUX);

	ck_assert_int_eq(judge(vmlinux.data, vmlinux.len).kind, IMAGE_ELF64);
	bytes_free(&vmlinux);
}
END_TEST

static void assert_found(const void *data, size_t len, const char *found)
{
	struct image_verdict verdict = judge(data, len);

	ck_assert_int_eq(verdict.kind, IMAGE_OTHER);
	ck_assert_msg(strstr(verdict.found, found), "found '%s', wanted '%s'", verdict.found, found);
	ck_assert_ptr_nonnull(verdict.advice);
}

START_TEST(names_what_is_no_kernel_here)
{
	static uint8_t file[0x9000];
	static const struct {
		size_t offset;
		const char *bytes;
		size_t len;
		const char *found;
	} files[] = {
		{ 0x38, "ARM\x64", 4, "arm64" },
		{ 0x38, "RSC\x05", 4, "RISC-V" },
		{ 0, "070701", 6, "cpio" },
		{ 0, "\x1f\x8b\x08", 3, "gzip" },
		{ 0, "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ 0, "QFI\xfb", 4, "qcow2" },
		{ 0x438, "\x53\xef", 2, "ext2/3/4" },
		{ 0x8001, "CD001", 5, "ISO 9660" },
		{ 0, "MZ", 2, "EFI program" },
		{ 0x1fe, "\x55\xaa", 2, "boot sector" },
		{ 0, "\x01\x02\x03", 3, "no kernel" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		memset(file, 0, sizeof(file));
		memcpy(file + files[i].offset, files[i].bytes, files[i].len);
		assert_found(file, sizeof(file), files[i].found);
	}
	memset(file, 0, sizeof(file));
	assert_found(file, sizeof(file), "zeros");
	assert_found("", 0, "empty");
	assert_found("menuentry 'Debian' {\n", 21, "text");
}
END_TEST

START_TEST(names_foreign_elf_files)
{
	static const struct {
		uint8_t class;
		uint16_t machine;
		uint16_t type;
		const char *found;
	} files[] = {
		{ ELFCLASS32, EM_386, ET_EXEC, "32-bit" },
		{ ELFCLASS32, EM_X86_64, ET_EXEC, "32-bit" },
		{ ELFCLASS64, EM_AARCH64, ET_EXEC, "arm64" },
		{ ELFCLASS64, EM_RISCV, ET_EXEC, "another architecture" },
		{ ELFCLASS64, EM_X86_64, ET_REL, "kernel module" },
		{ ELFCLASS64, EM_X86_64, ET_CORE, "no executable" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		Elf64_Ehdr ehdr = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, files[i].class, ELFDATA2LSB },
			.e_type = files[i].type,
			.e_machine = files[i].machine,
		};

		assert_found(&ehdr, sizeof(ehdr), files[i].found);
	}
	assert_found(ELFMAG, SELFMAG, "cut short");
}
END_TEST

START_TEST(judges_every_prefix_of_every_kernel)
{
	struct bytes files[] = { test_kernel(PACK_GZIP), test_vmlinux(NOTES_PVH) };

	for (size_t i = 0; i < 2; i++) {
		for (size_t len = 0; len < 1100; len++) {
			struct image_verdict verdict = judge(files[i].data, len);

			ck_assert(verdict.kind != IMAGE_OTHER || (verdict.found && verdict.advice));
		}
		bytes_free(&files[i]);
	}
}
END_TEST

static int read_bzimage(const struct bytes *file, size_t len, struct bzimage *bz)
{
	struct source src = source_from_bytes(file->data, len);

	test_log_start();
	return bzimage_read(&src, "the-kernel", bz);
}

START_TEST(finds_the_payload)
{
	struct bytes payload = { 0 };
	struct bytes file;
	struct bzimage bz;

	bytes_add(&payload, "payload!", 8);
	file = test_bzimage(&payload);
	ck_assert_int_eq(read_bzimage(&file, file.len, &bz), 0);
	ck_assert_uint_eq(bz.version, 0x20f);
	ck_assert_uint_eq(bz.payload_bytes, 8);
	ck_assert_mem_eq(file.data + bz.payload_offset, "payload!", 8);
	bytes_free(&payload);
	bytes_free(&file);
}
END_TEST

START_TEST(clears_fields_that_an_older_header_lacks)
{
	struct bytes file = test_kernel(PACK_GZIP);
	struct bzimage bz;

	file.data[0x201] = 0x26; /* ends at 0x228, where cmd_line_ptr starts */
	file.data[0x206] = 0x01; /* 2.01 */
	memset(file.data + 0x228, 0xff, 0x268 - 0x228);
	ck_assert_int_eq(read_bzimage(&file, file.len, &bz), 0);
	ck_assert_uint_eq(le32_get(bz.hdr.cmd_line_ptr), 0);
	ck_assert_uint_eq(le64_get(bz.hdr.pref_address), 0);
	ck_assert_uint_eq(bz.payload_bytes, 0);
	bytes_free(&file);
}
END_TEST

START_TEST(refuses_every_truncation)
{
	struct bytes file = test_kernel(PACK_GZIP);
	struct bzimage bz;

	for (size_t len = 0x26c; len + 16 < file.len; len += 97) {
		ck_assert_int_eq(read_bzimage(&file, len, &bz), -EBADMSG);
		ck_assert_ptr_nonnull(strstr(test_log(), "truncated"));
	}
	bytes_free(&file);
}
END_TEST

START_TEST(knows_a_kernel_without_a_64_bit_entry)
{
	struct bytes file = test_kernel(PACK_GZIP);
	struct bzimage bz;

	ck_assert_int_eq(read_bzimage(&file, file.len, &bz), 0);
	ck_assert(!bz.is_32bit);
	file.data[0x236] = 0;
	ck_assert_int_eq(read_bzimage(&file, file.len, &bz), 0);
	ck_assert(bz.is_32bit);
	bytes_free(&file);
}
END_TEST

START_TEST(refuses_a_zimage)
{
	struct bytes file = test_kernel(PACK_GZIP);
	struct bzimage bz;

	file.data[0x211] = 0;
	ck_assert_int_eq(read_bzimage(&file, file.len, &bz), -ENOEXEC);
	ck_assert_ptr_nonnull(strstr(test_log(), "zImage"));
	bytes_free(&file);
}
END_TEST

START_TEST(refuses_a_payload_outside_of_the_kernel)
{
	static const uint32_t lies[][2] = { { 0xffffffff, 0xffffffff }, { 0, 0xffffffff }, { 0xfffffff0, 4 } };
	struct bytes file = test_kernel(PACK_GZIP);
	struct bzimage bz;

	for (size_t i = 0; i < 3; i++) {
		memcpy(file.data + 0x248, lies[i], 8);
		ck_assert_int_eq(read_bzimage(&file, file.len, &bz), -EBADMSG);
	}
	bytes_free(&file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_image");
	TCase *image = tcase_create("image");
	TCase *bzimage = tcase_create("bzimage");

	tcase_add_test(image, recognises_a_bzimage);
	tcase_add_test(image, recognises_an_x86_64_elf);
	tcase_add_test(image, names_what_is_no_kernel_here);
	tcase_add_test(image, names_foreign_elf_files);
	tcase_add_test(image, judges_every_prefix_of_every_kernel);
	suite_add_tcase(suite, image);
	tcase_add_test(bzimage, finds_the_payload);
	tcase_add_test(bzimage, clears_fields_that_an_older_header_lacks);
	tcase_add_test(bzimage, refuses_every_truncation);
	tcase_add_test(bzimage, knows_a_kernel_without_a_64_bit_entry);
	tcase_add_test(bzimage, refuses_a_zimage);
	tcase_add_test(bzimage, refuses_a_payload_outside_of_the_kernel);
	suite_add_tcase(suite, bzimage);
	return unit_main(suite);
}
