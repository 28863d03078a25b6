/* The options of --net after the kind; their target is a struct mote_net. */
#ifndef VMM_CLI_NET_KEYS_H
#define VMM_CLI_NET_KEYS_H

#include "vmm/cli/option_words.h"
#include "vmm/include/mote.h"

extern const struct option_key net_keys[];

#endif
