/* The guest's network interfaces. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "virtio/backend/net_stream.h"
#include "virtio/backend/net_tap.h"
#include "vmm/base/log.h"
#include "vmm/machine/parts.h"

/* Submissions that one turn of an interface's loop can prepare: it moves frames by itself, and waits in the ring. */
#define NET_RING_ENTRIES 32
/* How long a pair's loop looks for work. Longer than a disk's: the answer of a guest that waits in hlt for each frame
 * mostly comes within it, and others wait for that. */
#define NET_POLL_US 50

static int open_nic(struct machine *machine, const struct machine_config *config, struct machine_net_part *net)
{
	const struct machine_net *asked = &config->nets[net->index];
	int rc;

	net->request = asked->nic;
	net->request.fds = asked->fds;
	net->request.vm_name = config->name;
	net->request.index = net->index;
	net->request.janitor = machine->janitor;
	rc = nic_open(&net->request, &net->nic);
	if (rc < 0)
		return rc;
	/* What machine_net_revive() may need once more. */
	snprintf(net->name, sizeof(net->name), "%s", asked->nic.name ? asked->nic.name : "");
	net->request.name = net->name;
	net->request.fds = NULL;
	net->request.vm_name = "";
	net->request.janitor = NULL;
	return 0;
}

static int open_backend(struct machine_net_part *net)
{
	struct nic *nic = &net->nic;
	int rc;

	if (nic->kind == NIC_USER)
		rc = net_stream_open(nic->fds[0], "passt", &net->backend);
	else
		rc = net_tap_open(nic->fds, nic->nr_fds, &net->backend);
	if (rc < 0)
		return rc;
	/* They are the backend's now. */
	nic->nr_fds = 0;
	net_backend_set_owner(net->backend, &machine_net_owner, net);
	return 0;
}

static unsigned int nr_threads(const struct machine_config *config)
{
	unsigned int nr = config->nr_cpus + config->nr_disks;

	for (unsigned int i = 0; i < config->nr_nets; i++)
		nr += config->nets[i].nic.nr_pairs;
	return nr;
}

static int create_loops(const struct machine_config *machine, struct machine_net_part *net)
{
	char name[16];
	const struct loop_config config = {
		.name = name,
		.engine = LOOP_ENGINE_AUTO,
		.nr_entries = NET_RING_ENTRIES,
		.poll_us = NET_POLL_US,
		.poll_spare = true,
		.nr_busy_cpus = nr_threads(machine) - 1,
	};

	for (; net->nr_loops < net->request.nr_pairs; net->nr_loops++) {
		int rc;

		snprintf(name, sizeof(name), "net%u.%u", net->index, net->nr_loops);
		rc = loop_create(&config, &net->loops[net->nr_loops]);
		if (rc < 0)
			return rc;
	}
	return machine_net_revival_init(net);
}

static int create_device(const struct machine_config *config, struct machine_net_part *net)
{
	const struct machine_net *asked = &config->nets[net->index];
	struct net_config device = {
		.backend = net->backend,
		.loops = net->loops,
		.nr_pairs = net->nr_loops,
		.mtu = (uint16_t)(net->nic.mtu > NET_MAX_MTU ? NET_MAX_MTU : net->nic.mtu),
		.in = asked->in,
		.out = asked->out,
		.vhost = asked->vhost,
	};
	char mac[MAC_TEXT_BYTES];
	int rc;

	memcpy(device.mac, net->nic.mac, sizeof(device.mac));
	rc = net_create(&device, &net->device);
	/* Whatever else there is, the device has logged. */
	if (rc == -ENOMEM || rc == -EINVAL)
		log_error("cannot make a network device of %s: %s", net_backend_description(net->backend),
			  strerror(-rc));
	if (rc < 0)
		return rc;
	mac_print(net->nic.mac, mac);
	log_info("network interface %u: %s, MAC address %s, MTU %u%s", net->index,
		 net_backend_description(net->backend), mac, net->nic.mtu, asked->vhost ? ", vhost" : "");
	return 0;
}

static int open_net(struct machine *machine, const struct machine_config *config, struct machine_net_part *net)
{
	int rc = open_nic(machine, config, net);

	if (rc == 0)
		rc = open_backend(net);
	if (rc == 0)
		rc = create_loops(config, net);
	if (rc == 0)
		rc = create_device(config, net);
	if (rc == 0)
		rc = machine_plug(machine, net->device, &net->pci);
	return rc;
}

int machine_nets_init(struct machine *machine, const struct machine_config *config)
{
	for (unsigned int i = 0; i < config->nr_nets; i++) {
		struct machine_net_part *net = &machine->nets[i];
		int rc;

		machine->nr_nets++;
		net->index = i;
		rc = open_net(machine, config, net);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int machine_nets_start(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_nets; i++) {
		struct machine_net_part *net = &machine->nets[i];

		for (; net->nr_running < net->nr_loops; net->nr_running++) {
			int rc = loop_start(net->loops[net->nr_running]);

			if (rc < 0) {
				log_error("cannot start a thread of network interface %u: %s", i, strerror(-rc));
				return rc;
			}
		}
	}
	return 0;
}

static void close_net(struct machine_net_part *net)
{
	/* The reset drains on the interface's own threads, so they end after it. */
	if (net->pci)
		virtio_pci_destroy(net->pci);
	for (unsigned int i = 0; i < net->nr_running; i++) {
		loop_stop(net->loops[i]);
		loop_join(net->loops[i]);
	}
	machine_net_revival_fini(net);
	net_destroy(net->device);
	net_backend_close(net->backend);
	for (unsigned int i = 0; i < net->nr_loops; i++)
		loop_destroy(net->loops[i]);
	nic_close(&net->nic);
	*net = (struct machine_net_part){ 0 };
}

void machine_nets_fini(struct machine *machine)
{
	while (machine->nr_nets > 0)
		close_net(&machine->nets[--machine->nr_nets]);
}
