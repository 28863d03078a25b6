/* The link's state as the host changes it, and the announcement that it asks for (virtio 1.2, 5.1.4.2, 5.1.6.5.4). The
 * host waits for "link: ready", takes the interface down, waits for "link: down" and brings it up again. */
#include "test/guest/cpu.h"
#include "test/guest/interrupt.h"
#include "test/guest/port.h"
#include "test/guest/serial.h"
#include "test/guest/tests/nic.h"
#include "test/guest/tests/tests.h"

#define PATIENCE_CYCLES (UINT64_C(40) << 30) /* more than ten seconds */

static uint16_t link_status(void)
{
	return mmio_read16(nic.dev.device + NET_CONFIG_STATUS);
}

/* Waits until the link is as it should be, and its change was told. */
static bool changes(uint16_t up, uint32_t seen)
{
	for (uint64_t start = tsc_read(); tsc_read() - start < PATIENCE_CYCLES; cpu_pause()) {
		if ((link_status() & NET_STATUS_LINK_UP) == up && interrupt_counts[nic.config_vector] != seen)
			return true;
	}
	return false;
}

static void down_and_up(const char *line)
{
	struct net_options options = { .features = NIC_ALL_FEATURES, .interrupts = true };
	uint32_t seen;

	(void)line;
	interrupt_enable();
	if (!nic_open_with(&options) || !nic_talks())
		return;
	expect_equal(link_status(), NET_STATUS_LINK_UP);
	seen = interrupt_counts[nic.config_vector];
	print("\nlink: ready\n");
	expect(changes(0, seen));
	seen = interrupt_counts[nic.config_vector];
	print("link: down\n");
	expect(changes(NET_STATUS_LINK_UP, seen));
	/* Others must learn again where this address is. */
	expect_equal(link_status(), NET_STATUS_LINK_UP | NET_STATUS_ANNOUNCE);
	expect_equal(net_control(&nic, NET_CONTROL_ANNOUNCE, NET_ANNOUNCE_ACK, &options, 0), NET_CONTROL_OK);
	expect_equal(link_status(), NET_STATUS_LINK_UP);
	expect(nic_talks());
	virtio_reset(&nic.dev);
}

const struct test tests_net_link[] = {
	{ "down_and_up", down_and_up },
	TEST_END,
};
