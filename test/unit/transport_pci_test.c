#include "test/unit/transport_support.h"

#include <errno.h>

#include "test/unit/unit.h"

START_TEST(identity_is_that_of_a_modern_device)
{
	ck_assert_uint_eq(guest_load(&bus, CONFIG, 4), 0x10421af4);
	ck_assert_uint_ge(guest_load(&bus, CONFIG + PCI_REVISION_ID, 1), 1);
	ck_assert_uint_eq(guest_load(&bus, CONFIG + PCI_CLASS_REVISION, 4) >> 8, 0x018000);
	ck_assert_uint_ge(guest_load(&bus, CONFIG + PCI_SUBSYSTEM_ID, 2), 0x40);
}
END_TEST

START_TEST(capabilities_describe_the_structures_in_the_bars)
{
	static const struct {
		uint8_t type, bar;
		uint32_t offset, length;
	} wanted[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, 0, 0, 56 }, { VIRTIO_PCI_CAP_NOTIFY_CFG, 2, 0, 4 * NR_QUEUES },
		{ VIRTIO_PCI_CAP_ISR_CFG, 2, 0x800, 1 }, { VIRTIO_PCI_CAP_DEVICE_CFG, 0, 0x100, sizeof(fake.config) },
		{ VIRTIO_PCI_CAP_PCI_CFG, 0, 0, 0 },
	};

	for (unsigned int i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		unsigned int at = find_capability(PCI_CAP_ID_VNDR, wanted[i].type);

		ck_assert_uint_ne(at, 0);
		ck_assert_uint_eq(guest_load(&bus, CONFIG + at + VIRTIO_PCI_CAP_BAR, 1), wanted[i].bar);
		ck_assert_uint_eq(guest_load(&bus, CONFIG + at + VIRTIO_PCI_CAP_OFFSET, 4), wanted[i].offset);
		ck_assert_uint_eq(guest_load(&bus, CONFIG + at + VIRTIO_PCI_CAP_LENGTH, 4), wanted[i].length);
	}
	ck_assert_uint_eq(guest_load(&bus,
				     CONFIG + find_capability(PCI_CAP_ID_VNDR, VIRTIO_PCI_CAP_NOTIFY_CFG) +
					     VIRTIO_PCI_NOTIFY_CAP_MULT,
				     4),
			  4);
	ck_assert_uint_ne(find_capability(PCI_CAP_ID_MSIX, 0), 0);
}
END_TEST

START_TEST(reading_registers_and_configuration_takes_no_exit)
{
	unsigned int before = stub_kvm_nr_exits();

	for (unsigned int offset = 0; offset < 4096; offset += 4) {
		get(offset, 4);
		guest_load(&bus, CONFIG + offset, 4);
	}
	ck_assert_uint_eq(stub_kvm_nr_exits(), before);
}
END_TEST

START_TEST(offered_features_show_in_two_windows)
{
	put(VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), (uint32_t)FEATURE_A);
	put(VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), fake.device.features >> 32);
	put(VIRTIO_PCI_COMMON_DFSELECT, 4, 2);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), 0);
	put(VIRTIO_PCI_COMMON_DFSELECT, 4, UINT32_MAX);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DF, 4), 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_DFSELECT, 4), UINT32_MAX);
}
END_TEST

START_TEST(the_handshake_hands_the_device_its_features_and_queues)
{
	start();
	ck_assert_uint_eq(fake.nr_activations, 1);
	ck_assert_uint_eq(fake.features, fake.device.features);
	ck_assert(fake.queues[0].enabled);
	ck_assert(!fake.queues[1].enabled);
	ck_assert(fake.queues[2].enabled);
	ck_assert_uint_eq(fake.queues[0].config.size, 128);
	ck_assert_uint_eq(fake.queues[0].config.desc, UINT64_C(0x123400000));
	ck_assert_uint_eq(fake.queues[0].config.avail, UINT64_C(0x123401000));
	ck_assert_uint_eq(fake.queues[0].config.used, UINT64_C(0x123402000));
	ck_assert_uint_eq(fake.queues[2].config.size, 16);
	ck_assert_int_ge(fake.queues[2].kick_fd, 0);
	ck_assert_int_eq(fake.queues[1].kick_fd, -1);
	set_status(RUNNING);
	ck_assert_uint_eq(fake.nr_activations, 1);
}
END_TEST

