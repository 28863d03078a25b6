/* The named checks of the `tests` payload. Each prints a line for every expectation that does not hold. */
#ifndef TEST_GUEST_TESTS_TESTS_H
#define TEST_GUEST_TESTS_TESTS_H

#include <stdbool.h>
#include <stdint.h>

struct test {
	const char *name;
	void (*run)(const char *command_line);
};

#define TEST_END                                                                                                       \
	{                                                                                                              \
		0                                                                                                      \
	}

/* One list a file; the last entry has no name. A word `test=LIST` or `test=LIST.NAME` on the command line chooses. */
extern const struct test tests_memory[];
extern const struct test tests_cpu[];
extern const struct test tests_acpi[];
extern const struct test tests_smp[];
extern const struct test tests_bus[];
extern const struct test tests_pci[];
extern const struct test tests_serial[];
extern const struct test tests_blk[];
extern const struct test tests_blk_config[];
extern const struct test tests_blk_requests[];
extern const struct test tests_blk_ranges[];
extern const struct test tests_blk_reset[];
extern const struct test tests_blk_growth[];
extern const struct test tests_disks[];
extern const struct test tests_interrupt[];
extern const struct test tests_rng[];
extern const struct test tests_console[];
extern const struct test tests_net_config[];
extern const struct test tests_net_control[];
extern const struct test tests_net_receive[];
extern const struct test tests_net_link[];
extern const struct test tests_hostile[];
extern const struct test tests_hostile_net[];
extern const struct test tests_power[];

void expect_failed(const char *file, int line, const char *what, uint64_t left, uint64_t right);

#define expect(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			expect_failed(__FILE__, __LINE__, #condition, 0, 0);                                           \
	} while (0)

#define expect_equal(a, b)                                                                                             \
	do {                                                                                                           \
		uint64_t left_ = (uint64_t)(a), right_ = (uint64_t)(b);                                                \
		if (left_ != right_)                                                                                   \
			expect_failed(__FILE__, __LINE__, #a " == " #b, left_, right_);                                \
	} while (0)

#endif
