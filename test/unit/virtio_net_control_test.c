/* virtio-net: features, the control queue, filters, queue pairs, the link. */
#include <errno.h>
#include <string.h>

#include "test/unit/virtio_net_fixture.h"

#define ALL (dev->features & ~BIT(VIRTIO_F_EVENT_IDX_BIT))

static const uint8_t other_mac[6] = { 0x52, 0x54, 0x00, 0x00, 0x00, 0x77 };
static const uint8_t group[6] = { 0x33, 0x33, 0x00, 0x00, 0x00, 0x01 };
static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static uint8_t frame[NET_HEADER_BYTES + NET_MAX_FRAME_BYTES];

static uint8_t set_rx(uint8_t command, uint8_t on)
{
	return control(VIRTIO_NET_CTRL_RX, command, &on, 1);
}

START_TEST(features_are_what_the_backend_can_do)
{
	const uint64_t hosts = BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4) | BIT(VIRTIO_NET_F_HOST_TSO6) |
			       BIT(VIRTIO_NET_F_HOST_ECN) | BIT(VIRTIO_NET_F_HOST_UFO) | BIT(56);
	const uint64_t guests = BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4) |
				BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN) |
				BIT(VIRTIO_NET_F_GUEST_UFO) | BIT(54) | BIT(55) | BIT(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
	struct virtio_device *plain;
	struct fake_net *bare = fake_net_create(1);
	struct net_config of_bare = config;

	ck_assert_uint_eq(dev->features & (hosts | guests), hosts | guests);
	ck_assert(!(dev->features & (BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_MTU))));
	bare->backend.tx_offloads = 0;
	bare->backend.rx_offloads = 0;
	of_bare.backend = &bare->backend;
	of_bare.mtu = 9000;
	ck_assert_int_eq(net_create(&of_bare, &plain), 0);
	ck_assert_uint_eq(plain->features & (hosts | guests), 0);
	ck_assert(plain->features & BIT(VIRTIO_NET_F_MTU));
	net_destroy(plain);
	fake_net_destroy(bare);
}
END_TEST

START_TEST(configuration_shows_mac_link_pairs_and_mtu)
{
	struct virtio_net_config shown;

	config.mtu = 1400;
	make_device(3);
	ck_assert_uint_eq(dev->config_size, 12);
	memcpy(&shown, dev->config, dev->config_size);
	ck_assert_mem_eq(shown.mac, own_mac, 6);
	ck_assert_uint_eq(shown.status, VIRTIO_NET_S_LINK_UP);
	ck_assert_uint_eq(shown.max_virtqueue_pairs, 3);
	ck_assert_uint_eq(shown.mtu, 1400);
	ck_assert(dev->features & BIT(VIRTIO_NET_F_MQ));
	ck_assert_uint_eq(dev->nr_queues, 7);
}
END_TEST

START_TEST(a_bad_configuration_is_refused)
{
	struct virtio_device *none;
	struct net_config bad = config;

	bad.nr_pairs = 0;
	ck_assert_int_eq(net_create(&bad, &none), -EINVAL);
	bad.nr_pairs = 2;
	ck_assert_int_eq(net_create(&bad, &none), -EINVAL);
	bad = config;
	bad.mtu = NET_MIN_MTU - 1;
	ck_assert_int_eq(net_create(&bad, &none), -EINVAL);
	bad = config;
	bad.mac[0] |= 1;
	ck_assert_int_eq(net_create(&bad, &none), -EINVAL);
	bad = config;
	bad.in.bytes = (struct bucket_rate){ .per_second = 1, .burst = 0 };
	ck_assert_int_eq(net_create(&bad, &none), -EINVAL);
	bad.in.bytes = (struct bucket_rate){ .per_second = BUCKET_MAX_RATE + 1, .burst = 1 };
	ck_assert_int_eq(net_create(&bad, &none), -EINVAL);
	/* The kernel knows no limits, and takes no backend but a tap. */
	bad = config;
	bad.vhost = true;
	ck_assert_int_eq(net_create(&bad, &none), -ENOTSUP);
	bad.in.bytes = (struct bucket_rate){ .per_second = 1, .burst = 1 };
	ck_assert_int_eq(net_create(&bad, &none), -EINVAL);
}
END_TEST

START_TEST(everything_passes_until_the_driver_wants_less)
{
	ck_assert(passes(own_mac) && passes(other_mac) && passes(group) && passes(everybody));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
	ck_assert(passes(own_mac) && passes(everybody));
	ck_assert(!passes(other_mac) && !passes(group));
	restart(ALL);
	ck_assert(passes(other_mac));
}
END_TEST

