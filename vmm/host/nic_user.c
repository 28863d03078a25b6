/* A network behind passt(1). */
#include <errno.h>

#include "vmm/host/nic_kinds.h"
#include "vmm/host/passt.h"
#include "vmm/host/ports.h"

int nic_user_open(const struct nic_request *request, struct nic *nic)
{
	struct nic claims = { .nr_fds = 0 };
	int rc;

	/* passt binds the ports by itself, but says less about why it can't. */
	rc = ports_claim_all("net user", request, &claims);
	nic_close(&claims);
	if (rc < 0)
		return rc;
	nic->mtu = request->mtu > 0 ? request->mtu : PASST_MTU;
	rc = passt_start(request, nic->mtu);
	if (rc < 0)
		return rc;
	nic->fds[0] = rc;
	nic->nr_fds = 1;
	return 0;
}
