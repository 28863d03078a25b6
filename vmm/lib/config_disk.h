/* One disk of a configuration, checked and turned into what the machine takes. */
#ifndef VMM_LIB_CONFIG_DISK_H
#define VMM_LIB_CONFIG_DISK_H

#include "vmm/include/mote.h"
#include "vmm/machine/machine.h"

#define CONFIG_MAX_QUEUES 16
#define CONFIG_DEFAULT_MAX_QUEUES 4

/* Checks config->disks[index] and fills `out`, whose strings, but for the serial number, stay the configuration's. On
 * failure logs one line and returns -EINVAL. Opens nothing. Any thread. */
__attribute__((warn_unused_result)) int config_disk_build(const struct mote_config *config, unsigned int index,
							  struct machine_disk *out);

#endif
