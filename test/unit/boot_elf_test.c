#include <check.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/boot/elf.h"

static int read_elf(const struct bytes *file, size_t len, struct kernel_image *kernel, const char **why)
{
	struct source src = source_from_bytes(file->data, len);

	return elf_read(&src, kernel, why);
}

static Elf64_Ehdr *ehdr_of(const struct bytes *file)
{
	return (Elf64_Ehdr *)file->data;
}

static Elf64_Phdr *phdr_of(const struct bytes *file, unsigned int i)
{
	return (Elf64_Phdr *)(file->data + sizeof(Elf64_Ehdr)) + i;
}

START_TEST(describes_a_vmlinux)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct kernel_image kernel;
	const char *why;

	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), 0);
	ck_assert_uint_eq(kernel.link_base, TEST_LINK_BASE);
	ck_assert_uint_eq(kernel.size_bytes, TEST_IMAGE_BYTES);
	ck_assert_uint_eq(kernel.entry_offset, TEST_ENTRY_OFFSET);
	ck_assert_uint_eq(kernel.nr_extents, 2);
	ck_assert_uint_eq(kernel.extents[1].image_offset, TEST_DATA_OFFSET);
	ck_assert_uint_eq(kernel.extents[1].size_bytes, TEST_DATA_BYTES);
	ck_assert_uint_eq(kernel.is_linux, 1);
	ck_assert_uint_eq(kernel.has_pvh, 0);
	ck_assert_uint_eq(kernel.is_relocatable, 0);
	bytes_free(&file);
}
END_TEST

START_TEST(tells_systems_apart_by_their_notes)
{
	static const struct {
		bool is_linux, has_pvh;
	} expected[] = {
		[NOTES_NONE] = { false, false },
		[NOTES_LINUX] = { true, false },
		[NOTES_PVH] = { false, true },
		[NOTES_LINUX_PVH] = { true, true },
	};

	for (int i = NOTES_NONE; i <= NOTES_LINUX_PVH; i++) {
		struct bytes file = test_vmlinux((enum test_notes)i);
		struct kernel_image kernel;
		const char *why;

		ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), 0);
		ck_assert_uint_eq(kernel.is_linux, expected[i].is_linux);
		ck_assert_uint_eq(kernel.has_pvh, expected[i].has_pvh);
		if (kernel.has_pvh)
			ck_assert_uint_eq(kernel.pvh_entry, TEST_PVH_ENTRY);
		bytes_free(&file);
	}
}
END_TEST

START_TEST(orders_segments_by_address)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	Elf64_Phdr first = *phdr_of(&file, 0);
	struct kernel_image kernel;
	const char *why;

	*phdr_of(&file, 0) = *phdr_of(&file, 1);
	*phdr_of(&file, 1) = first;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), 0);
	ck_assert_uint_eq(kernel.extents[0].image_offset, 0);
	ck_assert_uint_eq(kernel.extents[1].image_offset, TEST_DATA_OFFSET);
	bytes_free(&file);
}
END_TEST

START_TEST(takes_a_virtual_entry_point)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct kernel_image kernel;
	const char *why;

	ehdr_of(&file)->e_entry += KERNEL_MAP_BASE;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), 0);
	ck_assert_uint_eq(kernel.entry_offset, TEST_ENTRY_OFFSET);
	bytes_free(&file);
}
END_TEST

START_TEST(refuses_every_truncation)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct kernel_image kernel;
	const char *why;

	for (size_t len = 0; len < file.len; len += len < 2048 ? 1 : 509) {
		ck_assert_int_eq(read_elf(&file, len, &kernel, &why), -EBADMSG);
		ck_assert_ptr_nonnull(why);
	}
	bytes_free(&file);
}
END_TEST

/* What each hostile change does to the first program header, or the second. */
struct hostile {
	unsigned int phdr;
	uint64_t offset, paddr, filesz, memsz;
};

