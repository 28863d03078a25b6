#include "vmm/host/nat_firewall.h"

#include <string.h>

#include "vmm/base/log.h"
#include "vmm/host/command.h"

#define NFT_TIMEOUT_MS 10000
#define CHAINS_BYTES 16384

const char *nat_firewall_find(char *text)
{
	static const char start[] = "table ";
	const char *table = NULL;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		if (strncmp(line, start, strlen(start)) == 0) {
			table = line + strlen(start);
			line[strcspn(line, "{")] = '\0';
			for (size_t len = strlen(line); line[len - 1] == ' '; len--)
				line[len - 1] = '\0';
		} else if (table && strstr(line, "hook forward ") && strstr(line, "policy drop;")) {
			return table;
		}
	}
	return NULL;
}

void nat_firewall_warn(const char *tap)
{
	static const char *const list[] = { "nft", "list", "chains", NULL };
	char chains[CHAINS_BYTES];
	const struct command nft = {
		.argv = list, .timeout_ms = NFT_TIMEOUT_MS, .out = chains, .out_size = sizeof(chains)
	};
	const char *table;

	if (command_run(&nft) != 0)
		return;
	table = nat_firewall_find(chains);
	if (table)
		log_warn("net nat: a firewall of this host, the nftables table '%s', drops forwarded packets that it "
			 "does "
			 "not permit: permit those from and to %s (where it is Docker's: iptables -I DOCKER-USER -i %s "
			 "-j "
			 "ACCEPT; iptables -I DOCKER-USER -o %s -j ACCEPT)",
			 table, tap, tap, tap);
}
