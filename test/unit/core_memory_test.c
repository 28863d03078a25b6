/* vmm/core/memory: nothing outside the regions has an address. */
#include "test/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/core/memory.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static struct guest_memory two_regions(void)
{
	const struct guest_region wanted[] = {
		{ .base = 0, .size_bytes = 4 * MIB },
		{ .base = 4 * GIB, .size_bytes = 2 * MIB },
	};
	struct guest_memory mem;

	ck_assert_int_eq(guest_memory_create(wanted, 2, &mem), 0);
	return mem;
}

/* Linux 5.14 */
static bool kernel_populates(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool can;

	ck_assert_ptr_ne(page, MAP_FAILED);
	can = madvise(page, 4096, MADV_POPULATE_WRITE) == 0;
	munmap(page, 4096);
	return can;
}

START_TEST(only_ranges_inside_one_region_have_an_address)
{
	struct guest_memory mem = two_regions();

	ck_assert_ptr_nonnull(guest_memory_at(&mem, 0, 4 * MIB));
	ck_assert_ptr_null(guest_memory_at(&mem, 0, 4 * MIB + 1));
	ck_assert_ptr_null(guest_memory_at(&mem, 4 * MIB - 1, 2));
	ck_assert_ptr_null(guest_memory_at(&mem, 1 * GIB, 1));
	ck_assert_ptr_null(guest_memory_at(&mem, 4 * GIB - 1, 2));
	ck_assert_ptr_nonnull(guest_memory_at(&mem, 4 * GIB + 2 * MIB - 1, 1));
	ck_assert_ptr_null(guest_memory_at(&mem, UINT64_MAX, 1));
	ck_assert_ptr_null(guest_memory_at(&mem, 1, UINT64_MAX));
	guest_memory_destroy(&mem);
}
END_TEST

START_TEST(host_addresses_suit_huge_pages)
{
	struct guest_memory mem = two_regions();

	for (unsigned int i = 0; i < mem.nr_regions; i++)
		ck_assert_uint_eq((uintptr_t)mem.regions[i].host % (2 * MIB), mem.regions[i].base % (2 * MIB));
	guest_memory_destroy(&mem);
}
END_TEST

START_TEST(cleared_memory_is_zero_and_its_neighbours_are_not)
{
	static const struct {
		gpa_t gpa;
		uint64_t len;
	} ranges[] = {
		{ 0, 4 * MIB }, { 100, 3 * MIB }, { MIB + 1, 10 }, { MIB, 2 * MIB }, { 4 * MIB - 1, 1 }, { 5, 0 }
	};
	struct guest_memory mem = two_regions();
	uint8_t *host = guest_memory_at(&mem, 0, 4 * MIB);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		uint64_t wrong = 0;

		memset(host, 0xee, 4 * MIB);
		ck_assert_int_eq(guest_memory_clear(&mem, ranges[i].gpa, ranges[i].len), 0);
		for (gpa_t at = 0; at < 4 * MIB; at++)
			wrong += host[at] != (range_contains(ranges[i].gpa, ranges[i].len, at, 1) ? 0 : 0xee);
		ck_assert_uint_eq(wrong, 0);
	}
	ck_assert_int_eq(guest_memory_clear(&mem, 4 * MIB - 1, 2), -EFAULT);
	ck_assert_int_eq(guest_memory_clear(&mem, UINT64_MAX, 1), -EFAULT);
	ck_assert_uint_eq(host[4 * MIB - 1], 0xee);
	guest_memory_destroy(&mem);
}
END_TEST

START_TEST(populating_changes_no_byte)
{
	struct guest_memory mem = two_regions();
	uint8_t *host = guest_memory_at(&mem, 0, 4 * MIB);
	uint8_t here = 0;

	host[MIB] = 0xee;
	guest_memory_populate(&mem, 0, 4 * MIB);
	guest_memory_populate(&mem, 4 * MIB - 4096, 8192); /* not memory */
	guest_memory_populate(&mem, 0, 0);
	ck_assert_uint_eq(host[MIB], 0xee);
	ck_assert_uint_eq(host[0] | host[2 * MIB] | host[4 * MIB - 1], 0);
	/* Where the kernel can: it is there before it is touched. */
	guest_memory_populate(&mem, mem.regions[1].base, 2 * MIB);
	if (kernel_populates())
		ck_assert(mincore(mem.regions[1].host + MIB, 4096, &here) == 0 && (here & 1));
	guest_memory_destroy(&mem);
}
END_TEST

