#include "vmm/arch/x86_64/vcpu_state.h"

#include <asm/kvm.h>
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>

#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/base/log.h"

/* Intel SDM volume 3, 2.5 and volume 4, 2.1. */
#define CR0_PE (UINT64_C(1) << 0)
#define CR0_ET (UINT64_C(1) << 4)
#define CR0_PG (UINT64_C(1) << 31)
#define CR4_PAE (UINT64_C(1) << 5)
#define EFER_LME (UINT64_C(1) << 8)
#define EFER_LMA (UINT64_C(1) << 10)
#define RFLAGS_RESERVED (UINT64_C(1) << 1)

#define MSR_IA32_MISC_ENABLE 0x1a0
#define MISC_ENABLE_FAST_STRING (UINT64_C(1) << 0)
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MTRR_ENABLE (UINT64_C(1) << 11)
#define MTRR_WRITE_BACK 6

/* What the CPU has after a reset: no table, but a limit (volume 3, 10.1.1). */
#define RESET_TABLE_LIMIT 0xffff

/* Segment descriptor types (volume 3, 3.4.5.1 and 3.5). */
#define SEGMENT_CODE 0xb /* execute/read, accessed */
#define SEGMENT_DATA 0x3 /* read/write, accessed */
#define SEGMENT_TSS 0xb /* busy */
#define SEGMENT_LDT 0x2

/* What firmware leaves behind: fast string operations on, and all memory write-back, without which Linux would also
 * give up on page attributes. */
static int set_msrs(struct vcpu *vcpu)
{
	struct {
		struct kvm_msrs header;
		struct kvm_msr_entry entries[2];
	} msrs = {
		.header.nmsrs = 2,
		.entries = {
			{ .index = MSR_IA32_MISC_ENABLE, .data = MISC_ENABLE_FAST_STRING },
			{ .index = MSR_MTRR_DEF_TYPE, .data = MTRR_ENABLE | MTRR_WRITE_BACK },
		},
	};
	int rc = vcpu_ioctl(vcpu, KVM_SET_MSRS, &msrs);

	if (rc < 0)
		return rc;
	return rc == (int)msrs.header.nmsrs ? 0 : -EIO;
}

int vcpu_state_init(struct vcpu *vcpu, struct kvm_cpuid2 *cpuid)
{
	int rc;

	cpuid_set_apic_id(cpuid, vcpu->id);
	rc = vcpu_ioctl(vcpu, KVM_SET_CPUID2, cpuid);
	if (rc < 0) {
		log_error("KVM refused the CPUID of vCPU %u: %s", vcpu->id, strerror(-rc));
		return rc;
	}
	rc = set_msrs(vcpu);
	if (rc < 0)
		log_error("KVM refused the initial MSRs of vCPU %u: %s", vcpu->id, strerror(-rc));
	return rc;
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.base = 0,
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = 1,
	};
}

static void set_segments(struct kvm_sregs *sregs, struct kvm_segment code, struct kvm_segment data)
{
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	/* VM entry demands a busy TSS; nothing uses it. */
	sregs->tr = (struct kvm_segment){ .limit = 0x67, .type = SEGMENT_TSS, .present = 1 };
}

/* Linux boot protocol 2.15, "64-bit boot protocol". */
static void enter_linux64(const struct boot_entry *entry, struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	struct kvm_segment code = flat_segment(BOOT_GDT_CS, SEGMENT_CODE);

	code.db = 0;
	code.l = 1;
	set_segments(sregs, code, flat_segment(BOOT_GDT_DS, SEGMENT_DATA));
	sregs->gdt.base = entry->gdt;
	sregs->gdt.limit = BOOT_GDT_BYTES - 1;
	sregs->cr3 = entry->page_tables;
	sregs->cr4 = CR4_PAE;
	sregs->efer = EFER_LME | EFER_LMA;
	sregs->cr0 = CR0_PE | CR0_ET | CR0_PG;
	regs->rsi = entry->info;
}

/* The same, "32-bit boot protocol": %ebp, %edi and %ebx are 0. */
static void enter_linux32(const struct boot_entry *entry, struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	set_segments(sregs, flat_segment(BOOT_GDT_CS, SEGMENT_CODE), flat_segment(BOOT_GDT_DS, SEGMENT_DATA));
	sregs->gdt.base = entry->gdt;
	sregs->gdt.limit = BOOT_GDT_BYTES - 1;
	sregs->cr0 = CR0_PE | CR0_ET;
	regs->rsi = entry->info;
}

/* Xen's "x86/HVM direct boot ABI": flat 32-bit segments, paging off. */
static void enter_pvh(const struct boot_entry *entry, struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	set_segments(sregs, flat_segment(0x8, SEGMENT_CODE), flat_segment(0x10, SEGMENT_DATA));
	sregs->cr0 = CR0_PE | CR0_ET;
	regs->rbx = entry->info;
}

int vcpu_state_set_entry(struct vcpu *vcpu, const struct boot_entry *entry)
{
	struct kvm_regs regs = { .rip = entry->rip, .rflags = RFLAGS_RESERVED };
	struct kvm_sregs sregs;
	int rc;

	rc = vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs);
	if (rc < 0)
		return rc;
	/* Nothing that the loader in the guest may have set is left. */
	sregs.gdt = sregs.idt = (struct kvm_dtable){ .limit = RESET_TABLE_LIMIT };
	sregs.ldt = (struct kvm_segment){ .limit = RESET_TABLE_LIMIT, .type = SEGMENT_LDT, .present = 1 };
	sregs.cr2 = sregs.cr3 = sregs.cr4 = sregs.efer = 0;
	switch (entry->protocol) {
	case BOOT_LINUX64:
		enter_linux64(entry, &sregs, &regs);
		break;
	case BOOT_LINUX32:
		enter_linux32(entry, &sregs, &regs);
		break;
	case BOOT_PVH:
		enter_pvh(entry, &sregs, &regs);
		break;
	}
	rc = vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs);
	if (rc < 0)
		return rc;
	return vcpu_ioctl(vcpu, KVM_SET_REGS, &regs);
}
