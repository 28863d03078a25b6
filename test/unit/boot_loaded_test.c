/* Boots of what the loader has read into guest memory. */
#include <elf.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/boot_support.h"
#include "test/unit/unit.h"
#include "vmm/boot/linux_abi.h"

#define KERNEL_AT 0x800000
#define INITRD_BYTES 10000
#define PAGE_BYTES 4096
#define HUGE_BYTES 0x200000

static struct test_guest guest;
static struct boot_entry entry;
static struct boot_loaded loaded;
static uint8_t initrd[INITRD_BYTES];

static void setup(void)
{
	test_guest_start(&guest);
	loaded = (struct boot_loaded){ 0 };
	guest.request.loaded = &loaded;
	memset(&entry, 0, sizeof(entry));
	memset(initrd, 0x5a, sizeof(initrd));
}

static void teardown(void)
{
	test_guest_end(&guest);
}

static uint8_t *at(gpa_t gpa)
{
	return guest_memory_at(&guest.memory, gpa, 1);
}

/* As a loader leaves it: nothing is zero. */
static void read_to(gpa_t kernel_at, const struct bytes *kernel, gpa_t initrd_at)
{
	memset(at(0), 0xee, TEST_RAM_BYTES);
	loaded.kernel = kernel_at;
	loaded.kernel_bytes = kernel->len;
	memcpy(at(kernel_at), kernel->data, kernel->len);
	if (initrd_at) {
		loaded.initrd = initrd_at;
		loaded.initrd_bytes = INITRD_BYTES;
		memcpy(at(initrd_at), initrd, INITRD_BYTES);
	}
	test_log_start();
}

static int load_taken(void)
{
	struct boot_keep *keep;
	int ret = boot_load(&guest.request, &entry, &keep);

	boot_keep_finish(keep);
	boot_kernel_free(loaded.taken);
	loaded.taken = NULL;
	return ret;
}

static int boot(void)
{
	int ret = boot_take(&guest.request, &loaded.taken);

	return ret < 0 ? ret : load_taken();
}

static const struct linux_boot_params *params(void)
{
	return guest_memory_at(&guest.memory, entry.info, sizeof(struct linux_boot_params));
}

static void assert_kernel_at(gpa_t base)
{
	const uint8_t *image = guest_memory_at(&guest.memory, base, TEST_IMAGE_BYTES);

	ck_assert_uint_eq(image[0], test_kernel_byte(0));
	ck_assert_uint_eq(image[TEST_TEXT_BYTES - 1], test_kernel_byte(TEST_TEXT_BYTES - 1));
	ck_assert_uint_eq(image[TEST_TEXT_BYTES], 0);
	ck_assert_uint_eq(image[TEST_DATA_OFFSET - 1], 0);
	ck_assert_uint_eq(image[TEST_DATA_OFFSET], test_kernel_byte(TEST_DATA_OFFSET));
	ck_assert_uint_eq(image[TEST_IMAGE_BYTES - 1], 0);
}

/* Each byte is as the one before it: memcmp() is fast with sanitizers too, where a loop over all of memory takes
 * seconds. */
static bool is_zero(gpa_t from, gpa_t to)
{
	return *at(from) == 0 && memcmp(at(from), at(from) + 1, to - from - 1) == 0;
}

START_TEST(loads_every_packing)
{
	struct bytes kernel = test_kernel((enum test_packing)_i);

	read_to(KERNEL_AT, &kernel, 0);
	ck_assert_int_eq(boot(), 0);
	ck_assert_int_eq(entry.protocol, BOOT_LINUX64);
	ck_assert_uint_eq(entry.rip, TEST_LINK_BASE + TEST_ENTRY_OFFSET);
	assert_kernel_at(TEST_LINK_BASE);
	ck_assert(loaded.memory_is_lost);
	bytes_free(&kernel);
}
END_TEST