START_TEST(features_that_were_not_offered_are_refused)
{
	negotiate(fake.device.features | VIRTIO_FEATURE(5));
	ck_assert_uint_eq(status(), VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	accept_features(fake.device.features);
	set_status(NEGOTIATED);
	ck_assert_uint_eq(status(), NEGOTIATED);
}
END_TEST

START_TEST(features_beyond_bit_63_are_refused)
{
	set_status(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	accept_features(fake.device.features);
	put(VIRTIO_PCI_COMMON_GFSELECT, 4, 2);
	put(VIRTIO_PCI_COMMON_GF, 4, 0); /* newer drivers write all windows: nothing asked for is fine */
	put(VIRTIO_PCI_COMMON_GFSELECT, 4, 7);
	put(VIRTIO_PCI_COMMON_GF, 4, 1);
	set_status(NEGOTIATED);
	ck_assert(!(status() & VIRTIO_STATUS_FEATURES_OK));
	negotiate(fake.device.features);
	ck_assert(status() & VIRTIO_STATUS_FEATURES_OK);
}
END_TEST

START_TEST(a_legacy_driver_without_version_1_is_refused)
{
	negotiate(FEATURE_A);
	ck_assert(!(status() & VIRTIO_STATUS_FEATURES_OK));
	set_status(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK);
	ck_assert_uint_eq(status(), VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(fake.nr_activations, 0);
	start();
}
END_TEST

START_TEST(features_are_fixed_once_agreed)
{
	negotiate(fake.device.features & ~FEATURE_A);
	accept_features(fake.device.features);
	put(VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GF, 4), 0);
	set_status(RUNNING);
	ck_assert_uint_eq(fake.features, fake.device.features & ~FEATURE_A);
}
END_TEST

START_TEST(everything_in_one_status_write_is_a_handshake_too)
{
	accept_features(fake.device.features);
	set_status(RUNNING);
	ck_assert_uint_eq(status(), RUNNING);
	ck_assert_uint_eq(fake.nr_activations, 1);
}
END_TEST

START_TEST(status_bits_are_not_cleared_but_by_zero_and_unknown_ones_are_not_set)
{
	start();
	set_status(VIRTIO_STATUS_ACKNOWLEDGE);
	ck_assert_uint_eq(status(), RUNNING);
	set_status(RUNNING | 0x10 | 0x20 | VIRTIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(status(), RUNNING);
	set_status(VIRTIO_STATUS_FAILED);
	ck_assert_uint_eq(status(), RUNNING | VIRTIO_STATUS_FAILED);
}
END_TEST

START_TEST(a_reset_forgets_the_driver_and_keeps_the_offer)
{
	unsigned int resets;

	start();
	resets = fake.nr_resets;
	put(VIRTIO_PCI_COMMON_MSIX, 2, 0);
	set_status(0);
	ck_assert_uint_eq(status(), 0);
	ck_assert_uint_eq(fake.nr_resets, resets + 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GF, 4), 0);
	for (unsigned int i = 0; i < NR_QUEUES; i++) {
		put(VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 8), 0);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_NOFF, 2), i);
	}
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_NUMQ, 2), NR_QUEUES);
	start();
	ck_assert_uint_eq(fake.nr_activations, 2);
}
END_TEST

START_TEST(a_queue_that_is_not_there_shows_size_0_and_takes_no_writes)
{
	static const uint16_t absent[] = { NR_QUEUES, 64, 0x8000, 0xffff };

	for (unsigned int i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		set_up_queue(absent[i], 16, 0x1000, 0);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SELECT, 2), absent[i]);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 0);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 8), 0);
	}
	ck_assert_uint_eq(stub_kvm_nr_ioevents(), 0);
}
END_TEST

