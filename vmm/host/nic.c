#include "vmm/host/nic.h"

#include <string.h>

#include "vmm/base/fd.h"
#include "vmm/host/nic_kinds.h"

static const struct {
	int (*open)(const struct nic_request *request, struct nic *nic);
	bool needs_janitor;
} kinds[] = {
	[NIC_TAP] = { nic_tap_open, false },	   [NIC_TAP_FDS] = { nic_tap_fds_open, false },
	[NIC_BRIDGE] = { nic_bridge_open, false }, [NIC_MACVTAP] = { nic_macvtap_open, true },
	[NIC_NAT] = { nic_nat_open, true },	   [NIC_USER] = { nic_user_open, false },
};

bool nic_needs_janitor(enum nic_kind kind)
{
	return kinds[kind].needs_janitor;
}

int nic_open(const struct nic_request *request, struct nic *out)
{
	struct nic nic = { .kind = request->kind };
	int rc;

	for (unsigned int i = 0; i < NIC_MAX_PAIRS; i++)
		nic.fds[i] = -1;
	memcpy(nic.mac, request->mac, MAC_BYTES);
	rc = kinds[request->kind].open(request, &nic);
	if (rc < 0)
		nic_close(&nic);
	else
		*out = nic;
	return rc;
}

void nic_close(struct nic *nic)
{
	for (unsigned int i = 0; i < nic->nr_fds; i++)
		fd_close(&nic->fds[i]);
	for (unsigned int i = 0; i < nic->nr_held; i++)
		fd_close(&nic->held[i]);
	nic->nr_fds = nic->nr_held = 0;
}
