/* One network interface of a configuration, checked and turned into what the machine takes. */
#ifndef VMM_LIB_CONFIG_NET_H
#define VMM_LIB_CONFIG_NET_H

#include "vmm/include/mote.h"
#include "vmm/machine/machine.h"

/* Checks config->nets[index] of the VM `vm_name` and fills `out`, whose strings stay the configuration's. On failure
 * logs one line and returns -EINVAL, or -EBADF for a descriptor that is not open. Opens nothing. Any thread. */
__attribute__((warn_unused_result)) int config_net_build(const struct mote_config *config, const char *vm_name,
							 unsigned int index, struct machine_net *out);

/* Whether the interfaces, each built, can be in one VM. 0, or -EINVAL, logged. */
__attribute__((warn_unused_result)) int config_net_compare(const struct machine_config *machine);

#endif
