#include "vmm/arch/x86_64/cpuid.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* More than any KVM reports today; E2BIG otherwise. */
#define MAX_ENTRIES 256
/* Entries that cpuid_describe_machine() may add. */
#define SPARE_ENTRIES 8

/* KVM's local APIC timer counts nanoseconds: its "bus" and the crystal that CPUID 15H names run at 1 GHz. */
#define APIC_BUS_KHZ 1000000
#define CRYSTAL_HZ 1000000000

#define BIT(n) (UINT32_C(1) << (n))

/* Leaves by their names in the Intel SDM (volume 2, CPUID) and the AMD APM (volume 3, appendix E). */
enum leaf {
	LEAF_MAX_BASIC = 0x0,
	LEAF_FEATURES = 0x1,
	LEAF_CACHE_INTEL = 0x4,
	LEAF_POWER = 0x6,
	LEAF_PMU_INTEL = 0xa,
	LEAF_TOPOLOGY = 0xb,
	LEAF_TSC = 0x15,
	LEAF_TOPOLOGY_V2 = 0x1f,
	LEAF_KVM_MAX = 0x40000000,
	LEAF_TIMING = 0x40000010, /* TSC and APIC bus frequency, the leaf that VMware introduced */
	LEAF_FEATURES_EXT = 0x80000001,
	LEAF_SIZES_AMD = 0x80000008,
	LEAF_CACHE_AMD = 0x8000001d,
	LEAF_TOPOLOGY_AMD = 0x8000001e,
	LEAF_PMU_AMD = 0x80000022,
	LEAF_TOPOLOGY_AMD_V2 = 0x80000026,
};

int cpuid_create(const struct kvm *kvm, struct kvm_cpuid2 **out)
{
	struct kvm_cpuid2 *cpuid;
	int rc;

	cpuid = calloc(1, sizeof(*cpuid) + (MAX_ENTRIES + SPARE_ENTRIES) * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return -ENOMEM;
	cpuid->nent = MAX_ENTRIES;
	if (ioctl(kvm->dev_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0) {
		rc = -errno;
		free(cpuid);
		return rc;
	}
	*out = cpuid;
	return 0;
}

static struct kvm_cpuid_entry2 *find(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t index)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		if (e->function == leaf && (e->index == index || !(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX)))
			return e;
	}
	return NULL;
}

/* The leaf, added with zeros if it is not there; NULL if there is no room. */
static struct kvm_cpuid_entry2 *find_or_add(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t index, uint32_t flags)
{
	struct kvm_cpuid_entry2 *e = find(cpuid, leaf, index);

	if (e)
		return e;
	if (cpuid->nent == MAX_ENTRIES + SPARE_ENTRIES)
		return NULL;
	e = &cpuid->entries[cpuid->nent++];
	*e = (struct kvm_cpuid_entry2){ .function = leaf, .index = index, .flags = flags };
	return e;
}

static void remove_leaf(struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function != leaf)
			cpuid->entries[kept++] = cpuid->entries[i];
	cpuid->nent = kept;
}

/* Bits that an APIC ID needs for n CPUs. */
static unsigned int id_bits(unsigned int nr_cpus)
{
	unsigned int bits = 0;

	while ((1U << bits) < nr_cpus)
		bits++;
	return bits;
}

static void describe_features(struct kvm_cpuid2 *cpuid, const struct cpuid_machine *machine)
{
	struct kvm_cpuid_entry2 *e = find(cpuid, LEAF_FEATURES, 0);
	unsigned int logical = 1U << id_bits(machine->nr_cpus);

	if (!e)
		return;
	e->ebx = (e->ebx & 0x0000ffff) | (logical > 255 ? 255 : logical) << 16;
	e->ecx |= BIT(31) /* hypervisor */ | BIT(21) /* x2APIC */;
	if (machine->tsc_deadline)
		e->ecx |= BIT(24);
	if (machine->nr_cpus > 1)
		e->edx |= BIT(28); /* HTT: EBX[23:16] counts */
	else
		e->edx &= ~BIT(28);

	e = find(cpuid, LEAF_FEATURES_EXT, 0);
	if (!e)
		return;
	if (machine->nr_cpus > 1)
		e->ecx |= BIT(1); /* CmpLegacy: the logical CPUs are cores, not threads */
	else
		e->ecx &= ~BIT(1);
	/* No performance counters: probing them costs a boot dozens of exits, and they would count the host's work. */
	e->ecx &= ~(BIT(23) | BIT(24) | BIT(28));
}

