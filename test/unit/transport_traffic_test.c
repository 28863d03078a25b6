#include "test/unit/transport_support.h"

#include <errno.h>
#include <pthread.h>

#include "test/unit/unit.h"
#include "vmm/base/fd.h"

START_TEST(a_queue_interrupts_by_its_own_vector)
{
	msix_control(PCI_MSIX_FLAGS_ENABLE);
	open_vector(1, 0x41);
	open_vector(2, 0x42);
	start();
	virtio_notify_queue(&fake.device, 2);
	ck_assert_uint_eq(stub_kvm_last_msi().data, 0x42);
	virtio_notify_queue(&fake.device, 0);
	ck_assert_uint_eq(stub_kvm_last_msi().data, 0x41);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 2);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 0); /* the ISR status is for others */
}
END_TEST

START_TEST(without_msix_the_isr_status_tells_and_reading_clears_it)
{
	start();
	virtio_notify_queue(&fake.device, 0);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 1);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 0);
	virtio_notify_config(&fake.device);
	virtio_notify_queue(&fake.device, 0);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 3);
	ck_assert_uint_eq(stub_kvm_nr_msis(), 0);
	virtio_notify_queue(&fake.device, 0);
	set_status(0);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 0);
}
END_TEST

START_TEST(a_changed_configuration_shows_with_a_new_generation_and_an_interrupt)
{
	uint64_t generation;

	msix_control(PCI_MSIX_FLAGS_ENABLE);
	open_vector(0, 0x40);
	start();
	put(VIRTIO_PCI_COMMON_MSIX, 2, 0);
	generation = get(VIRTIO_PCI_COMMON_CFGGENERATION, 1);
	for (unsigned int i = 0; i < sizeof(fake.config); i++) {
		ck_assert_uint_eq(get(0x100 + i, 1), 0xa0 + i);
		fake.config[i] = (uint8_t)i;
	}
	virtio_notify_config(&fake.device);
	for (unsigned int i = 0; i < sizeof(fake.config); i++)
		ck_assert_uint_eq(get(0x100 + i, 1), i);
	ck_assert_uint_ne(get(VIRTIO_PCI_COMMON_CFGGENERATION, 1), generation);
	ck_assert_uint_eq(stub_kvm_last_msi().data, 0x40);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1) & 2, 2);
}
END_TEST

START_TEST(before_driver_ok_a_changed_configuration_interrupts_nobody)
{
	virtio_notify_config(&fake.device);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 0);
}
END_TEST

START_TEST(device_configuration_writes_are_bounded_by_its_size)
{
	put(0x100 + 4, 4, 0x11223344);
	ck_assert_uint_eq(fake.written_offset, 4);
	ck_assert_uint_eq(fake.written_size, 4);
	ck_assert_uint_eq(get(0x104, 4), 0x11223344);
	put(0x100 + 18, 4, UINT32_MAX);
	put(0x100 + 20, 1, 0xff);
	put(0xff, 4, UINT32_MAX);
	ck_assert_uint_eq(fake.written_offset, 4);
	ck_assert_uint_eq(get(0x114, 4), 0);
}
END_TEST

#define MANY_KICKS 100

/* How often the guest left for the kicks; all of them arrived. */
static unsigned int kick_often(gpa_t doorbell, unsigned int queue)
{
	unsigned int exits = stub_kvm_nr_exits();

	for (unsigned int i = 0; i < MANY_KICKS; i++) {
		guest_store(&bus, doorbell + 4 * queue, 2, queue);
		ck_assert(fd_eventfd_take(fake.queues[queue].kick_fd));
	}
	return stub_kvm_nr_exits() - exits;
}

START_TEST(kicks_stop_exiting_when_there_are_many)
{
	start();
	guest_store(&bus, notify + 2 * 4, 2, 2);
	ck_assert(fd_eventfd_take(fake.queues[2].kick_fd));
	ck_assert(!fd_eventfd_take(fake.queues[0].kick_fd));
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 0);
	ck_assert_uint_lt(kick_often(notify, 2), MANY_KICKS);
	ck_assert_uint_eq(kick_often(notify, 2), 0);
	ck_assert(stub_kvm_has_ioevent(notify + 8));
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 1);
}
END_TEST

START_TEST(kicks_follow_the_bar)
{
	gpa_t elsewhere = WINDOW + 0x1000000;

	start();
	(void)kick_often(notify, 2);
	guest_store(&bus, CONFIG + PCI_BASE_ADDRESS_2, 4, elsewhere);
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 0);
	(void)kick_often(elsewhere, 0);
	(void)kick_often(elsewhere, 2);
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 2);
	ck_assert(stub_kvm_has_ioevent(elsewhere));
	ck_assert(stub_kvm_has_ioevent(elsewhere + 8));
	guest_store(&bus, notify + 8, 2, 2);
	ck_assert(!fd_eventfd_take(fake.queues[2].kick_fd));
	guest_store(&bus, CONFIG + PCI_COMMAND, 2, 0);
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 0);
}
END_TEST