START_TEST(leaves_nothing_of_the_loader_where_kernels_care)
{
	struct bytes kernel = test_kernel(PACK_ZSTD);
	gpa_t initrd_at = TEST_RAM_BYTES - HUGE_BYTES;

	read_to(KERNEL_AT, &kernel, initrd_at);
	ck_assert_int_eq(boot(), 0);
	/* Of its page tables and of the start's other pages, what boot_load() leaves out. */
	ck_assert(is_zero(entry.page_tables + 8, entry.page_tables + PAGE_BYTES));
	ck_assert(is_zero(entry.gdt - 64, entry.gdt));
	ck_assert(is_zero(0x100000, TEST_LINK_BASE));
	ck_assert(is_zero(TEST_LINK_BASE + TEST_IMAGE_BYTES, initrd_at));
	ck_assert(is_zero(initrd_at + INITRD_BYTES, TEST_RAM_BYTES));
	/* What is not RAM to the guest is the machine's. */
	ck_assert_uint_eq(*at(0xe0000), 0xee);
	bytes_free(&kernel);
}
END_TEST

START_TEST(leaves_an_initrd_where_it_is_well)
{
	struct bytes kernel = test_kernel(PACK_LZ4);

	read_to(KERNEL_AT, &kernel, TEST_RAM_BYTES - HUGE_BYTES);
	ck_assert_int_eq(boot(), 0);
	ck_assert_uint_eq(le32_get(params()->hdr.ramdisk_image), TEST_RAM_BYTES - HUGE_BYTES);
	ck_assert_uint_eq(le32_get(params()->hdr.ramdisk_size), INITRD_BYTES);
	ck_assert_mem_eq(at(TEST_RAM_BYTES - HUGE_BYTES), initrd, INITRD_BYTES);
	bytes_free(&kernel);
}
END_TEST

/* Too low, not at a page, in the way of its own new place, where the kernel or what the kernel is told will be. */
static const gpa_t bad_places[] = {
	0x1000000, 0x200000, TEST_RAM_BYTES - HUGE_BYTES + 512, TEST_RAM_BYTES - INITRD_BYTES, TEST_LOW_BASE,
};

START_TEST(moves_an_initrd_from_elsewhere)
{
	struct bytes kernel = test_kernel(PACK_LZ4);
	gpa_t best = TEST_RAM_BYTES - 3 * PAGE_BYTES;

	read_to(KERNEL_AT, &kernel, bad_places[_i]);
	ck_assert_int_eq(boot(), 0);
	ck_assert_uint_eq(le32_get(params()->hdr.ramdisk_image), best);
	ck_assert_mem_eq(at(best), initrd, INITRD_BYTES);
	assert_kernel_at(TEST_LINK_BASE);
	bytes_free(&kernel);
}
END_TEST

START_TEST(obeys_the_limit_of_the_initrd)
{
	struct bytes kernel = test_kernel(PACK_LZ4);
	le32 limit = le32_make(0x2ffffff);

	memcpy(kernel.data + LINUX_SETUP_FIELD(initrd_addr_max), &limit, sizeof(limit));
	read_to(KERNEL_AT, &kernel, TEST_RAM_BYTES - HUGE_BYTES);
	ck_assert_int_eq(boot(), 0);
	ck_assert_uint_eq(le32_get(params()->hdr.ramdisk_image), 0x3000000 - 3 * PAGE_BYTES);
	ck_assert_mem_eq(at(0x3000000 - 3 * PAGE_BYTES), initrd, INITRD_BYTES);
	bytes_free(&kernel);
}
END_TEST

START_TEST(loads_a_kernel_from_where_it_will_be)
{
	struct bytes kernel = test_kernel(PACK_GZIP);

	read_to(TEST_LINK_BASE + 512, &kernel, 0);
	ck_assert_int_eq(boot(), 0);
	assert_kernel_at(TEST_LINK_BASE);
	bytes_free(&kernel);
	kernel = test_vmlinux(NOTES_LINUX);
	read_to(TEST_LINK_BASE + 512, &kernel, 0);
	ck_assert_int_eq(boot(), 0);
	assert_kernel_at(TEST_LINK_BASE);
	bytes_free(&kernel);
}
END_TEST

