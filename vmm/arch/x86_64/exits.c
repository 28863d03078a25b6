#include "vmm/arch/x86_64/exits.h"

#include <inttypes.h>
#include <linux/kvm.h>
#include <string.h>

#include "vmm/base/log.h"

/* Port I/O, possibly a string instruction: `count` values of `size` bytes lie in the shared area. */
static enum vcpu_verdict exit_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	unsigned int size = run->io.size;
	uint64_t value;

	for (uint32_t i = 0; i < run->io.count; i++, data += size) {
		value = 0;
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, data, size);
			bus_write(vcpu->env->bus, BUS_PIO, run->io.port, size, value);
		} else {
			value = bus_read(vcpu->env->bus, BUS_PIO, run->io.port, size);
			memcpy(data, &value, size);
		}
	}
	return VCPU_CONTINUE;
}

static enum vcpu_verdict exit_again(struct vcpu *vcpu)
{
	(void)vcpu;
	return VCPU_CONTINUE;
}

/* A triple fault: what a kernel does to reboot when nothing else worked, or by accident. */
static enum vcpu_verdict exit_shutdown(struct vcpu *vcpu)
{
	struct kvm_regs regs;

	if (vcpu_ioctl(vcpu, KVM_GET_REGS, &regs) == 0)
		log_info("vCPU %u: triple fault at rip 0x%llx", vcpu->id, regs.rip);
	return VCPU_RESET;
}

static void log_state(struct vcpu *vcpu)
{
	struct kvm_regs regs;

	if (vcpu_ioctl(vcpu, KVM_GET_REGS, &regs) == 0)
		log_error("vCPU %u: rip 0x%llx rsp 0x%llx rflags 0x%llx", vcpu->id, regs.rip, regs.rsp, regs.rflags);
}

static enum vcpu_verdict exit_fail_entry(struct vcpu *vcpu)
{
	log_error("vCPU %u: the CPU refused to enter the guest, reason 0x%llx", vcpu->id,
		  vcpu->run->fail_entry.hardware_entry_failure_reason);
	log_state(vcpu);
	return VCPU_FAILED;
}

static enum vcpu_verdict exit_internal_error(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;

	if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
		log_error("vCPU %u: the guest executed an instruction that this host's KVM cannot emulate", vcpu->id);
	else
		log_error("vCPU %u: KVM internal error %u", vcpu->id, run->internal.suberror);
	log_state(vcpu);
	return VCPU_FAILED;
}

static enum vcpu_verdict (*const exit_handlers[])(struct vcpu *) = {
	[KVM_EXIT_IO] = exit_io,
	[KVM_EXIT_MMIO] = vcpu_exit_mmio,
	[KVM_EXIT_INTR] = exit_again,
	[KVM_EXIT_IRQ_WINDOW_OPEN] = exit_again,
	[KVM_EXIT_SHUTDOWN] = exit_shutdown,
	[KVM_EXIT_FAIL_ENTRY] = exit_fail_entry,
	[KVM_EXIT_INTERNAL_ERROR] = exit_internal_error,
};

enum vcpu_verdict arch_handle_exit(struct vcpu *vcpu)
{
	uint32_t reason = vcpu->run->exit_reason;

	if (reason < sizeof(exit_handlers) / sizeof(exit_handlers[0]) && exit_handlers[reason])
		return exit_handlers[reason](vcpu);
	log_error("vCPU %u: KVM exit reason %" PRIu32 " is not one that mote asked for", vcpu->id, reason);
	log_state(vcpu);
	return VCPU_FAILED;
}