START_TEST(a_queue_keeps_its_size_if_the_driver_wants_an_impossible_one)
{
	static const uint16_t bad[] = { 0, 3, 100, 255, 2 * QUEUE_SIZE, 0x8000, 0xffff };

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(VIRTIO_PCI_COMMON_Q_SIZE, 2, bad[i]);
		ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE);
	}
	put(VIRTIO_PCI_COMMON_Q_SIZE, 2, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 1);
}
END_TEST

START_TEST(an_enabled_queue_is_fixed_until_reset)
{
	set_up_queue(0, 128, 0x10000, 1);
	put(VIRTIO_PCI_COMMON_Q_SIZE, 2, 64);
	put(VIRTIO_PCI_COMMON_Q_DESCLO, 4, 0xdead0000);
	put(VIRTIO_PCI_COMMON_Q_ENABLE, 2, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), 128);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 4), 0x10000);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 1);
}
END_TEST

START_TEST(a_queue_enabled_after_driver_ok_is_ignored)
{
	start();
	set_up_queue(1, 16, 0x20000, 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	for (unsigned int i = 0; i < 100; i++)
		guest_store(&bus, notify + 4, 2, 1);
	ck_assert(!stub_kvm_has_ioevent(notify + 4));
}
END_TEST

START_TEST(queue_addresses_may_be_written_whole)
{
	put(VIRTIO_PCI_COMMON_Q_USEDLO, 8, UINT64_C(0x1122334455667788));
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_USEDLO, 4), 0x55667788);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_USEDHI, 4), 0x11223344);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_AVAILLO, 8), 0);
}
END_TEST

START_TEST(registers_take_writes_of_their_own_width_only)
{
	put(VIRTIO_PCI_COMMON_STATUS, 2, 1);
	put(VIRTIO_PCI_COMMON_STATUS, 4, 1);
	put(VIRTIO_PCI_COMMON_NUMQ, 4, UINT32_MAX);
	put(VIRTIO_PCI_COMMON_Q_SIZE, 4, 16);
	put(VIRTIO_PCI_COMMON_Q_SIZE + 1, 1, 0);
	put(VIRTIO_PCI_COMMON_Q_DESCLO, 2, 0xffff);
	put(VIRTIO_PCI_COMMON_Q_DESCLO + 2, 4, UINT32_MAX);
	put(VIRTIO_PCI_COMMON_Q_DESCHI, 8, UINT64_MAX);
	put(VIRTIO_PCI_COMMON_GFSELECT, 8, UINT64_MAX);
	ck_assert_uint_eq(status(), 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_NUMQ, 2), NR_QUEUES);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_SIZE, 2), QUEUE_SIZE);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_DESCLO, 8), 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_GFSELECT, 4), 0);
}
END_TEST

START_TEST(a_vector_that_is_not_there_reads_back_as_none)
{
	put(VIRTIO_PCI_COMMON_MSIX, 2, NR_QUEUES);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), NR_QUEUES);
	put(VIRTIO_PCI_COMMON_MSIX, 2, NR_QUEUES + 1);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
	put(VIRTIO_PCI_COMMON_Q_MSIX, 2, 0);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), 0);
	put(VIRTIO_PCI_COMMON_Q_MSIX, 2, 1000);
	ck_assert_uint_eq(get(VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_MSI_NO_VECTOR);
}
END_TEST

START_TEST(a_queue_has_an_interrupt_eventfd_and_the_device_learns_when_it_is_another)
{
	start();
	ck_assert_uint_eq(fake.nr_moved, 0);
	ck_assert_int_eq(virtio_queue_interrupt_fd(&fake.device, 0), -ENOENT);
	msix_control(PCI_MSIX_FLAGS_ENABLE);
	ck_assert_int_eq(virtio_queue_interrupt_fd(&fake.device, 0), STUB_KVM_EVENTFD);
	put(VIRTIO_PCI_COMMON_Q_SELECT, 2, 2);
	put(VIRTIO_PCI_COMMON_Q_MSIX, 2, VIRTIO_MSI_NO_VECTOR);
	ck_assert_uint_eq(fake.nr_moved, 1);
	ck_assert_uint_eq(fake.moved_queue, 2);
	ck_assert_int_eq(virtio_queue_interrupt_fd(&fake.device, 2), -ENOENT);
}
END_TEST

