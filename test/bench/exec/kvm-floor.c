/* kvm-floor HELLO.ELF: what a VM of mote's shape costs in KVM itself. Makes one with the least system calls that it can
 * be made with, runs the guest up to its first write to the serial port, passes that byte on, and prints on the same
 * descriptor how long that took: "TOTAL CREATE_VM CREATE_IRQCHIP ENTER\n", in nanoseconds from the open of /dev/kvm. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MEMORY_BYTES (UINT64_C(512) << 20)
#define HUGE_PAGE_BYTES (UINT64_C(2) << 20)
#define ECAM_BASE 0xe0000000
#define ECAM_BYTES (1u << 20)
#define IDENTITY_MAP UINT64_C(0xfffbc000)
#define TSS 0xfffbd000ul
#define SERIAL_GSI 4
#define EVENT_GSI 5
#define SERIAL_PORT 0x3f8
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MAX_CPUID 256

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "kvm-floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int must(const char *what, int rc)
{
	if (rc < 0)
		fail(what);
	return rc;
}

static void add_memory(int vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, void *host)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	must("KVM_SET_USER_MEMORY_REGION", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
}

/* Maps `size` bytes, of which nothing is populated, aligned so that huge pages can back them. */
static uint8_t *reserve(uint64_t size)
{
	uint8_t *p = mmap(NULL, size + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	return (uint8_t *)(((uintptr_t)p + HUGE_PAGE_BYTES - 1) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1));
}

/* Copies the loadable segments; the entry point. */
static uint64_t load(const char *path, uint8_t *memory)
{
	int fd = must(path, open(path, O_RDONLY | O_CLOEXEC));
	Elf64_Ehdr header;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header))
		fail(path);
	for (unsigned int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		if (pread(fd, &segment, sizeof(segment), (off_t)(header.e_phoff + i * sizeof(segment))) !=
		    sizeof(segment))
			fail(path);
		if (segment.p_type != PT_LOAD)
			continue;
		if (segment.p_paddr > MEMORY_BYTES || segment.p_filesz > MEMORY_BYTES - segment.p_paddr ||
		    pread(fd, memory + segment.p_paddr, segment.p_filesz, (off_t)segment.p_offset) !=
			    (ssize_t)segment.p_filesz)
			fail(path);
	}
	close(fd);
	return header.e_entry;
}

static void add_irqfd(int vm, uint32_t gsi)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)must("eventfd", eventfd(0, EFD_CLOEXEC)), .gsi = gsi };

	must("KVM_IRQFD", ioctl(vm, KVM_IRQFD, &irqfd));
}

static void set_cpuid(int kvm, int vcpu)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + MAX_CPUID * sizeof(cpuid->entries[0]));

	cpuid->nent = MAX_CPUID;
	must("KVM_GET_SUPPORTED_CPUID", ioctl(kvm, KVM_GET_SUPPORTED_CPUID, cpuid));
	must("KVM_SET_CPUID2", ioctl(vcpu, KVM_SET_CPUID2, cpuid));
	free(cpuid);
}

static void set_registers(int vcpu, uint64_t entry)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entry;
	} msrs = { .header.nmsrs = 1, .entry = { .index = MSR_MTRR_DEF_TYPE, .data = 0x806 } };
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 0x10, .type = 3, .present = 1, .s = 1, .g = 1, .db = 1
	};
	struct kvm_segment code = data;
	struct kvm_regs regs = { .rip = entry, .rflags = 2 };
	struct kvm_sregs sregs;

	must("KVM_SET_MSRS", ioctl(vcpu, KVM_SET_MSRS, &msrs));
	must("KVM_GET_SREGS", ioctl(vcpu, KVM_GET_SREGS, &sregs));
	code.selector = 8;
	code.type = 0xb;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.tr = (struct kvm_segment){ .limit = 0x67, .type = 0xb, .present = 1 };
	sregs.cr0 = 0x11;
	must("KVM_SET_SREGS", ioctl(vcpu, KVM_SET_SREGS, &sregs));
	must("KVM_SET_REGS", ioctl(vcpu, KVM_SET_REGS, &regs));
}

int main(int argc, char **argv)
{
	uint64_t start = now_ns(), create_vm, irqchip, enter, end, t;
	uint64_t identity_map = IDENTITY_MAP, entry;
	struct kvm_run *run;
	uint8_t *memory;
	int kvm, vm, vcpu, run_bytes;

	if (argc != 2) {
		fprintf(stderr, "usage: kvm-floor HELLO.ELF\n");
		return 2;
	}
	kvm = must("/dev/kvm", open("/dev/kvm", O_RDWR | O_CLOEXEC));
	must("KVM_GET_API_VERSION", ioctl(kvm, KVM_GET_API_VERSION, 0));
	t = now_ns();
	vm = must("KVM_CREATE_VM", ioctl(kvm, KVM_CREATE_VM, 0));
	create_vm = now_ns() - t;
	run_bytes = must("KVM_GET_VCPU_MMAP_SIZE", ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
	must("KVM_SET_IDENTITY_MAP_ADDR", ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map));
	must("KVM_SET_TSS_ADDR", ioctl(vm, KVM_SET_TSS_ADDR, TSS));
	/* Before all that registers with KVM's buses: a memslot waits for their grace periods, some milliseconds. */
	memory = reserve(MEMORY_BYTES);
	add_memory(vm, 0, 0, 0, MEMORY_BYTES, memory);
	add_memory(vm, 1, KVM_MEM_READONLY, ECAM_BASE, ECAM_BYTES, reserve(ECAM_BYTES));
	t = now_ns();
	must("KVM_CREATE_IRQCHIP", ioctl(vm, KVM_CREATE_IRQCHIP, 0));
	irqchip = now_ns() - t;
	add_irqfd(vm, SERIAL_GSI);
	add_irqfd(vm, EVENT_GSI);
	entry = load(argv[1], memory);
	vcpu = must("KVM_CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0));
	run = mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		fail("mmap");
	set_cpuid(kvm, vcpu);
	set_registers(vcpu, entry);
	t = now_ns();
	do
		must("KVM_RUN", ioctl(vcpu, KVM_RUN, 0));
	while (run->exit_reason != KVM_EXIT_IO || run->io.port != SERIAL_PORT);
	end = now_ns();
	enter = end - t;
	if (write(1, (uint8_t *)run + run->io.data_offset, 1) != 1)
		fail("write");
	dprintf(1, "%llu %llu %llu %llu\n", (unsigned long long)(end - start), (unsigned long long)create_vm,
		(unsigned long long)irqchip, (unsigned long long)enter);
	return 0;
}