/* Where the kernel was, all kinds of it, there may be something else when it is loaded. */
START_TEST(looks_at_a_kernel_only_when_it_takes_it)
{
	struct bytes kernel = test_kernel((enum test_packing)_i);

	read_to(KERNEL_AT, &kernel, 0);
	ck_assert_int_eq(boot_take(&guest.request, &loaded.taken), 0);
	memset(at(KERNEL_AT), 0xee, kernel.len);
	loaded.kernel = 0;
	loaded.kernel_bytes = 0;
	ck_assert_int_eq(load_taken(), 0);
	assert_kernel_at(TEST_LINK_BASE);
	bytes_free(&kernel);
}
END_TEST

START_TEST(looks_at_a_vmlinux_only_when_it_takes_it)
{
	struct bytes kernel = test_vmlinux(NOTES_LINUX);

	read_to(KERNEL_AT, &kernel, 0);
	ck_assert_int_eq(boot_take(&guest.request, &loaded.taken), 0);
	memset(at(KERNEL_AT), 0xee, kernel.len);
	ck_assert_int_eq(load_taken(), 0);
	assert_kernel_at(TEST_LINK_BASE);
	bytes_free(&kernel);
}
END_TEST

/* One below 1 MiB too has zeros where its file has nothing, though other things stay there. */
START_TEST(loads_a_kernel_into_low_memory)
{
	const gpa_t low = 0x30000;
	const uint64_t bss_bytes = 0x1000;
	struct bytes kernel = test_vmlinux(NOTES_LINUX);
	Elf64_Ehdr *ehdr = (Elf64_Ehdr *)kernel.data;
	Elf64_Phdr *phdrs = (Elf64_Phdr *)(kernel.data + ehdr->e_phoff);

	ehdr->e_entry = low + TEST_ENTRY_OFFSET;
	phdrs[0].p_vaddr = low;
	phdrs[0].p_paddr = low;
	phdrs[0].p_memsz += bss_bytes;
	phdrs[1].p_type = PT_NULL;
	read_to(KERNEL_AT, &kernel, 0);
	ck_assert_int_eq(boot(), 0);
	ck_assert_uint_eq(entry.rip, low + TEST_ENTRY_OFFSET);
	ck_assert_uint_eq(*at(low), test_kernel_byte(0));
	ck_assert_uint_eq(*at(low + TEST_TEXT_BYTES - 1), test_kernel_byte(TEST_TEXT_BYTES - 1));
	ck_assert(is_zero(low + TEST_TEXT_BYTES, low + TEST_TEXT_BYTES + bss_bytes));
	bytes_free(&kernel);
}
END_TEST

START_TEST(a_kernel_can_be_given_back)
{
	struct bytes kernel = test_kernel(PACK_LZ4);

	read_to(KERNEL_AT, &kernel, TEST_RAM_BYTES - HUGE_BYTES);
	ck_assert_int_eq(boot_take(&guest.request, &loaded.taken), 0);
	boot_kernel_free(loaded.taken);
	/* And nothing was changed. */
	ck_assert_mem_eq(at(KERNEL_AT), kernel.data, kernel.len);
	ck_assert_mem_eq(at(TEST_RAM_BYTES - HUGE_BYTES), initrd, INITRD_BYTES);
	ck_assert_uint_eq(*at(TEST_LOW_BASE), 0xee);
	boot_kernel_free(NULL);
	bytes_free(&kernel);
}
END_TEST

