/* Does guest kernel code run natively? Some KVM hosts (paravirtual ones, and Intel CPUs without unrestricted guest in
 * part) emulate privileged guest code instruction by instruction, hundreds of times slower. A VM with nothing but a
 * counting loop in ring 0 tells them apart. */
#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "vmm/base/fd.h"
#include "vmm/core/kvm.h"
#include "vmm/lib/doctor.h"

#define SUBJECT "guest kernels"
#define CODE_GPA 0x1000
#define MEMORY_BYTES 0x2000
/* KVM's own pages on older Intel CPUs, out of the way of the code. */
#define TSS_GPA 0xfffbd000
#define IDENTITY_MAP_GPA UINT64_C(0xfffbc000)

#define LOOP_TURNS 100000
#define LOOP_INSTRUCTIONS (2 * LOOP_TURNS)
#define LOOP_RUNS 3
/* Emulators reach a few million instructions a second, the slowest that translates code some hundred million. */
#define NATIVE_MIN_PER_S 20e6

struct trial {
	struct kvm kvm;
	void *memory;
	int vcpu_fd;
	struct kvm_run *run;
};

static void write_code(void *memory)
{
	static const uint8_t code[] = {
		0xb9,
		(uint8_t)LOOP_TURNS,
		(uint8_t)(LOOP_TURNS >> 8),
		(uint8_t)(LOOP_TURNS >> 16),
		0, /* mov ecx, turns */
		0x49, /* again: dec ecx */
		0x75,
		0xfd, /* jnz again */
		0xf4, /* hlt */
	};

	memcpy((uint8_t *)memory + CODE_GPA, code, sizeof(code));
}

/* Flat 32-bit protected mode in ring 0, without paging. */
static int set_registers(int vcpu_fd)
{
	struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .db = 1, .s = 1, .g = 1
	};
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1
	};
	struct kvm_regs regs = { .rip = CODE_GPA, .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs) < 0)
		return -errno;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 |= 1;
	if (ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) < 0 || ioctl(vcpu_fd, KVM_SET_REGS, &regs) < 0)
		return -errno;
	return 0;
}

static void trial_fini(struct trial *trial)
{
	if (trial->run)
		munmap(trial->run, trial->kvm.vcpu_area_bytes);
	fd_close(&trial->vcpu_fd);
	kvm_close(&trial->kvm);
	if (trial->memory)
		munmap(trial->memory, MEMORY_BYTES);
}

static int trial_init(struct trial *trial)
{
	uint64_t identity_map = IDENTITY_MAP_GPA;
	void *at;
	int rc;

	*trial = (struct trial){ .vcpu_fd = -1 };
	rc = kvm_open(&trial->kvm, NULL, 0);
	if (rc < 0)
		return rc;
	at = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED) {
		rc = -errno;
		goto fini;
	}
	trial->memory = at;
	write_code(trial->memory);
	rc = kvm_memslot_add(&trial->kvm, 0, trial->memory, MEMORY_BYTES, false);
	if (rc < 0)
		goto fini;
	rc = kvm_vm_ioctl(&trial->kvm, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	if (rc == 0)
		rc = kvm_vm_ioctl(&trial->kvm, KVM_SET_TSS_ADDR, (void *)(uintptr_t)TSS_GPA);
	if (rc == 0)
		rc = kvm_vm_ioctl(&trial->kvm, KVM_CREATE_VCPU, NULL);
	if (rc < 0)
		goto fini;
	trial->vcpu_fd = rc;
	at = mmap(NULL, trial->kvm.vcpu_area_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, trial->vcpu_fd, 0);
	if (at == MAP_FAILED) {
		rc = -errno;
		goto fini;
	}
	trial->run = at;
	return 0;

fini:
	trial_fini(trial);
	return rc;
}

/* Runs the loop once; its time in seconds through *seconds. -EIO if it ends otherwise than by its hlt. */
static int time_loop(struct trial *trial, double *seconds)
{
	struct timespec start, end;
	int rc = set_registers(trial->vcpu_fd);

	if (rc < 0)
		return rc;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		rc = ioctl(trial->vcpu_fd, KVM_RUN, 0);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (trial->run->exit_reason != KVM_EXIT_HLT)
		return -EIO;
	*seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) * 1e-9;
	return 0;
}

/* The best of some runs, since the host may be busy with something else. */
static int measure(struct trial *trial, double *per_second)
{
	double best = 0;

	for (int i = 0; i < LOOP_RUNS; i++) {
		double seconds = 0;
		int rc = time_loop(trial, &seconds);

		if (rc < 0)
			return rc;
		if (seconds > 0 && LOOP_INSTRUCTIONS / seconds > best)
			best = LOOP_INSTRUCTIONS / seconds;
	}
	*per_second = best;
	return 0;
}

void doctor_check_native(struct doctor *doctor)
{
	struct trial trial;
	double per_second = 0;
	int rc;

	if (!doctor->can_make_vms) {
		doctor_find(doctor, MOTE_MISSING, SUBJECT, "first make KVM work, see above",
			    "can't be tried without KVM");
		return;
	}
	rc = trial_init(&trial);
	if (rc == 0) {
		rc = measure(&trial, &per_second);
		trial_fini(&trial);
	}
	if (rc < 0)
		doctor_find(doctor, MOTE_MISSING, SUBJECT, "see the kernel's log: dmesg | grep -i kvm",
			    "a counting loop in ring 0 does not run: %s", strerror(-rc));
	else if (per_second < NATIVE_MIN_PER_S)
		doctor_find(doctor, MOTE_DEGRADED, SUBJECT,
			    "this KVM is too slow, and too incomplete, for Linux guests: run them in the lab "
			    "(test/lab/lab.sh in mote's source), or on hardware whose KVM uses VT-x or AMD-V",
			    "emulated, at %.1f million instructions a second", per_second / 1e6);
	else
		doctor_find(doctor, MOTE_OK, SUBJECT, NULL, "run natively, %.0f million instructions a second or more",
			    per_second / 1e6);
}
