/* vmm/core/vcpu: pause, resume and stop, with a guest that only waits to be interrupted. */
#include "vmm/core/vcpu.h"

#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/unit/unit.h"

#define AREA_BYTES 4096

static struct kvm kvm = { .dev_fd = -1, .vm_fd = -1, .vcpu_area_bytes = AREA_BYTES };
static struct bus bus;
static struct coalesced coalesced;
static struct vcpu vcpu;
static _Atomic unsigned int nr_runs; /* KVM_RUN was entered */
static _Atomic unsigned int nr_clock_ctrls;
static _Atomic bool in_guest;
static _Atomic bool is_breaking; /* the guest exits by itself all the time */

/* The guest: until a signal comes, or none is needed. */
static int run_guest(void)
{
	nr_runs++;
	if (__atomic_load_n(&vcpu.run->immediate_exit, __ATOMIC_ACQUIRE)) {
		errno = EINTR;
		return -1;
	}
	in_guest = true;
	while (!is_breaking && !__atomic_load_n(&vcpu.run->immediate_exit, __ATOMIC_ACQUIRE) && poll(NULL, 0, 1) == 0)
		;
	in_guest = false;
	if (is_breaking)
		return 0;
	errno = EINTR;
	return -1;
}

/* In place of the C library's: KVM's descriptors are not real here. */
int ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	switch (request) {
	case KVM_CREATE_VCPU: {
		int area = memfd_create("vcpu", MFD_CLOEXEC);

		return area >= 0 && ftruncate(area, AREA_BYTES) == 0 ? area : -1;
	}
	case KVM_RUN:
		return run_guest();
	case KVM_KVMCLOCK_CTRL:
		nr_clock_ctrls++;
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

static _Atomic bool is_completing; /* each exit is completed before the next entry */
static _Atomic unsigned int nr_completed;
static _Atomic unsigned int nr_wrong;

/* Counts rather than asserts: Check listens to the main thread. */
static enum vcpu_verdict handle_exit(struct vcpu *exited)
{
	nr_wrong += exited != &vcpu || vcpu_current() != &vcpu;
	if (is_completing) {
		nr_wrong += vcpu_complete_exit(exited) != 0;
		nr_completed++;
	}
	return VCPU_CONTINUE;
}

static void ended(void *arg, enum vcpu_verdict verdict)
{
	(void)arg;
	ck_assert_msg(false, "ended with %d", (int)verdict);
}

static const struct vcpu_environment env = {
	.kvm = &kvm, .bus = &bus, .coalesced = &coalesced, .handle_exit = handle_exit, .ended = ended
};

static void wait_for(const _Atomic bool *what, bool wanted)
{
	while (*what != wanted)
		poll(NULL, 0, 1);
}

static void wait_for_runs(unsigned int more)
{
	unsigned int wanted = nr_runs + more;

	while (nr_runs < wanted)
		poll(NULL, 0, 1);
}

static void setup(void)
{
	ck_assert_int_eq(vcpu_init_signal(), 0);
	ck_assert_int_eq(vcpu_open(&vcpu, &env, 0), 0);
	ck_assert_int_eq(vcpu_start(&vcpu), 0);
}

static void teardown(void)
{
	vcpu_stop(&vcpu);
	ck_assert(!in_guest);
	vcpu_close(&vcpu);
	vcpu_close(&vcpu);
}

static void wait_until_parked(unsigned int nr_pauses)
{
	while (nr_clock_ctrls < nr_pauses)
		poll(NULL, 0, 1);
}

START_TEST(a_paused_vcpu_is_out_of_the_guest_until_it_is_resumed)
{
	unsigned int before;

	wait_for(&in_guest, true);
	vcpu_pause(&vcpu);
	wait_until_parked(1);
	ck_assert(!in_guest);
	before = nr_runs;
	poll(NULL, 0, 20);
	ck_assert_uint_eq(nr_runs, before);
	vcpu_resume(&vcpu);
	wait_for(&in_guest, true);
}
END_TEST

START_TEST(a_busy_vcpu_is_paused_too)
{
	unsigned int before;

	is_breaking = true;
	wait_for_runs(10);
	vcpu_pause(&vcpu);
	wait_until_parked(1);
	before = nr_runs;
	poll(NULL, 0, 20);
	ck_assert_uint_eq(nr_runs, before);
	vcpu_resume(&vcpu);
	wait_for_runs(10);
	is_breaking = false;
}
END_TEST

/* A resume may come before the thread has noticed the pause: it must not be left spinning outside the guest. */
START_TEST(quick_changes_end_in_the_last_state)
{
	for (unsigned int i = 0; i < 2000; i++) {
		vcpu_pause(&vcpu);
		if (i % 7 == 0)
			poll(NULL, 0, 1);
		vcpu_resume(&vcpu);
		if (i % 5 == 0)
			poll(NULL, 0, 1);
	}
	wait_for(&in_guest, true);
	ck_assert(!vcpu.run->immediate_exit);
}
END_TEST

START_TEST(an_exit_can_be_completed_without_entering_the_guest)
{
	unsigned int before;

	ck_assert_ptr_null(vcpu_current());
	is_completing = true;
	is_breaking = true;
	/* A pause that comes meanwhile is not lost. */
	for (unsigned int i = 1; i <= 20; i++) {
		before = nr_completed;
		while (nr_completed < before + 3)
			poll(NULL, 0, 1);
		vcpu_pause(&vcpu);
		wait_until_parked(i);
		vcpu_resume(&vcpu);
	}
	is_completing = is_breaking = false;
	wait_for(&in_guest, true);
	ck_assert_uint_eq(nr_wrong, 0);
}
END_TEST

START_TEST(a_paused_vcpu_can_be_stopped)
{
	vcpu_pause(&vcpu);
	wait_until_parked(1);
}
END_TEST

START_TEST(a_vcpu_that_never_started_takes_it_all)
{
	struct vcpu idle;

	ck_assert_int_eq(vcpu_open(&idle, &env, 1), 0);
	vcpu_pause(&idle);
	vcpu_resume(&idle);
	vcpu_stop(&idle);
	vcpu_close(&idle);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("core/vcpu");
	TCase *tcase = tcase_create("vcpu");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_paused_vcpu_is_out_of_the_guest_until_it_is_resumed);
	tcase_add_test(tcase, a_busy_vcpu_is_paused_too);
	tcase_add_test(tcase, quick_changes_end_in_the_last_state);
	tcase_add_test(tcase, an_exit_can_be_completed_without_entering_the_guest);
	tcase_add_test(tcase, a_paused_vcpu_can_be_stopped);
	tcase_add_test(tcase, a_vcpu_that_never_started_takes_it_all);
	suite_add_tcase(suite, tcase);
	return unit_main(suite);
}
