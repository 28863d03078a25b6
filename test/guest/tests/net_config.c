/* What a NIC says of itself (virtio 1.2, 5.1.3 to 5.1.5), compared with what the host says that it is. */
#include "test/guest/port.h"
#include "test/guest/tests/nic.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

#define CONFIG_BYTES 12

static uint16_t config16(uint64_t offset)
{
	return mmio_read16(nic.dev.device + offset);
}

/* Neither more nor less: what is not in the set is unknown to this device, or belongs to legacy drivers. */
static void offers_what_a_tap_can_do(const char *line)
{
	uint64_t expected = NIC_ALWAYS | NET_GUEST_OFFLOADS | NET_HOST_OFFLOADS;

	if (option_number(line, "queues", 1) > 1)
		expected |= NET_F_MQ;
	if (option_number(line, "mtu", 0) != 0)
		expected |= NET_F_MTU;
	if (option_number(line, "uso", 1) == 0)
		expected &= ~(NET_F_GUEST_USO4 | NET_F_GUEST_USO6 | NET_F_HOST_USO);
	if (nic_open(NIC_ALL_FEATURES))
		expect_equal(virtio_offered(&nic.dev), expected);
}

/* A driver may take any of them and leave the others; what lacks a feature that it requires does nothing. */
static void each_feature_alone_and_all_but_it(const char *line)
{
	uint64_t offered;

	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	offered = virtio_offered(&nic.dev) & ~VIRTIO_F_VERSION_1;
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t feature = offered & UINT64_C(1) << bit;

		if (feature == 0)
			continue;
		if (nic_open(feature | NET_F_MAC))
			expect(nic_talks());
		if (nic_open((offered & ~feature) | NET_F_MAC))
			expect(nic_talks());
	}
}

static uint8_t hex_digit(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static void mac_is_as_asked(const char *line)
{
	char text[20];

	if (!nic_open(NIC_ALL_FEATURES))
		return;
	expect_equal(nic.mac[0] & 1, 0); /* of one station */
	if (!option_get(line, "mac", text, sizeof(text)))
		return;
	for (unsigned int i = 0; i < 6; i++)
		expect_equal(nic.mac[i], hex_digit(text[3 * i]) << 4 | hex_digit(text[3 * i + 1]));
}

static void mtu_is_as_asked(const char *line)
{
	uint64_t mtu = option_number(line, "mtu", 0);

	if (!nic_open(NIC_ALL_FEATURES))
		return;
	expect_equal((nic.dev.features & NET_F_MTU) != 0, mtu != 0);
	if (mtu != 0)
		expect_equal(config16(NET_CONFIG_MTU), mtu);
}

static void link_is_up(const char *line)
{
	(void)line;
	if (nic_open(NIC_ALL_FEATURES))
		expect_equal(config16(NET_CONFIG_STATUS) & NET_STATUS_LINK_UP, NET_STATUS_LINK_UP);
}

static void number_of_queues(const char *line)
{
	uint64_t pairs = option_number(line, "queues", 1);

	if (!nic_open(NIC_ALL_FEATURES))
		return;
	expect_equal(mmio_read16(nic.dev.common + VIRTIO_NR_QUEUES), 2 * pairs + 1);
	if (pairs > 1)
		expect_equal(config16(NET_CONFIG_MAX_PAIRS), pairs);
}

static void every_width_reads_the_same(const char *line)
{
	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	for (uint64_t offset = 0; offset < CONFIG_BYTES; offset += 4) {
		uint32_t word = mmio_read32(nic.dev.device + offset), bytes = 0, halves = 0;

		for (unsigned int i = 0; i < 4; i++)
			bytes |= (uint32_t)mmio_read8(nic.dev.device + offset + i) << (8 * i);
		for (unsigned int i = 0; i < 2; i++)
			halves |= (uint32_t)config16(offset + 2u * i) << (16 * i);
		expect_equal(bytes, word);
		expect_equal(halves, word);
	}
}

/* The MAC address is changed by a command, and by no modern driver otherwise (5.1.4.2). */
static void nothing_can_be_written(const char *line)
{
	(void)line;
	if (!nic_open(NIC_ALL_FEATURES))
		return;
	for (uint64_t offset = 0; offset < CONFIG_BYTES; offset++) {
		uint8_t before = mmio_read8(nic.dev.device + offset);

		mmio_write8(nic.dev.device + offset, (uint8_t)~before);
		expect_equal(mmio_read8(nic.dev.device + offset), before);
	}
	expect(nic_talks());
}

const struct test tests_net_config[] = {
	{ "offers_what_a_tap_can_do", offers_what_a_tap_can_do },
	{ "each_feature_alone_and_all_but_it", each_feature_alone_and_all_but_it },
	{ "mac_is_as_asked", mac_is_as_asked },
	{ "mtu_is_as_asked", mtu_is_as_asked },
	{ "link_is_up", link_is_up },
	{ "number_of_queues", number_of_queues },
	{ "every_width_reads_the_same", every_width_reads_the_same },
	{ "nothing_can_be_written", nothing_can_be_written },
	TEST_END,
};