START_TEST(copies_are_whole_or_not_at_all)
{
	struct guest_memory mem = two_regions();
	char buf[4] = "abc";

	ck_assert_int_eq(guest_memory_write(&mem, 4 * MIB - 4, buf, 4), 0);
	ck_assert_int_eq(guest_memory_write(&mem, 4 * MIB - 3, "xyz", 4), -EFAULT);
	memset(buf, 0, sizeof(buf));
	ck_assert_int_eq(guest_memory_read(&mem, 4 * MIB - 4, buf, 4), 0);
	ck_assert_str_eq(buf, "abc");
	ck_assert_int_eq(guest_memory_read(&mem, 3 * GIB, buf, 4), -EFAULT);
	guest_memory_destroy(&mem);
}
END_TEST

START_TEST(files_load_and_map)
{
	struct guest_memory mem = two_regions();
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char path[] = "/tmp/mote-unit-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(ftruncate(fd, (off_t)(2 * page)), 0);
	ck_assert_int_eq(pwrite(fd, "kernel", 6, (off_t)page), 6);
	ck_assert_int_eq(guest_memory_load(&mem, MIB, 6, fd, page), 0);
	ck_assert_mem_eq(guest_memory_at(&mem, MIB, 6), "kernel", 6);
	ck_assert_int_eq(guest_memory_load(&mem, MIB, 4 * page, fd, 0), -ENODATA);
	ck_assert_int_eq(guest_memory_load(&mem, GIB, 6, fd, 0), -EFAULT);
	ck_assert_int_eq(guest_memory_map_file(&mem, 2 * MIB, page, fd, page), 0);
	ck_assert_mem_eq(guest_memory_at(&mem, 2 * MIB, 6), "kernel", 6);
	ck_assert_int_eq(guest_memory_map_file(&mem, 2 * MIB + 1, page, fd, 0), -EINVAL);
	ck_assert_int_eq(guest_memory_map_file(&mem, GIB, page, fd, 0), -EFAULT);
	/* Copy-on-write: the guest's bytes never reach the file. */
	memcpy(guest_memory_at(&mem, 2 * MIB, 6), "KERNEL", 6);
	char back[6];
	ck_assert_int_eq(pread(fd, back, 6, (off_t)page), 6);
	ck_assert_mem_eq(back, "kernel", 6);
	close(fd);
	guest_memory_destroy(&mem);
}
END_TEST

START_TEST(bad_lists_are_refused)
{
	struct guest_memory mem;
	const struct guest_region overlapping[] = { { .base = 0, .size_bytes = 4 * MIB },
						    { .base = 2 * MIB, .size_bytes = 4 * MIB } };
	const struct guest_region empty = { .base = 0, .size_bytes = 0 };
	const struct guest_region odd = { .base = 4096, .size_bytes = 2 * MIB };
	const struct guest_region wrapping = { .base = UINT64_MAX - 2 * MIB + 1, .size_bytes = 4 * MIB };

	ck_assert_int_eq(guest_memory_create(overlapping, 2, &mem), -EINVAL);
	ck_assert_int_eq(guest_memory_create(&empty, 1, &mem), -EINVAL);
	ck_assert_int_eq(guest_memory_create(&odd, 1, &mem), -EINVAL);
	ck_assert_int_eq(guest_memory_create(&wrapping, 1, &mem), -EINVAL);
	ck_assert_int_eq(guest_memory_create(&empty, 0, &mem), -EINVAL);
	guest_memory_destroy(&mem);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tc = tcase_create("memory");

	tcase_add_test(tc, only_ranges_inside_one_region_have_an_address);
	tcase_add_test(tc, host_addresses_suit_huge_pages);
	tcase_add_test(tc, cleared_memory_is_zero_and_its_neighbours_are_not);
	tcase_add_test(tc, populating_changes_no_byte);
	tcase_add_test(tc, copies_are_whole_or_not_at_all);
	tcase_add_test(tc, files_load_and_map);
	tcase_add_test(tc, bad_lists_are_refused);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
