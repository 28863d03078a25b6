/* The kinds of NIC, for nic.c: each is opened by a function of its own. */
#ifndef VMM_HOST_NIC_KINDS_H
#define VMM_HOST_NIC_KINDS_H

#include "vmm/host/nic.h"

/* Each gets a `nic` whose kind and MAC are set and whose descriptors are -1, fills the rest, logs its own failure, and
 * leaves what it has put into `nic` to nic_close(). 0 or a negative errno. */
__attribute__((warn_unused_result)) int nic_tap_open(const struct nic_request *request, struct nic *nic);
__attribute__((warn_unused_result)) int nic_tap_fds_open(const struct nic_request *request, struct nic *nic);
__attribute__((warn_unused_result)) int nic_bridge_open(const struct nic_request *request, struct nic *nic);
__attribute__((warn_unused_result)) int nic_macvtap_open(const struct nic_request *request, struct nic *nic);
__attribute__((warn_unused_result)) int nic_nat_open(const struct nic_request *request, struct nic *nic);
__attribute__((warn_unused_result)) int nic_user_open(const struct nic_request *request, struct nic *nic);

#endif
