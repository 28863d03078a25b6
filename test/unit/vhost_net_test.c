/* What is asked of the kernel's vhost-net: ioctl(2) is the test's own. */
#include "virtio/backend/vhost_net.h"

#include <errno.h>
#include <linux/vhost.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

#include "test/unit/unit.h"
#include "test/unit/virtio_driver.h"

#define F_MRG_RXBUF (UINT64_C(1) << 15)
#define F_EVENT_IDX (UINT64_C(1) << 29)
#define F_VERSION_1 (UINT64_C(1) << 32)
#define NO_TAP (-1)
#define SIZE 64
#define TAP 77

static uint64_t known, chosen;
static struct vhost_vring_addr addr[2];
static unsigned int num[2], base[2];
static int kick[2], call[2], error[2], backend[2];
static struct vhost_memory_region regions[4];
static unsigned int nr_regions;
static unsigned int nr_calls, fail_at; /* the call of this number fails; 0: none */
static struct guest_memory memory;

static const struct vhost_net_ring rings[2] = {
	{ SIZE, 0x10000, 0x11000, 0x12000, 11, 12, 13 },
	{ SIZE / 2, 0x100004000, 0x100005000, 0x100006000, 21, 22, -1 },
};

int ioctl(int fd, unsigned long number, ...)
{
	const struct vhost_vring_state *state;
	const struct vhost_vring_file *file;
	const struct vhost_memory *table;
	va_list args;
	void *arg;

	(void)fd;
	va_start(args, number);
	arg = va_arg(args, void *);
	va_end(args);
	if (++nr_calls == fail_at) {
		errno = EBADFD;
		return -1;
	}
	state = arg;
	file = arg;
	table = arg;
	switch (number) {
	case VHOST_SET_OWNER:
		break;
	case VHOST_GET_FEATURES:
		memcpy(arg, &known, sizeof(known));
		break;
	case VHOST_SET_FEATURES:
		memcpy(&chosen, arg, sizeof(chosen));
		break;
	case VHOST_SET_MEM_TABLE:
		nr_regions = table->nregions;
		memcpy(regions, table + 1, nr_regions * sizeof(regions[0]));
		break;
	case VHOST_SET_VRING_NUM:
		num[state->index] = state->num;
		break;
	case VHOST_SET_VRING_BASE:
		base[state->index] = state->num;
		break;
	case VHOST_SET_VRING_ADDR:
		memcpy(&addr[state->index], arg, sizeof(addr[0]));
		break;
	case VHOST_SET_VRING_KICK:
		kick[file->index] = file->fd;
		break;
	case VHOST_SET_VRING_CALL:
		call[file->index] = file->fd;
		break;
	case VHOST_SET_VRING_ERR:
		error[file->index] = file->fd;
		break;
	case VHOST_NET_SET_BACKEND:
		backend[file->index] = file->fd;
		break;
	default:
		ck_abort_msg("ioctl %#lx", number);
	}
	return 0;
}

static void setup(void)
{
	const struct guest_region wanted[] = { { .base = 0, .size_bytes = 1 << 20 },
					       { .base = 0x100000000, .size_bytes = 1 << 20 } };

	driver_memory_init(&memory, wanted, 2);
	known = F_MRG_RXBUF | F_VERSION_1 | UINT64_C(1) << 27 | UINT64_C(1) << 33;
	nr_calls = 0;
	fail_at = 0;
	backend[0] = backend[1] = NO_TAP;
	base[0] = base[1] = 99;
}

static void teardown(void)
{
	driver_memory_fini(&memory);
}