START_TEST(each_switch_does_what_it_says)
{
	set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_ALLMULTI, 1), VIRTIO_NET_OK);
	ck_assert(passes(group) && !passes(other_mac));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_NOMULTI, 1), VIRTIO_NET_OK);
	ck_assert(!passes(group) && passes(everybody));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_NOBCAST, 1), VIRTIO_NET_OK);
	ck_assert(!passes(everybody));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_ALLUNI, 1), VIRTIO_NET_OK);
	ck_assert(passes(other_mac));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_NOUNI, 1), VIRTIO_NET_OK);
	ck_assert(!passes(other_mac) && !passes(own_mac));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 1), VIRTIO_NET_OK);
	ck_assert(passes(own_mac) && passes(group));
	ck_assert_uint_eq(set_rx(6, 1), VIRTIO_NET_ERR);
}
END_TEST

/* Two tables as the command carries them: `nr` unicast addresses from 02::1:0:i, `nr_multi` multicast. */
static uint8_t set_tables(uint32_t nr, uint32_t nr_multi)
{
	static uint8_t data[8 + 6 * 256];
	uint32_t at_byte = 0;

	for (unsigned int table = 0; table < 2; table++) {
		uint32_t count = table ? nr_multi : nr;

		memcpy(data + at_byte, &count, 4);
		at_byte += 4;
		for (uint32_t i = 0; i < count; i++, at_byte += 6)
			memcpy(data + at_byte, (uint8_t[]){ table ? 3 : 2, 0, 0, 1, 0, (uint8_t)i }, 6);
	}
	return control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, at_byte);
}

START_TEST(tables_of_addresses_let_theirs_pass)
{
	const uint8_t listed[6] = { 2, 0, 0, 1, 0, 4 }, listed_group[6] = { 3, 0, 0, 1, 0, 2 };

	set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	ck_assert_uint_eq(set_tables(5, 3), VIRTIO_NET_OK);
	ck_assert(passes(listed) && passes(listed_group) && passes(own_mac));
	ck_assert(!passes(other_mac) && !passes(group));
	ck_assert_uint_eq(set_tables(4, 2), VIRTIO_NET_OK);
	ck_assert(!passes(listed) && !passes(listed_group));
	ck_assert_uint_eq(set_tables(0, 0), VIRTIO_NET_OK);
	ck_assert(passes(own_mac));
	/* What does not fit makes all of its kind pass, and leaves the other kind its table. */
	ck_assert_uint_eq(set_tables(65, 3), VIRTIO_NET_OK);
	ck_assert(passes(other_mac) && passes(listed_group) && !passes(group));
	ck_assert_uint_eq(set_tables(60, 5), VIRTIO_NET_OK);
	ck_assert(passes(listed) && !passes(other_mac) && passes(group));
	ck_assert_uint_eq(set_tables(60, 4), VIRTIO_NET_OK);
	ck_assert(!passes(group) && passes(listed_group));
}
END_TEST

START_TEST(tables_that_lie_about_their_length_change_nothing)
{
	uint8_t data[64] = { 2, 0, 0, 0 };
	const uint8_t listed[6] = { 2, 0, 0, 1, 0, 0 };

	set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	ck_assert_uint_eq(set_tables(1, 0), VIRTIO_NET_OK);
	for (uint32_t len = 0; len < 4 + 12 + 4; len++)
		ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len),
				  VIRTIO_NET_ERR);
	memset(data, 0xff, sizeof(data));
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, sizeof(data)),
			  VIRTIO_NET_ERR);
	ck_assert(passes(listed));
}
END_TEST

START_TEST(the_driver_may_choose_its_address)
{
	set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, other_mac, 5), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, other_mac, 6), VIRTIO_NET_OK);
	ck_assert(passes(other_mac) && !passes(own_mac));
	ck_assert_mem_eq(dev->config, other_mac, 6);
	dev->ops->reset(dev);
	ck_assert_mem_eq(dev->config, own_mac, 6);
}
END_TEST

static bool vlan_passes(uint16_t vlan)
{
	uint8_t *sent = build(own_mac, 60) + NET_HEADER_BYTES;

	sent[12] = 0x81;
	sent[13] = 0x00;
	sent[14] = (uint8_t)(0x60 | vlan >> 8);
	sent[15] = (uint8_t)vlan;
	if (rings[0].nr_free == QUEUE_SIZE)
		offer(0, 8, 2000);
	give(0, sent - NET_HEADER_BYTES, 60);
	return collect(0, frame) > 0;
}