START_TEST(a_kick_arrives_by_exit_where_ioeventfd_is_refused)
{
	stub_kvm_ioevent_error = -ENOSPC;
	start();
	ck_assert_uint_eq(kick_often(notify, 2), MANY_KICKS);
	guest_store(&bus, notify + 4, 2, 1); /* not enabled */
	guest_store(&bus, notify + 12, 2, 3); /* not there */
	guest_store(&bus, notify + 10, 2, 2);
	guest_store(&bus, notify + 0xffc, 4, 2);
	ck_assert(!fd_eventfd_take(fake.queues[2].kick_fd));
	ck_assert(!fd_eventfd_take(fake.queues[0].kick_fd));
}
END_TEST

START_TEST(a_restarted_device_uses_no_more_kicks_than_before)
{
	for (unsigned int i = 0; i < 100; i++) {
		start();
		(void)kick_often(notify, 0);
		(void)kick_often(notify, 2);
	}
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 2);
	ck_assert_uint_eq(fake.nr_activations, 100);
}
END_TEST

START_TEST(a_device_that_cannot_start_needs_a_reset)
{
	fake.activate_result = -EFAULT;
	negotiate(fake.device.features);
	set_status(RUNNING);
	ck_assert_uint_eq(status(), RUNNING | VIRTIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 2);
	set_status(RUNNING);
	ck_assert_uint_eq(fake.nr_activations, 1);
	fake.activate_result = 0;
	start();
}
END_TEST

START_TEST(a_broken_ring_asks_for_a_reset_and_interrupts_a_running_driver)
{
	virtio_needs_reset(&fake.device);
	ck_assert_uint_eq(status(), VIRTIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 0);
	start();
	virtio_needs_reset(&fake.device);
	ck_assert_uint_eq(status(), RUNNING | VIRTIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 2);
}
END_TEST

static void window(uint8_t bar, uint32_t offset, uint32_t length)
{
	gpa_t at = CONFIG + find_capability(PCI_CAP_ID_VNDR, VIRTIO_PCI_CAP_PCI_CFG);

	guest_store(&bus, at + VIRTIO_PCI_CAP_BAR, 1, bar);
	guest_store(&bus, at + VIRTIO_PCI_CAP_OFFSET, 4, offset);
	guest_store(&bus, at + VIRTIO_PCI_CAP_LENGTH, 4, length);
}

static gpa_t window_data(void)
{
	return CONFIG + find_capability(PCI_CAP_ID_VNDR, VIRTIO_PCI_CAP_PCI_CFG) + sizeof(struct virtio_pci_cap);
}