START_TEST(the_kernel_gets_what_the_driver_has_set_up)
{
	struct vhost_net *vhost;

	ck_assert_int_eq(vhost_net_open("/dev/null", &vhost), 0);
	ck_assert_uint_eq(vhost_net_features(vhost), known);
	ck_assert(!vhost_net_is_running(vhost));
	ck_assert_int_eq(vhost_net_start(vhost, &memory, F_MRG_RXBUF | F_EVENT_IDX | F_VERSION_1 | 1, rings, TAP), 0);
	ck_assert(vhost_net_is_running(vhost));
	/* Neither what the kernel has not, nor what is not its concern. */
	ck_assert_uint_eq(chosen, F_MRG_RXBUF | F_VERSION_1);
	ck_assert_uint_eq(nr_regions, 2);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert_uint_eq(regions[i].guest_phys_addr, memory.regions[i].base);
		ck_assert_uint_eq(regions[i].memory_size, memory.regions[i].size_bytes);
		ck_assert_uint_eq(regions[i].userspace_addr, (uintptr_t)memory.regions[i].host);
		ck_assert_uint_eq(num[i], rings[i].size);
		ck_assert_uint_eq(base[i], 0);
		ck_assert_uint_eq(addr[i].desc_user_addr, (uintptr_t)guest_memory_at(&memory, rings[i].desc, 1));
		ck_assert_uint_eq(addr[i].avail_user_addr, (uintptr_t)guest_memory_at(&memory, rings[i].avail, 1));
		ck_assert_uint_eq(addr[i].used_user_addr, (uintptr_t)guest_memory_at(&memory, rings[i].used, 1));
		ck_assert_int_eq(kick[i], rings[i].kick_fd);
		ck_assert_int_eq(call[i], rings[i].call_fd);
		ck_assert_int_eq(error[i], rings[i].error_fd);
		ck_assert_int_eq(backend[i], TAP);
	}
	ck_assert_int_eq(vhost_net_set_tap(vhost, TAP + 1), 0);
	ck_assert_int_eq(backend[0], TAP + 1);
	vhost_net_stop(vhost);
	ck_assert_int_eq(backend[0], NO_TAP);
	ck_assert_int_eq(backend[1], NO_TAP);
	nr_calls = 0;
	vhost_net_stop(vhost);
	ck_assert_uint_eq(nr_calls, 0);
	vhost_net_close(vhost);
}
END_TEST

START_TEST(a_ring_outside_memory_reaches_no_kernel)
{
	struct vhost_net *vhost;

	ck_assert_int_eq(vhost_net_open("/dev/null", &vhost), 0);
	for (unsigned int i = 0; i < 6; i++) {
		struct vhost_net_ring bad[2] = { rings[0], rings[1] };
		gpa_t *which[] = { &bad[i / 3].desc, &bad[i / 3].avail, &bad[i / 3].used };

		*which[i % 3] = (1 << 20) - 16;
		nr_calls = 0;
		ck_assert_int_eq(vhost_net_start(vhost, &memory, F_VERSION_1, bad, TAP), -EFAULT);
		ck_assert_uint_eq(nr_calls, 0);
	}
	vhost_net_close(vhost);
}
END_TEST

START_TEST(whatever_the_kernel_refuses_nothing_runs)
{
	struct vhost_net *vhost;
	unsigned int nr_steps;

	ck_assert_int_eq(vhost_net_open("/dev/null", &vhost), 0);
	nr_calls = 0;
	ck_assert_int_eq(vhost_net_start(vhost, &memory, F_VERSION_1, rings, TAP), 0);
	nr_steps = nr_calls;
	vhost_net_stop(vhost);
	for (unsigned int i = 1; i <= nr_steps; i++) {
		nr_calls = 0;
		fail_at = i;
		ck_assert_int_eq(vhost_net_start(vhost, &memory, F_VERSION_1, rings, TAP), -EBADFD);
		ck_assert(!vhost_net_is_running(vhost));
		ck_assert_int_eq(backend[0], NO_TAP);
	}
	vhost_net_close(vhost);
	for (unsigned int i = 1; i <= 2; i++) {
		nr_calls = 0;
		fail_at = i;
		ck_assert_int_eq(vhost_net_open("/dev/null", &vhost), -EBADFD);
	}
	ck_assert_int_eq(vhost_net_open("/dev/null/there-is-none", &vhost), -ENOTDIR);
}
END_TEST

static Suite *vhost_suite(void)
{
	Suite *suite = suite_create("vhost net");
	TCase *tc = tcase_create("requests");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_kernel_gets_what_the_driver_has_set_up);
	tcase_add_test(tc, a_ring_outside_memory_reaches_no_kernel);
	tcase_add_test(tc, whatever_the_kernel_refuses_nothing_runs);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(vhost_suite());
}
