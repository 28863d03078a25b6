/* A virtual CPU: its descriptor, its shared area, and the thread that runs it. */
#ifndef VMM_CORE_VCPU_H
#define VMM_CORE_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/bus.h"
#include "vmm/core/coalesced.h"
#include "vmm/core/kvm.h"

struct kvm_run;
struct vcpu;

enum vcpu_verdict {
	VCPU_CONTINUE,
	VCPU_RESET, /* the guest asked for a reset by a triple fault */
	VCPU_FAILED, /* KVM or the guest left a state that can't go on; logged */
};

/* What the machine and the architecture give to all vCPUs; const while any runs. */
struct vcpu_environment {
	const struct kvm *kvm;
	struct bus *bus;
	struct coalesced *coalesced;
	/* Handles the exit described in vcpu->run; vCPU thread. */
	enum vcpu_verdict (*handle_exit)(struct vcpu *vcpu);
	/* The vCPU will not run again for the given reason; its thread ends next. vCPU thread. */
	void (*ended)(void *arg, enum vcpu_verdict verdict);
	void *ended_arg;
};

/* The thread owns fd and run from vcpu_start() until vcpu_stop() returns; before and after, the control thread does. */
struct vcpu {
	const struct vcpu_environment *env;
	unsigned int id;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool started;
	/* What the control thread wants, written under `lock`; the thread reads it before each KVM_RUN. */
	_Atomic bool stop;
	_Atomic bool pause;
	pthread_mutex_t lock;
	pthread_cond_t resumed; /* `stop` was set, or `pause` cleared */
};

/* Creates vCPU `id`. 0 or a negative errno. Control thread. */
__attribute__((warn_unused_result)) int vcpu_open(struct vcpu *vcpu, const struct vcpu_environment *env,
						  unsigned int id);
/* Takes a zeroed vCPU too. */
void vcpu_close(struct vcpu *vcpu);

/* ioctl(2) on the vCPU: its result, or a negative errno. The owner's thread. */
__attribute__((warn_unused_result)) int vcpu_ioctl(const struct vcpu *vcpu, unsigned long request, void *arg);

/* The vCPU whose thread calls, NULL on any other. */
const struct vcpu *vcpu_current(void);

/* Lets KVM finish the instruction that the exit being handled has left half done, so that the registers may be set as
 * if it had never been. 0 or a negative errno. The vCPU's thread, from handle_exit. */
__attribute__((warn_unused_result)) int vcpu_complete_exit(struct vcpu *vcpu);

/* Starts the thread. Once per process, vcpu_init_signal() must have run before. Control thread. */
__attribute__((warn_unused_result)) int vcpu_start(struct vcpu *vcpu);
/* Breaks KVM_RUN and waits for the thread; nothing to do if it never started. Control thread. */
void vcpu_stop(struct vcpu *vcpu);

/* Takes the vCPU out of the guest and keeps it out; it may still be handling an exit when this returns, but does not
 * enter the guest again before vcpu_resume(). vcpu_stop() works on a paused one too. Control thread. */
void vcpu_pause(struct vcpu *vcpu);
void vcpu_resume(struct vcpu *vcpu);

/* Installs the handler of the signal that breaks KVM_RUN. */
__attribute__((warn_unused_result)) int vcpu_init_signal(void);

/* KVM_EXIT_MMIO, the same on every architecture. vCPU thread. */
enum vcpu_verdict vcpu_exit_mmio(struct vcpu *vcpu);

#endif