START_TEST(refuses_hostile_segments)
{
	static const struct hostile changes[] = {
		{ 0, 0x1000, TEST_LINK_BASE, UINT64_MAX, UINT64_MAX },
		{ 0, UINT64_MAX, TEST_LINK_BASE, 0x1000, 0x1000 },
		{ 0, 0x1000, UINT64_MAX - 0xfff, 0x1000, 0x2000 }, /* wraps */
		{ 0, 0x1000, TEST_LINK_BASE, 0x1000, 0xfff }, /* larger in the file */
		{ 1, 0x1000, TEST_LINK_BASE + 0x800, 0x1000, 0x1000 }, /* overlaps the text */
		{ 1, 0x1000, TEST_LINK_BASE, TEST_TEXT_BYTES, TEST_TEXT_BYTES }, /* is over the text */
		{ 1, 0x1000, 1ull << 40, 0x1000, 0x1000 }, /* a terabyte away */
		{ 0, 0x1000, 1ull << 63, 0x1000, 0x1000 },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct bytes file = test_vmlinux(NOTES_LINUX);
		Elf64_Phdr *phdr = phdr_of(&file, changes[i].phdr);
		struct kernel_image kernel;
		const char *why = NULL;

		phdr->p_offset = changes[i].offset;
		phdr->p_paddr = changes[i].paddr;
		phdr->p_filesz = changes[i].filesz;
		phdr->p_memsz = changes[i].memsz;
		ck_assert_msg(read_elf(&file, file.len, &kernel, &why) == -EBADMSG, "change %zu", i);
		ck_assert_ptr_nonnull(why);
		bytes_free(&file);
	}
}
END_TEST

START_TEST(refuses_hostile_headers)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	Elf64_Ehdr good = *ehdr_of(&file);
	struct kernel_image kernel;
	const char *why;

	ehdr_of(&file)->e_phoff = UINT64_MAX - 8;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -EBADMSG);
	*ehdr_of(&file) = good;
	ehdr_of(&file)->e_phentsize = 1;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -EBADMSG);
	*ehdr_of(&file) = good;
	ehdr_of(&file)->e_phnum = 0xffff;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -EBADMSG);
	*ehdr_of(&file) = good;
	ehdr_of(&file)->e_shoff = UINT64_MAX;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -EBADMSG);
	*ehdr_of(&file) = good;
	ehdr_of(&file)->e_entry = 0x1234;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -EBADMSG);
	*ehdr_of(&file) = good;
	ehdr_of(&file)->e_machine = EM_AARCH64;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -ENOEXEC);
	*ehdr_of(&file) = good;
	ehdr_of(&file)->e_ident[EI_CLASS] = ELFCLASS32;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -ENOEXEC);
	bytes_free(&file);
}
END_TEST

START_TEST(refuses_a_file_with_nothing_to_load)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct kernel_image kernel;
	const char *why;

	phdr_of(&file, 0)->p_type = PT_NULL;
	phdr_of(&file, 1)->p_memsz = phdr_of(&file, 1)->p_filesz = 0;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -ENOEXEC);
	bytes_free(&file);
}
END_TEST

START_TEST(refuses_a_dynamically_linked_program)
{
	struct bytes file = test_vmlinux(NOTES_LINUX);
	struct kernel_image kernel;
	const char *why;

	phdr_of(&file, 2)->p_type = PT_INTERP;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), -ENOEXEC);
	ck_assert_ptr_nonnull(why);
	bytes_free(&file);
}
END_TEST

START_TEST(survives_hostile_notes)
{
	struct bytes file = test_vmlinux(NOTES_LINUX_PVH);
	struct kernel_image kernel;
	const char *why;

	for (size_t i = 0; i < phdr_of(&file, 2)->p_filesz; i++) {
		uint8_t *byte = file.data + 0x200 + i;
		uint8_t good = *byte;
		int ret;

		*byte = 0xff;
		ret = read_elf(&file, file.len, &kernel, &why);
		ck_assert(ret == 0 || ret == -EBADMSG);
		*byte = good;
	}
	phdr_of(&file, 2)->p_filesz = 9;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), 0);
	phdr_of(&file, 2)->p_filesz = 0;
	ck_assert_int_eq(read_elf(&file, file.len, &kernel, &why), 0);
	bytes_free(&file);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot_elf");
	TCase *tcase = tcase_create("elf");

	tcase_add_test(tcase, describes_a_vmlinux);
	tcase_add_test(tcase, tells_systems_apart_by_their_notes);
	tcase_add_test(tcase, orders_segments_by_address);
	tcase_add_test(tcase, takes_a_virtual_entry_point);
	tcase_add_test(tcase, refuses_every_truncation);
	tcase_add_test(tcase, refuses_hostile_segments);
	tcase_add_test(tcase, refuses_hostile_headers);
	tcase_add_test(tcase, refuses_a_file_with_nothing_to_load);
	tcase_add_test(tcase, refuses_a_dynamically_linked_program);
	tcase_add_test(tcase, survives_hostile_notes);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
