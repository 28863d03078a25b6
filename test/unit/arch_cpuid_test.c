/* vmm/arch/x86_64: CPUID topology and timing for every number of CPUs, and the split of memory around the gap. */
#include "test/unit/unit.h"

#include <linux/kvm.h>

#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/arch/x86_64/layout.h"

struct table {
	struct kvm_cpuid2 header;
	struct kvm_cpuid_entry2 entries[272];
};

static void add(struct table *t, uint32_t leaf, uint32_t index, uint32_t flags, uint32_t eax, uint32_t ebx)
{
	t->entries[t->header.nent++] = (struct kvm_cpuid_entry2){
		.function = leaf,
		.index = index,
		.flags = flags,
		.eax = eax,
		.ebx = ebx,
	};
}

static struct table host(void)
{
	struct table t = { 0 };

	add(&t, 0x0, 0, 0, 0xd, 0);
	add(&t, 0x1, 0, 0, 0, 0xffffffff);
	add(&t, 0x4, 0, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 0x121, 0);
	add(&t, 0x4, 3, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 0x163, 0);
	add(&t, 0x4, 4, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 0, 0);
	add(&t, 0xa, 0, 0, 0x07300404, 0);
	add(&t, 0xb, 0, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 1, 2);
	add(&t, 0x40000000, 0, 0, 0x40000001, 0);
	add(&t, 0x80000001, 0, 0, 0, 0);
	add(&t, 0x80000008, 0, 0, 0x3030, 0);
	add(&t, 0x8000001d, 3, KVM_CPUID_FLAG_SIGNIFCANT_INDEX, 0x163, 0);
	add(&t, 0x8000001e, 0, 0, 0, 0x100);
	return t;
}

static struct kvm_cpuid_entry2 *leaf(struct table *t, uint32_t function, uint32_t index)
{
	for (uint32_t i = 0; i < t->header.nent; i++)
		if (t->entries[i].function == function && t->entries[i].index == index)
			return &t->entries[i];
	ck_abort_msg("leaf %x.%u is missing", function, index);
	return NULL;
}

START_TEST(topology_holds_for_every_cpu_count)
{
	unsigned int nr_cpus = (unsigned int)_i;
	const struct cpuid_machine machine = { .nr_cpus = nr_cpus, .tsc_khz = 2445426, .tsc_deadline = true };
	struct table t = host();

	cpuid_describe_machine(&t.header, &machine);
	for (unsigned int id = 0; id < nr_cpus; id++) {
		cpuid_set_apic_id(&t.header, id);
		ck_assert_uint_eq(leaf(&t, 1, 0)->ebx >> 24, id);
		ck_assert_uint_eq(leaf(&t, 0xb, 0)->edx, id);
		ck_assert_uint_eq(leaf(&t, 0xb, 1)->edx, id);
		ck_assert_uint_eq(leaf(&t, 0x8000001e, 0)->eax, id);
		/* All CPUs are in one package: nothing is left of the ID above the core level's shift. */
		ck_assert_uint_eq(id >> leaf(&t, 0xb, 1)->eax, 0);
	}
	ck_assert_uint_eq(leaf(&t, 0xb, 0)->ebx, 1);
	ck_assert_uint_eq(leaf(&t, 0xb, 1)->ebx, nr_cpus);
	ck_assert_uint_eq(leaf(&t, 0xb, 1)->ecx, 0x201);
	ck_assert_uint_eq(leaf(&t, 0xb, 2)->ecx, 2);
	ck_assert_uint_eq(leaf(&t, 0x80000008, 0)->ecx & 0xff, nr_cpus - 1);
	ck_assert_uint_ge(leaf(&t, 1, 0)->ebx >> 16 & 0xff, nr_cpus);
	ck_assert_uint_eq(leaf(&t, 1, 0)->edx >> 28 & 1, nr_cpus > 1);
	/* The first-level cache is a core's own, the last one the package's. */
	ck_assert_uint_eq(leaf(&t, 4, 0)->eax >> 14 & 0xfff, 0);
	ck_assert_uint_ge((leaf(&t, 4, 3)->eax >> 14 & 0xfff) + 1, nr_cpus);
	ck_assert_uint_ge((leaf(&t, 0x8000001d, 3)->eax >> 14 & 0xfff) + 1, nr_cpus);
	ck_assert_uint_eq(leaf(&t, 4, 4)->eax, 0);
}
END_TEST

