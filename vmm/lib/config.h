/* What libmote's user asked for, checked and turned into what the machine takes. */
#ifndef VMM_LIB_CONFIG_H
#define VMM_LIB_CONFIG_H

#include "vmm/include/mote.h"
#include "vmm/machine/machine.h"

#define CONFIG_MIN_MEMORY_BYTES (UINT64_C(16) << 20)
#define CONFIG_MAX_MEMORY_BYTES (UINT64_C(1) << 40)
#define CONFIG_MEMORY_STEP_BYTES (UINT64_C(1) << 20)
#define CONFIG_MAX_NAME_BYTES 63

/* The result of config_build(). Its strings, but for the name, are those of the mote_config that it was made from. */
struct checked_config {
	struct machine_config machine;
	char name[CONFIG_MAX_NAME_BYTES + 1];
};

/* Checks every field of `config` and fills `out`, which is the caller's storage. On failure logs one line that says
 * what was asked and what is possible, and returns -EINVAL, or -EBADF if a console descriptor is not open. Opens and
 * allocates nothing. Any thread. */
__attribute__((warn_unused_result)) int config_build(const struct mote_config *config, struct checked_config *out);

#endif
