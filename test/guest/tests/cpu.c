/* What CPUID promises a guest: that it is a guest of KVM, its APIC ID, its topology (cpus=N), and its clock's rate. */
#include "test/guest/cpu.h"

#include "test/guest/interrupt.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define BIT(n) (UINT32_C(1) << (n))

static void hypervisor_is_kvm(const char *command_line)
{
	struct cpuid leaf = cpuid(0x40000000, 0);

	(void)command_line;
	expect(cpuid(1, 0).ecx & BIT(31));
	expect_equal(leaf.ebx, 0x4b4d564b); /* "KVMK" */
	expect_equal(leaf.ecx, 0x564b4d56); /* "VMKV" */
	expect_equal(leaf.edx, 0x4d); /* "M" */
	expect(leaf.eax >= 0x40000001);
	expect(cpuid(0x40000001, 0).eax & BIT(3)); /* kvm-clock by its newer MSRs */
}

static void apic_is_an_x2apic(const char *command_line)
{
	(void)command_line;
	expect(cpuid(1, 0).ecx & BIT(21));
	expect_equal(cpuid(1, 0).ebx >> 24, lapic_id());
}

static void topology_counts_the_cpus(const char *command_line)
{
	uint64_t nr_cpus = option_number(command_line, "cpus", 1);
	uint32_t max_basic = cpuid(0, 0).eax;
	struct cpuid thread = cpuid(0xb, 0), core = cpuid(0xb, 1);

	expect(max_basic >= 0xb);
	expect_equal(thread.ebx, 1); /* one thread a core */
	expect_equal(thread.ecx >> 8, 1);
	expect_equal(core.ebx, nr_cpus);
	expect_equal(core.ecx >> 8, 2);
	expect((UINT32_C(1) << core.eax) >= nr_cpus);
	expect_equal(thread.edx, lapic_id());
	if (nr_cpus > 1)
		expect(cpuid(1, 0).edx & BIT(28));
}

static void clock_rate_is_told(const char *command_line)
{
	uint32_t khz = cpuid(0x40000010, 0).eax;

	(void)command_line;
	expect(cpuid(0x40000000, 0).eax >= 0x40000010);
	expect(khz >= 100000 && khz <= 10000000);
	if (cpuid(0, 0).eax >= 0x15) {
		struct cpuid rate = cpuid(0x15, 0);
		uint64_t told = rate.eax == 0 ? 0 : (uint64_t)rate.ecx * rate.ebx / rate.eax / 1000;

		expect(told >= khz - 1 && told <= khz + 1);
	}
}

const struct test tests_cpu[] = {
	{ "hypervisor_is_kvm", hypervisor_is_kvm },
	{ "apic_is_an_x2apic", apic_is_an_x2apic },
	{ "topology_counts_the_cpus", topology_counts_the_cpus },
	{ "clock_rate_is_told", clock_rate_is_told },
	TEST_END,
};