START_TEST(the_tsc_frequency_is_told_and_reachable)
{
	const struct cpuid_machine machine = { .nr_cpus = 1, .tsc_khz = 2445426, .tsc_deadline = true };
	struct table t = host();
	struct kvm_cpuid_entry2 *e;

	cpuid_describe_machine(&t.header, &machine);
	e = leaf(&t, 0x15, 0);
	ck_assert_uint_eq((uint64_t)e->ecx * e->ebx / e->eax, UINT64_C(2445426000));
	ck_assert_uint_ge(leaf(&t, 0, 0)->eax, 0x15);
	ck_assert_uint_eq(leaf(&t, 0x40000010, 0)->eax, 2445426);
	ck_assert_uint_ge(leaf(&t, 0x40000000, 0)->eax, 0x40000010);
	ck_assert_uint_eq(leaf(&t, 1, 0)->ecx >> 24 & 1, 1);
	ck_assert_uint_eq(leaf(&t, 1, 0)->ecx >> 31, 1);
}
END_TEST

START_TEST(an_unknown_frequency_is_not_invented)
{
	const struct cpuid_machine machine = { .nr_cpus = 1 };
	struct table t = host();

	cpuid_describe_machine(&t.header, &machine);
	for (uint32_t i = 0; i < t.header.nent; i++)
		ck_assert(t.entries[i].function != 0x15 && t.entries[i].function != 0x40000010);
	ck_assert_uint_eq(leaf(&t, 1, 0)->ecx >> 24 & 1, 0);
}
END_TEST

START_TEST(there_are_no_performance_counters)
{
	const struct cpuid_machine machine = { .nr_cpus = 2 };
	struct table t = host();

	leaf(&t, 0x80000001, 0)->ecx = 0xffffffff;
	cpuid_describe_machine(&t.header, &machine);
	ck_assert_uint_eq(leaf(&t, 0xa, 0)->eax, 0);
	ck_assert_uint_eq(leaf(&t, 0x80000001, 0)->ecx & (1U << 23 | 1U << 24), 0);
}
END_TEST

START_TEST(memory_leaves_the_gap_free)
{
	struct guest_region r[GUEST_MEMORY_MAX_REGIONS];

	ck_assert_uint_eq(layout_memory(512 * LAYOUT_MIB, r), 1);
	ck_assert_uint_eq(r[0].size_bytes, 512 * LAYOUT_MIB);
	ck_assert_uint_eq(layout_memory(3 * LAYOUT_GIB, r), 1);
	ck_assert_uint_eq(r[0].size_bytes, LAYOUT_GAP_BASE);
	ck_assert_uint_eq(layout_memory(64 * LAYOUT_GIB, r), 2);
	ck_assert_uint_eq(r[0].size_bytes, LAYOUT_GAP_BASE);
	ck_assert_uint_eq(r[1].base, 4 * LAYOUT_GIB);
	ck_assert_uint_eq(r[1].size_bytes, 61 * LAYOUT_GIB);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("arch");
	TCase *tc = tcase_create("arch");

	tcase_add_loop_test(tc, topology_holds_for_every_cpu_count, 1, 65);
	tcase_add_test(tc, the_tsc_frequency_is_told_and_reachable);
	tcase_add_test(tc, an_unknown_frequency_is_not_invented);
	tcase_add_test(tc, there_are_no_performance_counters);
	tcase_add_test(tc, memory_leaves_the_gap_free);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
