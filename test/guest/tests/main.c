#include "test/guest/payload.h"

#include <stddef.h>

#include "test/guest/serial.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

static const struct {
	const char *name;
	const struct test *tests;
} lists[] = {
	{ "memory", tests_memory },
	{ "cpu", tests_cpu },
	{ "acpi", tests_acpi },
	{ "smp", tests_smp },
	{ "bus", tests_bus },
	{ "pci", tests_pci },
	{ "serial", tests_serial },
	{ "blk", tests_blk },
	{ "blk_config", tests_blk_config },
	{ "blk_requests", tests_blk_requests },
	{ "blk_ranges", tests_blk_ranges },
	{ "blk_reset", tests_blk_reset },
	{ "blk_growth", tests_blk_growth },
	{ "disks", tests_disks },
	{ "interrupt", tests_interrupt },
	{ "rng", tests_rng },
	{ "console", tests_console },
	{ "net_config", tests_net_config },
	{ "net_control", tests_net_control },
	{ "net_receive", tests_net_receive },
	{ "net_link", tests_net_link },
	{ "hostile", tests_hostile },
	{ "hostile_net", tests_hostile_net },
	{ "power", tests_power },
};

static unsigned int failures;

void expect_failed(const char *file, int line, const char *what, uint64_t left, uint64_t right)
{
	const char *name = file;

	for (const char *p = file; *p != '\0'; p++) {
		if (*p == '/')
			name = p + 1;
	}
	print("\n  %s:%d: not so: %s (%lx, %lx)", name, line, what, left, right);
	failures++;
}

/* Whether `wanted`, "LIST" or "LIST.NAME", names this test. */
static bool is_wanted(const char *wanted, const char *list, const char *name)
{
	size_t len = strlen(list);

	if (memcmp(wanted, list, len) != 0)
		return false;
	return wanted[len] == '\0' || (wanted[len] == '.' && strcmp(wanted + len + 1, name) == 0);
}

void payload_main(const char *command_line)
{
	unsigned int passed = 0, failed = 0;
	char wanted[40];

	if (!option_get(command_line, "test", wanted, sizeof(wanted)))
		wanted[0] = '\0';
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (const struct test *test = lists[i].tests; test->name != NULL; test++) {
			unsigned int before = failures;

			if (!is_wanted(wanted, lists[i].name, test->name))
				continue;
			print("%s.%s: ", lists[i].name, test->name);
			test->run(command_line);
			print("%s\n", failures == before ? "ok" : "\n  FAILED");
			if (failures == before)
				passed++;
			else
				failed++;
		}
	}
	print("guest: %u passed, %u failed\n", passed, failed);
}
