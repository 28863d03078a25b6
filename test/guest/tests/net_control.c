/* The control queue (virtio 1.2, 5.1.6.5): what each command does, and that a malformed one does nothing. */
#include "test/guest/frames/stream.h"
#include "test/guest/port.h"
#include "test/guest/tests/nic.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define NR_COPIES 5
#define COPY_BYTES 100
#define MAC_BYTES 6
#define LONG_TABLE 200

static const uint8_t broadcast[MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t multicast[MAC_BYTES] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x05 };
static const uint8_t stranger[MAC_BYTES] = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x77 };

static uint8_t command(uint8_t class, uint8_t number, const void *data, uint32_t bytes)
{
	return net_control(&nic, class, number, data, bytes);
}

static uint8_t rx_mode(uint8_t number, bool on)
{
	uint8_t value = on;

	return command(NET_CONTROL_RX, number, &value, 1);
}

/* Whether frames to `address` come. */
static bool passes(const uint8_t *address)
{
	uint32_t nr = nic_copies(address, NR_COPIES, COPY_BYTES);

	expect(nr == 0 || nr == NR_COPIES);
	return nr == NR_COPIES;
}

static void unknown_commands_are_refused(const char *line)
{
	uint8_t data[8] = { 1 };

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	for (unsigned int class = 0; class < 256; class ++) {
		expect_equal(command((uint8_t) class, 0xff, data, sizeof(data)), NET_CONTROL_ERROR);
		if (class > NET_CONTROL_OFFLOADS)
			expect_equal(command((uint8_t) class, 0, data, sizeof(data)), NET_CONTROL_ERROR);
	}
	expect_equal(virtio_status(&nic.dev) & VIRTIO_STATUS_NEEDS_RESET, 0);
	expect(nic_talks());
}

static void data_that_is_too_short_is_refused(const char *line)
{
	static const struct {
		uint8_t class, command;
		uint32_t bytes; /* one less than there must be */
	} commands[] = {
		{ NET_CONTROL_RX, NET_RX_PROMISCUOUS, 0 }, { NET_CONTROL_MAC, NET_MAC_ADDR_SET, 5 },
		{ NET_CONTROL_MAC, NET_MAC_TABLE_SET, 7 }, { NET_CONTROL_VLAN, NET_VLAN_ADD, 1 },
		{ NET_CONTROL_MQ, NET_MQ_PAIRS_SET, 1 },   { NET_CONTROL_OFFLOADS, NET_OFFLOADS_SET, 7 },
	};
	static const uint8_t zeros[8];

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		for (uint32_t bytes = 0; bytes <= commands[i].bytes; bytes++)
			expect_equal(command(commands[i].class, commands[i].command, zeros, bytes), NET_CONTROL_ERROR);
	}
	expect(nic_talks());
}

/* Framing is bytes, not descriptors (2.7.4). */
static void commands_in_pieces_are_the_same(const char *line)
{
	uint8_t on = 1, mac[MAC_BYTES];

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES & ~VIRTIO_F_INDIRECT_DESC))
		return;
	memcpy(mac, nic.mac, sizeof(mac));
	mac[5] ^= 0x55;
	for (uint32_t piece = 1; piece <= 8; piece++) {
		expect_equal(net_control_in_pieces(&nic, NET_CONTROL_RX, NET_RX_PROMISCUOUS, &on, 1, piece),
			     NET_CONTROL_OK);
		if (piece < 2)
			continue;
		expect_equal(net_control_in_pieces(&nic, NET_CONTROL_MAC, NET_MAC_ADDR_SET, mac, MAC_BYTES, piece),
			     NET_CONTROL_OK);
		expect_equal(mmio_read8(nic.dev.device + NET_CONFIG_MAC + 5), mac[5]);
	}
}

/* Each without the feature that brings it. */
static void commands_need_their_feature(const char *line)
{
	static const uint8_t zeros[16];
	uint16_t one = 1;

	(void)line;
	if (!nic_open(NET_F_MAC | NET_F_CTRL_VQ | NET_F_GUEST_CSUM))
		return;
	for (uint8_t mode = NET_RX_PROMISCUOUS; mode <= NET_RX_NOBROADCAST; mode++)
		expect_equal(rx_mode(mode, false), NET_CONTROL_ERROR);
	expect_equal(command(NET_CONTROL_MAC, NET_MAC_TABLE_SET, zeros, 8), NET_CONTROL_ERROR);
	expect_equal(command(NET_CONTROL_MAC, NET_MAC_ADDR_SET, nic.mac, MAC_BYTES), NET_CONTROL_ERROR);
	expect_equal(command(NET_CONTROL_VLAN, NET_VLAN_ADD, zeros, 2), NET_CONTROL_ERROR);
	expect_equal(command(NET_CONTROL_ANNOUNCE, NET_ANNOUNCE_ACK, zeros, 0), NET_CONTROL_ERROR);
	expect_equal(command(NET_CONTROL_MQ, NET_MQ_PAIRS_SET, &one, 2), NET_CONTROL_ERROR);
	expect_equal(command(NET_CONTROL_OFFLOADS, NET_OFFLOADS_SET, zeros, 8), NET_CONTROL_ERROR);
	expect(nic_talks());
}