START_TEST(starts_a_32_bit_kernel_as_it_is)
{
	struct bytes kernel = test_kernel(PACK_GZIP);

	kernel.data[LINUX_SETUP_FIELD(xloadflags)] = 0;
	read_to(KERNEL_AT, &kernel, TEST_RAM_BYTES - HUGE_BYTES);
	ck_assert_int_eq(boot(), 0);
	ck_assert_int_eq(entry.protocol, BOOT_LINUX32);
	ck_assert_uint_eq(entry.rip, TEST_LINK_BASE);
	ck_assert_uint_eq(entry.page_tables, 0);
	ck_assert_uint_eq(le32_get(params()->hdr.code32_start), TEST_LINK_BASE);
	ck_assert_uint_eq(at(TEST_LINK_BASE)[0x200], 0x90);
	/* Flat 4 GiB, 32-bit, execute/read and read/write. */
	ck_assert_mem_eq(at(entry.gdt + BOOT_GDT_CS), "\xff\xff\x00\x00\x00\x9b\xcf\x00", 8);
	ck_assert_mem_eq(at(entry.gdt + BOOT_GDT_DS), "\xff\xff\x00\x00\x00\x93\xcf\x00", 8);
	bytes_free(&kernel);
}
END_TEST

static void assert_refused(const struct bytes *kernel, int error)
{
	read_to(KERNEL_AT, kernel, TEST_RAM_BYTES - HUGE_BYTES);
	ck_assert_int_eq(boot(), error);
	ck_assert_ptr_nonnull(strchr(test_log(), '\n'));
	/* The loader can go on. */
	ck_assert(!loaded.memory_is_lost);
	ck_assert_mem_eq(at(KERNEL_AT), kernel->data, kernel->len);
	ck_assert_mem_eq(at(TEST_RAM_BYTES - HUGE_BYTES), initrd, INITRD_BYTES);
	ck_assert_uint_eq(*at(TEST_LOW_BASE), 0xee);
}

START_TEST(refuses_and_leaves_memory_alone)
{
	struct bytes kernel = test_kernel(PACK_XZ);
	struct linux_setup_header hdr;

	memcpy(&hdr, kernel.data + LINUX_SETUP_OFFSET, sizeof(hdr));
	memset(kernel.data + (hdr.setup_sects + 1) * 512 + le32_get(hdr.payload_offset) + 40, 0, 40);
	assert_refused(&kernel, -EBADMSG);
	kernel.len = 1000;
	assert_refused(&kernel, -EBADMSG);
	memcpy(kernel.data, "#!/bin/sh\n", 10);
	kernel.data[0x1fe] = 0;
	assert_refused(&kernel, -ENOEXEC);
	bytes_free(&kernel);
}
END_TEST

START_TEST(needs_room)
{
	struct bytes kernel = test_kernel(PACK_LZ4);

	read_to(KERNEL_AT, &kernel, 0x1000000);
	loaded.initrd_bytes = TEST_RAM_BYTES - 0x1000000;
	ck_assert_int_eq(boot(), -E2BIG);
	ck_assert(!loaded.memory_is_lost);
	bytes_free(&kernel);
}
END_TEST

static Suite *suite(void)
{
	Suite *suite = suite_create("boot_loaded");
	TCase *tcase = tcase_create("loaded");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, loads_every_packing, 0, NR_PACKINGS);
	tcase_add_test(tcase, leaves_nothing_of_the_loader_where_kernels_care);
	tcase_add_test(tcase, leaves_an_initrd_where_it_is_well);
	tcase_add_loop_test(tcase, moves_an_initrd_from_elsewhere, 0, sizeof(bad_places) / sizeof(bad_places[0]));
	tcase_add_test(tcase, obeys_the_limit_of_the_initrd);
	tcase_add_test(tcase, loads_a_kernel_from_where_it_will_be);
	tcase_add_loop_test(tcase, looks_at_a_kernel_only_when_it_takes_it, 0, NR_PACKINGS);
	tcase_add_test(tcase, looks_at_a_vmlinux_only_when_it_takes_it);
	tcase_add_test(tcase, loads_a_kernel_into_low_memory);
	tcase_add_test(tcase, a_kernel_can_be_given_back);
	tcase_add_test(tcase, starts_a_32_bit_kernel_as_it_is);
	tcase_add_test(tcase, refuses_and_leaves_memory_alone);
	tcase_add_test(tcase, needs_room);
	return suite;
}

int main(void)
{
	return unit_main(suite());
}