START_TEST(a_device_out_of_range_is_refused)
{
	const struct virtio_pci_config config = {
		.root = root,
		.router = &router,
		.kvm = &kvm,
		.device = &fake.device,
	};
	const struct virtio_device good = fake.device;
	struct virtio_pci *other = NULL;

	fake.device.nr_queues = 0;
	ck_assert_int_eq(virtio_pci_create(&config, &other), -EINVAL);
	fake.device.nr_queues = VIRTIO_MAX_QUEUES + 1;
	ck_assert_int_eq(virtio_pci_create(&config, &other), -EINVAL);
	fake.device = good;
	fake.device.queue_max_size = 100;
	ck_assert_int_eq(virtio_pci_create(&config, &other), -EINVAL);
	fake.device = good;
	fake.device.config_size = 257;
	ck_assert_int_eq(virtio_pci_create(&config, &other), -EINVAL);
	fake.device = good;
	fake.device.features = FEATURE_A;
	ck_assert_int_eq(virtio_pci_create(&config, &other), -EINVAL);
	fake.device = good;
	ck_assert_ptr_null(other);
}
END_TEST

START_TEST(the_widest_device_fits)
{
	struct fake_device wide = fake;
	const struct virtio_pci_config config = {
		.root = root,
		.router = &router,
		.kvm = &kvm,
		.device = &wide.device,
	};
	struct virtio_pci *other = NULL;

	wide.device.nr_queues = VIRTIO_MAX_QUEUES;
	wide.device.config_size = 0;
	ck_assert_int_eq(virtio_pci_create(&config, &other), 0);
	/* No device configuration: no capability for it, and so on to the last one. */
	ck_assert_uint_eq(guest_load(&bus, CONFIG + 0x8000 + PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, PCI_STATUS_CAP_LIST);
	virtio_pci_destroy(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("transport_pci");
	TCase *tc = tcase_create("pci");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, identity_is_that_of_a_modern_device);
	tcase_add_test(tc, capabilities_describe_the_structures_in_the_bars);
	tcase_add_test(tc, reading_registers_and_configuration_takes_no_exit);
	tcase_add_test(tc, offered_features_show_in_two_windows);
	tcase_add_test(tc, the_handshake_hands_the_device_its_features_and_queues);
	tcase_add_test(tc, features_that_were_not_offered_are_refused);
	tcase_add_test(tc, features_beyond_bit_63_are_refused);
	tcase_add_test(tc, a_legacy_driver_without_version_1_is_refused);
	tcase_add_test(tc, features_are_fixed_once_agreed);
	tcase_add_test(tc, everything_in_one_status_write_is_a_handshake_too);
	tcase_add_test(tc, status_bits_are_not_cleared_but_by_zero_and_unknown_ones_are_not_set);
	tcase_add_test(tc, a_reset_forgets_the_driver_and_keeps_the_offer);
	tcase_add_test(tc, a_queue_that_is_not_there_shows_size_0_and_takes_no_writes);
	tcase_add_test(tc, a_queue_keeps_its_size_if_the_driver_wants_an_impossible_one);
	tcase_add_test(tc, an_enabled_queue_is_fixed_until_reset);
	tcase_add_test(tc, a_queue_enabled_after_driver_ok_is_ignored);
	tcase_add_test(tc, queue_addresses_may_be_written_whole);
	tcase_add_test(tc, registers_take_writes_of_their_own_width_only);
	tcase_add_test(tc, a_vector_that_is_not_there_reads_back_as_none);
	tcase_add_test(tc, a_queue_has_an_interrupt_eventfd_and_the_device_learns_when_it_is_another);
	tcase_add_test(tc, a_device_out_of_range_is_refused);
	tcase_add_test(tc, the_widest_device_fits);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