START_TEST(vlans_pass_that_the_driver_has_added)
{
	const uint8_t seven[2] = { 7, 0 }, last[2] = { 0xff, 0x0f }, too_high[2] = { 0, 0x10 };

	ck_assert(vlan_passes(7));
	set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	ck_assert(!vlan_passes(7));
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, seven, 2), VIRTIO_NET_OK);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, last, 2), VIRTIO_NET_OK);
	ck_assert(vlan_passes(7) && vlan_passes(4095) && !vlan_passes(8) && passes(own_mac));
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, seven, 2), VIRTIO_NET_OK);
	ck_assert(!vlan_passes(7));
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, too_high, 2), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_VLAN, 2, seven, 2), VIRTIO_NET_ERR);
	restart(ALL & ~BIT(VIRTIO_NET_F_CTRL_VLAN));
	set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	ck_assert(vlan_passes(7));
}
END_TEST

START_TEST(offloads_change_while_it_runs)
{
	const uint64_t less = BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO6), none = 0;
	uint64_t foreign = BIT(VIRTIO_NET_F_CSUM);

	ck_assert_uint_eq(fake->offloads, 0x7f);
	ck_assert_uint_eq(control(5, 0, &less, 8), VIRTIO_NET_OK);
	ck_assert_uint_eq(fake->offloads, NET_OFFLOAD_CSUM | NET_OFFLOAD_TSO6);
	ck_assert_uint_eq(control(5, 0, &foreign, 8), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(5, 0, &less, 7), VIRTIO_NET_ERR);
	fake->offloads_rc = -EIO;
	ck_assert_uint_eq(control(5, 0, &none, 8), VIRTIO_NET_ERR);
	fake->offloads_rc = 0;
	ck_assert_uint_eq(fake->offloads, NET_OFFLOAD_CSUM | NET_OFFLOAD_TSO6);
	ck_assert_uint_eq(control(5, 0, &none, 8), VIRTIO_NET_OK);
	ck_assert_uint_eq(fake->offloads, 0);
	/* Not more than was negotiated. */
	restart(ALL & ~BIT(VIRTIO_NET_F_GUEST_TSO6));
	ck_assert_uint_eq(control(5, 0, &less, 8), VIRTIO_NET_ERR);
}
END_TEST

START_TEST(a_queue_pair_runs_when_the_driver_says_so)
{
	const uint8_t counts[][2] = { { 2, 0 }, { 4, 0 }, { 0, 0 }, { 5, 0 }, { 1, 0 } };

	make_device(4);
	activate(ALL);
	offer(2, 4, 1600);
	kick(4);
	ck_assert(fake->pairs[0].active && !fake->pairs[1].active);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MQ, 0, counts[0], 2), VIRTIO_NET_OK);
	ck_assert(fake->pairs[1].active && !fake->pairs[2].active);
	/* What the driver gives too early waits. */
	ck_assert(!transmit(2, build(other_mac, 60), NET_HEADER_BYTES + 60, 72));
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MQ, 0, counts[1], 2), VIRTIO_NET_OK);
	ck_assert(fake->pairs[2].active && fake->pairs[3].active);
	ck_assert_uint_eq(fake->pairs[2].nr_out, 1);
	give(2, build(own_mac, 60), 60);
	ck_assert_uint_eq(collect(2, frame), NET_HEADER_BYTES + 60);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MQ, 0, counts[2], 2), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MQ, 0, counts[3], 2), VIRTIO_NET_ERR);
	ck_assert(fake->pairs[3].active);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MQ, 0, counts[4], 2), VIRTIO_NET_OK);
	ck_assert(fake->pairs[0].active && !fake->pairs[1].active && !fake->pairs[3].active);
	fake->active_rc = -EBUSY;
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MQ, 0, counts[1], 2), VIRTIO_NET_ERR);
	dev->ops->reset(dev);
	ck_assert(!fake->pairs[0].active);
}
END_TEST

START_TEST(filters_reach_all_pairs)
{
	const uint8_t two[2] = { 2, 0 };

	make_device(2);
	activate(ALL);
	control(VIRTIO_NET_CTRL_MQ, 0, two, 2);
	set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0);
	offer(1, 4, 1600);
	kick(2);
	give(1, build(other_mac, 60), 60);
	ck_assert_uint_eq(collect(1, frame), 0);
	give(1, build(own_mac, 60), 60);
	ck_assert_uint_eq(collect(1, frame), NET_HEADER_BYTES + 60);
}
END_TEST

START_TEST(without_multiqueue_the_control_queue_is_the_third)
{
	make_device(4);
	activate(ALL & ~BIT(VIRTIO_NET_F_MQ));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
	ck_assert(!passes(other_mac));
}
END_TEST

