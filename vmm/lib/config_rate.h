/* A limit of what passes in a second, checked: of disks and of network interfaces. */
#ifndef VMM_LIB_CONFIG_RATE_H
#define VMM_LIB_CONFIG_RATE_H

#include <stdint.h>

#include "vmm/machine/machine.h"

/* Fills `out` with a rate (0: no limit) and a burst (0: what 100 ms bring). On failure logs one line and returns
 * -EINVAL. `owner` is what it limits ("disk web.img"), `word` the option's name, `unit` what it counts. Any thread. */
__attribute__((warn_unused_result)) int config_rate_build(const char *owner, const char *word, const char *unit,
							  uint64_t per_second, uint64_t burst, struct bucket_rate *out);

#endif