/* Intel's and AMD's cache leaves have the same form: who shares a cache, level by level. */
static void describe_caches(struct kvm_cpuid2 *cpuid, unsigned int nr_cpus)
{
	unsigned int package = (1U << id_bits(nr_cpus)) - 1;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];
		unsigned int level = e->eax >> 5 & 7;

		if (e->function != LEAF_CACHE_INTEL && e->function != LEAF_CACHE_AMD)
			continue;
		if ((e->eax & 0x1f) == 0)
			continue;
		e->eax &= 0x3fff;
		if (level >= 3)
			e->eax |= package << 14;
		if (e->function == LEAF_CACHE_INTEL)
			e->eax |= (package > 63 ? 63 : package) << 26;
	}
}

static void describe_topology(struct kvm_cpuid2 *cpuid, uint32_t leaf, unsigned int nr_cpus)
{
	/* Level types: 1 SMT, 2 core. */
	const struct {
		uint32_t shift, count, type;
	} levels[] = { { 0, 1, 1 }, { id_bits(nr_cpus), nr_cpus, 2 }, { 0, 0, 0 } };

	for (uint32_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		struct kvm_cpuid_entry2 *e = find_or_add(cpuid, leaf, i, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

		if (!e)
			return;
		e->eax = levels[i].shift;
		e->ebx = levels[i].count;
		e->ecx = i | levels[i].type << 8;
		e->edx = 0;
	}
}

static void describe_topology_amd(struct kvm_cpuid2 *cpuid, unsigned int nr_cpus)
{
	struct kvm_cpuid_entry2 *e = find(cpuid, LEAF_SIZES_AMD, 0);

	if (e)
		e->ecx = (e->ecx & ~0xf0ffU) | id_bits(nr_cpus) << 12 | (nr_cpus - 1);
	e = find(cpuid, LEAF_TOPOLOGY_AMD, 0);
	if (e) {
		e->ebx &= ~0xffffU; /* core ID, one thread a core */
		e->ecx = 0; /* one node */
	}
}

static void describe_timing(struct kvm_cpuid2 *cpuid, unsigned int tsc_khz)
{
	struct kvm_cpuid_entry2 *e;

	if (tsc_khz == 0)
		return;
	e = find_or_add(cpuid, LEAF_TSC, 0, 0);
	if (e) {
		e->eax = CRYSTAL_HZ / 1000;
		e->ebx = tsc_khz;
		e->ecx = CRYSTAL_HZ;
		e->edx = 0;
	}
	e = find_or_add(cpuid, LEAF_TIMING, 0, 0);
	if (e) {
		e->eax = tsc_khz;
		e->ebx = APIC_BUS_KHZ;
		e->ecx = 0;
		e->edx = 0;
	}
	e = find(cpuid, LEAF_MAX_BASIC, 0);
	if (e && e->eax < LEAF_TSC)
		e->eax = LEAF_TSC;
	e = find(cpuid, LEAF_KVM_MAX, 0);
	if (e && e->eax < LEAF_TIMING)
		e->eax = LEAF_TIMING;
}

void cpuid_describe_machine(struct kvm_cpuid2 *cpuid, const struct cpuid_machine *machine)
{
	struct kvm_cpuid_entry2 *e;

	describe_features(cpuid, machine);
	describe_caches(cpuid, machine->nr_cpus);
	if (find(cpuid, LEAF_TOPOLOGY, 0))
		describe_topology(cpuid, LEAF_TOPOLOGY, machine->nr_cpus);
	if (find(cpuid, LEAF_TOPOLOGY_V2, 0))
		describe_topology(cpuid, LEAF_TOPOLOGY_V2, machine->nr_cpus);
	describe_topology_amd(cpuid, machine->nr_cpus);
	describe_timing(cpuid, machine->tsc_khz);
	remove_leaf(cpuid, LEAF_TOPOLOGY_AMD_V2);
	remove_leaf(cpuid, LEAF_PMU_AMD);
	e = find(cpuid, LEAF_PMU_INTEL, 0);
	if (e)
		e->eax = e->ebx = e->ecx = e->edx = 0;
	e = find(cpuid, LEAF_POWER, 0);
	if (e) {
		e->eax = BIT(2); /* ARAT: the APIC timer never stops */
		e->ecx = 0; /* no APERF/MPERF, no energy bias */
	}
}

void cpuid_set_apic_id(struct kvm_cpuid2 *cpuid, unsigned int apic_id)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		switch (e->function) {
		case LEAF_FEATURES:
			e->ebx = (e->ebx & 0x00ffffff) | apic_id << 24;
			break;
		case LEAF_TOPOLOGY:
		case LEAF_TOPOLOGY_V2:
			e->edx = apic_id;
			break;
		case LEAF_TOPOLOGY_AMD:
			e->eax = apic_id;
			e->ebx = (e->ebx & ~0xffU) | (apic_id & 0xff);
			break;
		default:
			break;
		}
	}
}