START_TEST(the_link_is_shown_and_the_driver_asked_to_announce_itself)
{
	net_backend_set_link(&fake->backend, false);
	ck_assert_uint_eq(shown_status(), 0);
	ck_assert_uint_eq(transport.nr_config, 1);
	net_backend_set_link(&fake->backend, true);
	ck_assert_uint_eq(shown_status(), VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_ANNOUNCE, 0, own_mac, 0), VIRTIO_NET_OK);
	ck_assert_uint_eq(shown_status(), VIRTIO_NET_S_LINK_UP);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_ANNOUNCE, 1, own_mac, 0), VIRTIO_NET_ERR);
	restart(ALL & ~BIT(VIRTIO_NET_F_GUEST_ANNOUNCE));
	net_backend_set_link(&fake->backend, false);
	net_backend_set_link(&fake->backend, true);
	ck_assert_uint_eq(shown_status(), VIRTIO_NET_S_LINK_UP);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_ANNOUNCE, 0, own_mac, 0), VIRTIO_NET_ERR);
}
END_TEST

START_TEST(only_negotiated_commands_are_carried_out)
{
	const uint64_t mask = 0;

	restart(CORE | BIT(VIRTIO_NET_F_CTRL_VQ));
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_ERR);
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_NOBCAST, 1), VIRTIO_NET_ERR);
	ck_assert_uint_eq(set_tables(0, 0), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, own_mac, 6), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_VLAN, 0, own_mac, 2), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(VIRTIO_NET_CTRL_MQ, 0, own_mac, 2), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(5, 0, &mask, 8), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(6, 0, &mask, 8), VIRTIO_NET_ERR);
	ck_assert_uint_eq(control(255, 255, &mask, 8), VIRTIO_NET_ERR);
	ck_assert(passes(other_mac));
}
END_TEST

START_TEST(a_request_without_room_for_its_ack_breaks_the_queue)
{
	const struct driver_buffer buffer = { TX_DATA, 64, false };

	driver_add(&rings[2], &buffer, 1);
	kick(2);
	ck_assert_uint_eq(transport.nr_needs_reset, 1);
	restart(ALL);
	ck_assert_uint_eq(set_rx(VIRTIO_NET_CTRL_RX_PROMISC, 0), VIRTIO_NET_OK);
}
END_TEST

START_TEST(an_activation_that_fails_leaves_nothing_running)
{
	dev->ops->reset(dev);
	queues[1].config.used = RAM_BYTES;
	ck_assert_int_lt(dev->ops->activate(dev, ALL, queues), 0);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
	ck_assert(!fake->pairs[0].active);
	fake->offloads_rc = -EIO;
	queues[1].config.used = rings[1].config.used;
	ck_assert_int_eq(dev->ops->activate(dev, ALL, queues), -EIO);
	ck_assert_uint_eq(fake_loop_nr_events(loop), 0);
	fake->offloads_rc = 0;
	activate(ALL);
	ck_assert(passes(own_mac));
}
END_TEST

static Suite *net_suite(void)
{
	Suite *suite = suite_create("virtio net control");
	TCase *tc = tcase_create("control");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, features_are_what_the_backend_can_do);
	tcase_add_test(tc, configuration_shows_mac_link_pairs_and_mtu);
	tcase_add_test(tc, a_bad_configuration_is_refused);
	tcase_add_test(tc, everything_passes_until_the_driver_wants_less);
	tcase_add_test(tc, each_switch_does_what_it_says);
	tcase_add_test(tc, tables_of_addresses_let_theirs_pass);
	tcase_add_test(tc, tables_that_lie_about_their_length_change_nothing);
	tcase_add_test(tc, the_driver_may_choose_its_address);
	tcase_add_test(tc, vlans_pass_that_the_driver_has_added);
	tcase_add_test(tc, offloads_change_while_it_runs);
	tcase_add_test(tc, a_queue_pair_runs_when_the_driver_says_so);
	tcase_add_test(tc, filters_reach_all_pairs);
	tcase_add_test(tc, without_multiqueue_the_control_queue_is_the_third);
	tcase_add_test(tc, the_link_is_shown_and_the_driver_asked_to_announce_itself);
	tcase_add_test(tc, only_negotiated_commands_are_carried_out);
	tcase_add_test(tc, a_request_without_room_for_its_ack_breaks_the_queue);
	tcase_add_test(tc, an_activation_that_fails_leaves_nothing_running);
	suite_add_tcase(suite, tc);
	return suite;
}

int main(void)
{
	return unit_main(net_suite());
}