static void set_table(const uint8_t *unicast, const uint8_t *group)
{
	uint8_t data[2 * (4 + MAC_BYTES)] = { 0 };
	uint32_t at = 4;

	data[0] = unicast != NULL;
	if (unicast != NULL)
		memcpy(data + at, unicast, MAC_BYTES);
	at += unicast != NULL ? MAC_BYTES : 0;
	data[at] = group != NULL;
	if (group != NULL)
		memcpy(data + at + 4, group, MAC_BYTES);
	at += 4 + (group != NULL ? MAC_BYTES : 0);
	expect_equal(command(NET_CONTROL_MAC, NET_MAC_TABLE_SET, data, at), NET_CONTROL_OK);
}

/* Everything comes until the driver says that it wants less; then what its address and its tables name. */
static void receive_filter(const char *line)
{
	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	expect(passes(nic.mac) && passes(broadcast));
	expect_equal(rx_mode(NET_RX_PROMISCUOUS, false), NET_CONTROL_OK);
	set_table(NULL, NULL);
	expect(passes(nic.mac) && passes(broadcast));
	expect(!passes(stranger) && !passes(multicast));
	set_table(stranger, NULL);
	expect(passes(stranger) && passes(nic.mac) && !passes(multicast));
	set_table(NULL, multicast);
	expect(!passes(stranger) && passes(multicast));
	set_table(NULL, NULL);
	expect_equal(rx_mode(NET_RX_ALLMULTI, true), NET_CONTROL_OK);
	expect(passes(multicast) && !passes(stranger));
	expect_equal(rx_mode(NET_RX_ALLMULTI, false), NET_CONTROL_OK);
	expect_equal(rx_mode(NET_RX_ALLUNI, true), NET_CONTROL_OK);
	expect(passes(stranger) && !passes(multicast));
	expect_equal(rx_mode(NET_RX_ALLUNI, false), NET_CONTROL_OK);
	expect_equal(rx_mode(NET_RX_NOBROADCAST, true), NET_CONTROL_OK);
	expect(!passes(broadcast) && passes(nic.mac));
	expect_equal(rx_mode(NET_RX_PROMISCUOUS, true), NET_CONTROL_OK);
	expect(passes(stranger) && passes(multicast));
}

static void a_reset_ends_the_filter(const char *line)
{
	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	expect_equal(rx_mode(NET_RX_PROMISCUOUS, false), NET_CONTROL_OK);
	set_table(NULL, NULL);
	expect(!passes(multicast));
	if (nic_open(NIC_ALL_FEATURES))
		expect(passes(broadcast) && passes(nic.mac));
}

/* More addresses than a device remembers: none of them may be lost. And tables that promise more than they hold. */
static void long_and_broken_tables(const char *line)
{
	static uint8_t data[8 + LONG_TABLE * MAC_BYTES];
	uint32_t huge = UINT32_MAX;

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	expect_equal(rx_mode(NET_RX_PROMISCUOUS, false), NET_CONTROL_OK);
	memset(data, 0, sizeof(data));
	data[4] = LONG_TABLE;
	for (unsigned int i = 0; i < LONG_TABLE; i++) {
		memcpy(data + 8 + i * MAC_BYTES, multicast, MAC_BYTES);
		data[8 + i * MAC_BYTES + 5] = (uint8_t)i;
	}
	expect_equal(command(NET_CONTROL_MAC, NET_MAC_TABLE_SET, data, sizeof(data)), NET_CONTROL_OK);
	expect(passes(multicast));
	expect_equal(command(NET_CONTROL_MAC, NET_MAC_TABLE_SET, data, sizeof(data) - 1), NET_CONTROL_ERROR);
	memcpy(data, &huge, sizeof(huge));
	expect_equal(command(NET_CONTROL_MAC, NET_MAC_TABLE_SET, data, sizeof(data)), NET_CONTROL_ERROR);
	expect(passes(multicast)); /* the last that was right is in force */
}

static void mac_address_can_be_set(const char *line)
{
	uint8_t before[MAC_BYTES];

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	memcpy(before, nic.mac, sizeof(before));
	expect_equal(rx_mode(NET_RX_PROMISCUOUS, false), NET_CONTROL_OK);
	set_table(NULL, NULL);
	expect_equal(command(NET_CONTROL_MAC, NET_MAC_ADDR_SET, stranger, MAC_BYTES), NET_CONTROL_OK);
	for (unsigned int i = 0; i < MAC_BYTES; i++)
		expect_equal(mmio_read8(nic.dev.device + NET_CONFIG_MAC + i), stranger[i]);
	memcpy(nic.mac, stranger, sizeof(stranger));
	expect(passes(stranger) && !passes(before));
	if (nic_open(NIC_ALL_FEATURES)) /* a reset brings back what the host has chosen */
		expect(memcmp(nic.mac, before, sizeof(before)) == 0);
}

