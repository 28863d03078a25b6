/* What becomes of a network interface whose other end is gone: passt(1) was killed, or the tap was removed. The guest
 * sees its link go down, and up again when the other end is back, which is looked for now and then. */
#include <string.h>

#include "virtio/backend/net_stream.h"
#include "virtio/backend/net_tap.h"
#include "vmm/base/container_of.h"
#include "vmm/base/log.h"
#include "vmm/host/link.h"
#include "vmm/machine/parts.h"

#define FIRST_DELAY_NS UINT64_C(1000000000)
#define LAST_DELAY_NS (60 * FIRST_DELAY_NS)
/* Alive for this long, it did not die of how it was started. */
#define STABLE_NS (10 * FIRST_DELAY_NS)

/* Without a line in the log: an interface that is not there yet is no failure. */
static bool can_be_revived(const struct machine_net_part *net)
{
	struct link link;

	switch (net->request.kind) {
	case NIC_USER:
		return true;
	case NIC_TAP:
	case NIC_BRIDGE:
		return link_find(net->name, &link) == 0;
	default:
		return false;
	}
}

static int revive(struct machine_net_part *net)
{
	struct nic nic;
	int rc;

	rc = nic_open(&net->request, &nic);
	if (rc < 0)
		return rc;
	if (nic.kind == NIC_USER)
		rc = net_stream_reconnect(net->backend, nic.fds[0]);
	else
		rc = net_tap_reconnect(net->backend, nic.fds, nic.nr_fds);
	if (rc == 0)
		nic.nr_fds = 0;
	nic_close(&nic);
	return rc;
}

static void wait_a_while(struct machine_net_part *net)
{
	loop_timer_set(&net->revival.timer, net->revival.delay_ns);
	if (net->revival.delay_ns < LAST_DELAY_NS / 2)
		net->revival.delay_ns *= 2;
	else
		net->revival.delay_ns = LAST_DELAY_NS;
}

static void on_timer(struct loop_timer *timer)
{
	struct machine_net_part *net = container_of(timer, struct machine_net_part, revival.timer);

	if (!can_be_revived(net) || revive(net) < 0) {
		wait_a_while(net);
		return;
	}
	net->revival.revived_ns = loop_timer_now_ns();
	log_warn("network interface %u is connected again", net->index);
}

static void on_lost(void *arg)
{
	struct machine_net_part *net = arg;

	if (loop_timer_now_ns() - net->revival.revived_ns > STABLE_NS)
		net->revival.delay_ns = FIRST_DELAY_NS;
	log_warn("network interface %u has lost %s, and the guest its link", net->index,
		 net_backend_description(net->backend));
	wait_a_while(net);
}

const struct net_owner_ops machine_net_owner = { .lost = on_lost };

int machine_net_revival_init(struct machine_net_part *net)
{
	int rc = loop_timer_init(&net->revival.timer, net->loops[0], on_timer);

	net->revival.delay_ns = FIRST_DELAY_NS;
	if (rc < 0)
		log_error("network interface %u can't have a timer: %s", net->index, strerror(-rc));
	return rc;
}

void machine_net_revival_fini(struct machine_net_part *net)
{
	loop_timer_fini(&net->revival.timer);
}