START_TEST(firmware_without_bars_drives_the_device_by_configuration_space)
{
	guest_store(&bus, CONFIG + PCI_COMMAND, 2, 0);
	window(0, VIRTIO_PCI_COMMON_NUMQ, 2);
	ck_assert_uint_eq(guest_load(&bus, window_data(), 4), NR_QUEUES);
	window(0, VIRTIO_PCI_COMMON_STATUS, 1);
	guest_store(&bus, window_data(), 1, VIRTIO_STATUS_ACKNOWLEDGE);
	ck_assert_uint_eq(guest_load(&bus, window_data(), 1), VIRTIO_STATUS_ACKNOWLEDGE);
	window(0, VIRTIO_PCI_COMMON_Q_DESCLO, 4);
	guest_store(&bus, window_data(), 4, 0x12345000);
	window(0, VIRTIO_PCI_COMMON_Q_ENABLE, 2);
	guest_store(&bus, window_data(), 2, 1);
	ck_assert_uint_eq(guest_load(&bus, window_data(), 2), 1);
	window(0, VIRTIO_PCI_COMMON_Q_DESCLO, 4);
	ck_assert_uint_eq(guest_load(&bus, window_data(), 4), 0x12345000);
	window(0, 0x100, 4);
	ck_assert_uint_eq(guest_load(&bus, window_data(), 4), 0xa3a2a1a0);
	window(2, 0, 4);
	guest_store(&bus, window_data(), 4, 0);
	guest_store(&bus, CONFIG + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	accept_features(fake.device.features);
	set_status(RUNNING);
	ck_assert(fd_eventfd_take(fake.queues[0].kick_fd));
}
END_TEST

START_TEST(a_senseless_window_does_nothing)
{
	static const struct {
		uint8_t bar;
		uint32_t offset, length;
	} bad[] = {
		{ 1, 0x14, 1 },	  { 6, 0x14, 1 },	   { 255, 0x14, 1 },	 { 0, 0x14, 0 },   { 0, 0x14, 3 },
		{ 0, 0x10, 8 },	  { 0, 0x14, UINT32_MAX }, { 0, 0x15, 4 },	 { 0, 0x1000, 1 }, { 0, UINT32_MAX, 1 },
		{ 2, 0x1000, 4 }, { 0, 0xfffffffc, 4 },	   { 2, 0x80000000, 2 },
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		window(bad[i].bar, bad[i].offset, bad[i].length);
		guest_store(&bus, window_data(), 4, UINT32_MAX);
		guest_store(&bus, window_data(), 1, 1);
		ck_assert_uint_eq(guest_load(&bus, window_data(), 4), 0xffffff01); /* not filled */
		ck_assert_uint_eq(status(), 0);
	}
}
END_TEST

static uint32_t random_state;

static uint32_t random_u32(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8 | random_state << 24;
}

START_TEST(random_writes_to_every_register_harm_nothing_and_a_reset_heals)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	static const uint64_t values[] = { 0, 1, 0xff, 0xffff, UINT32_MAX, UINT64_MAX };

	random_state = (uint32_t)_i + 1;
	for (unsigned int i = 0; i < 30000; i++) {
		unsigned int size = sizes[random_u32() % 4];
		uint64_t value = random_u32() % 2 ? values[random_u32() % 6] : random_u32();
		unsigned int offset = random_u32() % 4096;

		switch (random_u32() % 8) {
		case 0:
			guest_store(&bus, CONFIG + offset % 256, size, value);
			break;
		case 1:
			guest_store(&bus, notify + offset, size, value);
			break;
		case 2:
			guest_load(&bus, notify + offset, size);
			break;
		case 3:
			virtio_notify_queue(&fake.device, random_u32() % NR_QUEUES);
			virtio_notify_config(&fake.device);
			break;
		case 4:
			put(offset % 0x40, size, value);
			break;
		case 5:
			put(0x800 + offset % 0x60, size, value);
			break;
		default:
			put(offset, size, value);
			break;
		}
	}
	/* A driver that starts afresh, from the BARs up, finds a device that works. */
	guest_store(&bus, CONFIG + PCI_COMMAND, 2, 0);
	guest_store(&bus, CONFIG + PCI_BASE_ADDRESS_0, 4, registers);
	guest_store(&bus, CONFIG + PCI_BASE_ADDRESS_2, 4, notify);
	guest_store(&bus, CONFIG + PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	start();
	guest_store(&bus, notify + 8, 2, 2);
	ck_assert(fd_eventfd_take(fake.queues[2].kick_fd));
	msix_control(PCI_MSIX_FLAGS_ENABLE);
	open_vector(2, 0x42);
	virtio_notify_queue(&fake.device, 2);
	ck_assert_uint_eq(stub_kvm_last_msi().data, 0x42);
}
END_TEST

/* The device's own thread, while the guest resets it over and over. */
static void *call_up(void *arg)
{
	_Atomic bool *stop = arg;

	while (!*stop) {
		virtio_notify_queue(&fake.device, 0);
		virtio_notify_config(&fake.device);
		virtio_needs_reset(&fake.device);
	}
	return NULL;
}

START_TEST(calls_up_from_another_thread_never_wait_for_calls_down)
{
	_Atomic bool stop = false;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, call_up, &stop), 0);
	for (unsigned int i = 0; i < 2000; i++) {
		negotiate(fake.device.features);
		set_status(0);
	}
	stop = true;
	pthread_join(thread, NULL);
	set_status(0);
	ck_assert_uint_eq(status(), 0);
	start();
}
END_TEST

static void *call_up_once(void *arg)
{
	(void)arg;
	virtio_notify_queue(&fake.device, 0);
	virtio_notify_config(&fake.device);
	virtio_needs_reset(&fake.device);
	return NULL;
}

static void wait_for_calls_up(void)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, call_up_once, NULL), 0);
	pthread_join(thread, NULL);
}

START_TEST(a_reset_may_wait_for_a_thread_that_calls_up)
{
	start();
	fake.in_reset = wait_for_calls_up;
	set_status(0);
	ck_assert_uint_eq(status(), 0);
	ck_assert_uint_eq(guest_load(&bus, notify + 0x800, 1), 0);
	fake.in_reset = NULL;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transport_traffic");
	TCase *tc = tcase_create("pci");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_queue_interrupts_by_its_own_vector);
	tcase_add_test(tc, without_msix_the_isr_status_tells_and_reading_clears_it);
	tcase_add_test(tc, a_changed_configuration_shows_with_a_new_generation_and_an_interrupt);
	tcase_add_test(tc, before_driver_ok_a_changed_configuration_interrupts_nobody);
	tcase_add_test(tc, device_configuration_writes_are_bounded_by_its_size);
	tcase_add_test(tc, kicks_stop_exiting_when_there_are_many);
	tcase_add_test(tc, kicks_follow_the_bar);
	tcase_add_test(tc, a_kick_arrives_by_exit_where_ioeventfd_is_refused);
	tcase_add_test(tc, a_restarted_device_uses_no_more_kicks_than_before);
	tcase_add_test(tc, a_device_that_cannot_start_needs_a_reset);
	tcase_add_test(tc, a_broken_ring_asks_for_a_reset_and_interrupts_a_running_driver);
	tcase_add_test(tc, firmware_without_bars_drives_the_device_by_configuration_space);
	tcase_add_test(tc, a_senseless_window_does_nothing);
	tcase_add_loop_test(tc, random_writes_to_every_register_harm_nothing_and_a_reset_heals, 0, 8);
	tcase_add_test(tc, calls_up_from_another_thread_never_wait_for_calls_down);
	tcase_add_test(tc, a_reset_may_wait_for_a_thread_that_calls_up);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