static void vlans_have_numbers_below_4096(const char *line)
{
	uint16_t vlan;

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	for (vlan = 0; vlan < 4096; vlan += 273) {
		expect_equal(command(NET_CONTROL_VLAN, NET_VLAN_ADD, &vlan, 2), NET_CONTROL_OK);
		expect_equal(command(NET_CONTROL_VLAN, NET_VLAN_DEL, &vlan, 2), NET_CONTROL_OK);
	}
	vlan = 4096;
	expect_equal(command(NET_CONTROL_VLAN, NET_VLAN_ADD, &vlan, 2), NET_CONTROL_ERROR);
	vlan = 0xffff;
	expect_equal(command(NET_CONTROL_VLAN, NET_VLAN_DEL, &vlan, 2), NET_CONTROL_ERROR);
	expect(nic_talks()); /* frames without a tag are of no VLAN */
}

static void pairs_can_be_chosen(const char *line)
{
	uint16_t pairs = (uint16_t)option_number(line, "queues", 1), nr;

	if (pairs == 1 ||
	    !nic_open_with(&(struct net_options){ .features = NIC_ALL_FEATURES, .nr_pairs = pairs, .rx_bytes = 4096 }))
		return;
	for (nr = pairs; nr >= 1; nr--) {
		expect_equal(command(NET_CONTROL_MQ, NET_MQ_PAIRS_SET, &nr, 2), NET_CONTROL_OK);
		expect(nic_talks());
	}
	nr = 0;
	expect_equal(command(NET_CONTROL_MQ, NET_MQ_PAIRS_SET, &nr, 2), NET_CONTROL_ERROR);
	nr = (uint16_t)(pairs + 1);
	expect_equal(command(NET_CONTROL_MQ, NET_MQ_PAIRS_SET, &nr, 2), NET_CONTROL_ERROR);
	nr = 0x8000;
	expect_equal(command(NET_CONTROL_MQ, NET_MQ_PAIRS_SET, &nr, 2), NET_CONTROL_ERROR);
	expect(nic_talks());
}

/* What was agreed on can be turned off and on again; what was not, can't be turned on (5.1.6.5.6). */
static void offloads_can_be_changed(const char *line)
{
	static const uint64_t sets[] = { 0, NET_F_GUEST_CSUM, NET_F_GUEST_CSUM | NET_F_GUEST_TSO4,
					 NET_F_GUEST_CSUM | NET_F_GUEST_TSO6 | NET_F_GUEST_UFO };
	uint64_t agreed, bad;

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES & ~(NET_F_GUEST_USO4 | NET_F_GUEST_USO6)))
		return;
	agreed = nic.dev.features;
	for (unsigned int i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		uint64_t now = sets[i];

		expect_equal(command(NET_CONTROL_OFFLOADS, NET_OFFLOADS_SET, &now, 8), NET_CONTROL_OK);
		nic.dev.features = (agreed & ~NET_GUEST_OFFLOADS) | now;
		for (unsigned int kind = 0; kind < FRAME_NR_KINDS; kind++) {
			struct stream stream = { kind, frame_least(kind), 65535, 9973, 8 };

			expect(stream_receive(&nic, &stream));
		}
	}
	nic.dev.features = agreed;
	bad = NET_F_GUEST_CSUM | NET_F_GUEST_USO4;
	expect_equal(command(NET_CONTROL_OFFLOADS, NET_OFFLOADS_SET, &bad, 8), NET_CONTROL_ERROR);
	bad = NET_F_GUEST_CSUM | NET_F_MAC;
	expect_equal(command(NET_CONTROL_OFFLOADS, NET_OFFLOADS_SET, &bad, 8), NET_CONTROL_ERROR);
	bad = UINT64_MAX;
	expect_equal(command(NET_CONTROL_OFFLOADS, NET_OFFLOADS_SET, &bad, 8), NET_CONTROL_ERROR);
	expect(nic_talks());
}

const struct test tests_net_control[] = {
	{ "unknown_commands_are_refused", unknown_commands_are_refused },
	{ "data_that_is_too_short_is_refused", data_that_is_too_short_is_refused },
	{ "commands_in_pieces_are_the_same", commands_in_pieces_are_the_same },
	{ "commands_need_their_feature", commands_need_their_feature },
	{ "receive_filter", receive_filter },
	{ "a_reset_ends_the_filter", a_reset_ends_the_filter },
	{ "long_and_broken_tables", long_and_broken_tables },
	{ "mac_address_can_be_set", mac_address_can_be_set },
	{ "vlans_have_numbers_below_4096", vlans_have_numbers_below_4096 },
	{ "pairs_can_be_chosen", pairs_can_be_chosen },
	{ "offloads_can_be_changed", offloads_can_be_changed },
	TEST_END,
};
