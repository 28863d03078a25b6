/* All processors (cpus=N) are listed, come up by INIT and SIPI, know who they are, and share one memory. */
#include "test/guest/smp.h"

#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/layout.h"
#include "test/guest/port.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define ROUNDS 10000

static uint64_t shared;
static unsigned int nr_running;

static void count(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++)
		__atomic_fetch_add(&shared, 1, __ATOMIC_RELAXED);
}

static void all_processors_come_up(const char *command_line)
{
	unsigned int nr = (unsigned int)option_number(command_line, "cpus", 1);
	uint64_t seen = 1;

	expect_equal(smp_nr_listed(), nr);
	nr_running = smp_start(nr);
	expect_equal(nr_running, nr);
	if (nr_running != nr)
		return;
	for (unsigned int i = 1; i < nr; i++) {
		expect((seen & UINT64_C(1) << smp_lapic_id(i)) == 0);
		seen |= UINT64_C(1) << smp_lapic_id(i);
	}
	expect_equal(seen, nr == 64 ? UINT64_MAX : (UINT64_C(1) << nr) - 1);
	for (unsigned int i = 1; i < nr; i++)
		smp_run(i, count, NULL);
	count(NULL);
	for (unsigned int i = 1; i < nr; i++)
		smp_wait(i);
	expect_equal(shared, (uint64_t)nr * ROUNDS);
}

static void read_port(void *arg)
{
	*(uint32_t *)arg = in32(0x1234);
}

/* Another processor's exits find the same machine. */
static void other_processors_reach_devices(const char *command_line)
{
	uint32_t value[GUEST_MAX_CPUS];

	(void)command_line;
	memset(value, 0, sizeof(value));
	for (unsigned int i = 1; i < nr_running; i++)
		smp_run(i, read_port, &value[i]);
	for (unsigned int i = 1; i < nr_running; i++) {
		smp_wait(i);
		expect_equal(value[i], UINT32_MAX);
	}
}

const struct test tests_smp[] = {
	{ "all_processors_come_up", all_processors_come_up },
	{ "other_processors_reach_devices", other_processors_reach_devices },
	TEST_END,
};
