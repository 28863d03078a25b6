#include "vmm/core/vcpu.h"

#include <errno.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/base/thread.h"

/* Between two signals to a vCPU that has not yet noticed that it should stop. */
#define STOP_RETRY_NS 1000000

int vcpu_open(struct vcpu *vcpu, const struct vcpu_environment *env, unsigned int id)
{
	int rc;

	*vcpu = (struct vcpu){ .env = env, .id = id, .fd = -1 };
	pthread_mutex_init(&vcpu->lock, NULL);
	pthread_cond_init(&vcpu->resumed, NULL);
	rc = kvm_vm_ioctl(env->kvm, KVM_CREATE_VCPU, (void *)(uintptr_t)id);
	if (rc < 0) {
		log_error("KVM refused to create vCPU %u: %s", id, strerror(-rc));
		vcpu_close(vcpu);
		return rc;
	}
	vcpu->fd = rc;
	vcpu->run = mmap(NULL, env->kvm->vcpu_area_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		rc = -errno;
		vcpu->run = NULL;
		vcpu_close(vcpu);
		return rc;
	}
	return 0;
}

void vcpu_close(struct vcpu *vcpu)
{
	if (!vcpu->env)
		return;
	if (vcpu->run)
		munmap(vcpu->run, vcpu->env->kvm->vcpu_area_bytes);
	vcpu->run = NULL;
	fd_close(&vcpu->fd);
	pthread_cond_destroy(&vcpu->resumed);
	pthread_mutex_destroy(&vcpu->lock);
	vcpu->env = NULL;
}

int vcpu_ioctl(const struct vcpu *vcpu, unsigned long request, void *arg)
{
	int rc = ioctl(vcpu->fd, request, arg);

	return rc < 0 ? -errno : rc;
}

enum vcpu_verdict vcpu_exit_mmio(struct vcpu *vcpu)
{
	struct bus *bus = vcpu->env->bus;
	uint8_t *data = vcpu->run->mmio.data;
	unsigned int size = vcpu->run->mmio.len;
	uint64_t value = 0;

	if (size > sizeof(value))
		size = sizeof(value);
	if (vcpu->run->mmio.is_write) {
		memcpy(&value, data, size);
		bus_write(bus, BUS_MMIO, vcpu->run->mmio.phys_addr, size, value);
	} else {
		value = bus_read(bus, BUS_MMIO, vcpu->run->mmio.phys_addr, size);
		memcpy(data, &value, size);
	}
	return VCPU_CONTINUE;
}

/* Waits until the vCPU may run again, or is to stop. */
static void wait_paused(struct vcpu *vcpu)
{
	/* Tells the guest's watchdogs that it was not the guest who stood still. Guests without kvm-clock have none. */
	(void)!vcpu_ioctl(vcpu, KVM_KVMCLOCK_CTRL, NULL);
	pthread_mutex_lock(&vcpu->lock);
	while (vcpu->pause && !vcpu->stop)
		pthread_cond_wait(&vcpu->resumed, &vcpu->lock);
	pthread_mutex_unlock(&vcpu->lock);
}

static _Thread_local const struct vcpu *current;

const struct vcpu *vcpu_current(void)
{
	return current;
}

int vcpu_complete_exit(struct vcpu *vcpu)
{
	bool wanted_out;
	int rc;

	/* With immediate_exit set, KVM_RUN completes what is pending and returns before it enters the guest. */
	pthread_mutex_lock(&vcpu->lock);
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELEASE);
	rc = vcpu_ioctl(vcpu, KVM_RUN, NULL);
	wanted_out = vcpu->stop || vcpu->pause;
	__atomic_store_n(&vcpu->run->immediate_exit, wanted_out, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&vcpu->lock);
	if (rc == -EINTR)
		return 0;
	return rc < 0 ? rc : -EIO;
}

static void *run_vcpu(void *arg)
{
	struct vcpu *vcpu = arg;
	enum vcpu_verdict verdict = VCPU_CONTINUE;

	current = vcpu;
	while (verdict == VCPU_CONTINUE && !atomic_load_explicit(&vcpu->stop, memory_order_acquire)) {
		int rc;

		if (atomic_load_explicit(&vcpu->pause, memory_order_acquire)) {
			wait_paused(vcpu);
			continue;
		}
		rc = vcpu_ioctl(vcpu, KVM_RUN, NULL);
		if (rc == -EINTR || rc == -EAGAIN)
			continue;
		if (rc < 0) {
			log_error("vCPU %u cannot run: %s", vcpu->id, strerror(-rc));
			verdict = VCPU_FAILED;
			break;
		}
		coalesced_drain(vcpu->env->coalesced, vcpu->env->bus);
		verdict = vcpu->env->handle_exit(vcpu);
	}
	if (verdict != VCPU_CONTINUE)
		vcpu->env->ended(vcpu->env->ended_arg, verdict);
	return NULL;
}

int vcpu_start(struct vcpu *vcpu)
{
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "vcpu%u", vcpu->id);
	rc = thread_start(&vcpu->thread, name, run_vcpu, vcpu);
	vcpu->started = rc == 0;
	return rc;
}

/* Sets `stop` or `pause`. */
static void demand(struct vcpu *vcpu, _Atomic bool *what)
{
	pthread_mutex_lock(&vcpu->lock);
	atomic_store_explicit(what, true, memory_order_release);
	/* Covers the gap between the thread's look at them and its entry into the guest: KVM_RUN returns at once. */
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_RELEASE);
	pthread_cond_signal(&vcpu->resumed);
	pthread_mutex_unlock(&vcpu->lock);
}

void vcpu_pause(struct vcpu *vcpu)
{
	if (!vcpu->started)
		return;
	demand(vcpu, &vcpu->pause);
	pthread_kill(vcpu->thread, THREAD_KICK_SIGNAL);
}

void vcpu_resume(struct vcpu *vcpu)
{
	if (!vcpu->started)
		return;
	pthread_mutex_lock(&vcpu->lock);
	atomic_store_explicit(&vcpu->pause, false, memory_order_release);
	/* By us and not by the thread, which may not have seen the pause at all. */
	if (!vcpu->stop)
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_RELEASE);
	pthread_cond_signal(&vcpu->resumed);
	pthread_mutex_unlock(&vcpu->lock);
}

void vcpu_stop(struct vcpu *vcpu)
{
	struct timespec deadline;

	if (!vcpu->started)
		return;
	demand(vcpu, &vcpu->stop);
	/* The signal also breaks a device's blocking system call; one may begin after it, hence the retries. */
	do {
		pthread_kill(vcpu->thread, THREAD_KICK_SIGNAL);
		clock_gettime(CLOCK_REALTIME, &deadline);
		deadline.tv_nsec += STOP_RETRY_NS;
		if (deadline.tv_nsec >= 1000000000) {
			deadline.tv_nsec -= 1000000000;
			deadline.tv_sec++;
		}
	} while (pthread_timedjoin_np(vcpu->thread, NULL, &deadline) == ETIMEDOUT);
	vcpu->started = false;
}

static void ignore_signal(int signal)
{
	(void)signal;
}

int vcpu_init_signal(void)
{
	struct sigaction action = { .sa_handler = ignore_signal };

	/* Without SA_RESTART, so that it breaks system calls. */
	return sigaction(THREAD_KICK_SIGNAL, &action, NULL) < 0 ? -errno : 0;
}
