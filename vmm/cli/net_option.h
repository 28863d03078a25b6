/* The argument of --net: KIND[=NAME][,option]... */
#ifndef VMM_CLI_NET_OPTION_H
#define VMM_CLI_NET_OPTION_H

#include "vmm/include/mote.h"

/* One parsed argument. `net` points into `storage`, which is freed by net_option_fini(). */
struct net_option {
	struct mote_net net;
	char *storage;
};

/* Splits `text` at commas, as --disk does. On failure says what is wrong and returns -EINVAL, or -ENOMEM, with nothing
 * to free. What a value may be beyond its form is libmote's to check. */
__attribute__((warn_unused_result)) int net_option_parse(const char *text, struct net_option *out);

/* Takes a zeroed object. */
void net_option_fini(struct net_option *option);

#endif
