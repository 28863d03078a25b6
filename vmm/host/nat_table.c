#include "vmm/host/nat_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/host/command.h"
#include "vmm/host/nat.h"

#define NFT_TIMEOUT_MS 10000

/* A text that grows; what does not fit makes it fail. */
struct script {
	char *text;
	size_t len;
	bool overflowed;
};

static void __attribute__((format(printf, 2, 3))) add(struct script *script, const char *format, ...)
{
	size_t room = NAT_TABLE_SCRIPT_BYTES - script->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(script->text + script->len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		script->overflowed = true;
	else
		script->len += (size_t)n;
}

static void add_forward(struct script *script, const struct nic_forward *forward, const char *guest)
{
	char address[INET_ADDRSTRLEN] = "";

	if (forward->family == AF_INET && inet_ntop(AF_INET, forward->address, address, sizeof(address)))
		add(script, "ip daddr %s ", address);
	add(script, "%s dport %u dnat ip to %s:%u\n", forward->udp ? "udp" : "tcp", forward->host_port, guest,
	    forward->guest_port);
}

/* Connections to this host's ports that lead to the guest: from outside, and from the host itself. */
static void add_forwards(struct script *script, const struct nat_table *table)
{
	char guest[SUBNET_TEXT_BYTES];

	subnet_print(table->subnet, NAT_GUEST_HOST, guest);
	add(script, "chain ports {\n");
	for (unsigned int i = 0; i < table->nr_forwards; i++)
		add_forward(script, &table->forwards[i], guest);
	add(script, "}\n");
	add(script,
	    "chain from_outside {\n"
	    "type nat hook prerouting priority -100\n"
	    "iifname != \"%s\" fib daddr type local jump ports\n"
	    "}\n",
	    table->tap);
	add(script, "chain from_host {\n"
		    "type nat hook output priority -100\n"
		    "fib daddr type local jump ports\n"
		    "}\n");
	/* The tap may route 127.0.0.0/8, for connections of the host to itself that are led on; the guest must not. */
	add(script,
	    "chain guard {\n"
	    "type filter hook prerouting priority -300\n"
	    "iifname \"%s\" ip daddr 127.0.0.0/8 drop\n"
	    "}\n",
	    table->tap);
}

static void add_way_out(struct script *script, const struct nat_table *table)
{
	char network[SUBNET_TEXT_BYTES], network6[SUBNET_TEXT_BYTES];

	subnet_print(table->subnet, 0, network);
	subnet_print6(table->subnet, 0, network6);
	add(script,
	    "chain out {\n"
	    "type nat hook postrouting priority 100\n"
	    "oifname != \"%s\" ip saddr %s/%d masquerade\n",
	    table->tap, network, SUBNET_PREFIX_LEN);
	if (table->with_ipv6)
		add(script, "oifname != \"%s\" ip6 saddr %s/%d masquerade\n", table->tap, network6, SUBNET_PREFIX6_LEN);
	if (table->nr_forwards > 0)
		add(script, "oifname \"%s\" ip saddr 127.0.0.0/8 masquerade\n", table->tap);
	add(script, "}\n");
	add(script,
	    "chain pass {\n"
	    "type filter hook forward priority 0\n"
	    "iifname \"%s\" accept\n"
	    "oifname \"%s\" ct state established,related accept\n"
	    "oifname \"%s\" ct status dnat accept\n"
	    "oifname \"%s\" drop\n"
	    "}\n",
	    table->tap, table->tap, table->tap, table->tap);
}

static void add_removal(struct script *script, const char *tap)
{
	/* What is not there can't be deleted, but what is there can be added. */
	add(script, "add table inet %s\ndelete table inet %s\n", tap, tap);
}

int nat_table_print(const struct nat_table *table, char script[NAT_TABLE_SCRIPT_BYTES])
{
	struct script text = { .text = script };

	add_removal(&text, table->tap);
	add(&text, "table inet %s {\ncomment \"of the VM %s\"\n", table->tap, table->vm_name);
	if (table->nr_forwards > 0)
		add_forwards(&text, table);
	add_way_out(&text, table);
	add(&text, "}\n");
	return text.overflowed ? -E2BIG : 0;
}

void nat_table_print_removal(const char *tap, char script[NAT_TABLE_SCRIPT_BYTES])
{
	struct script text = { .text = script };

	add_removal(&text, tap);
}

int nat_table_remove(const char *name)
{
	char script[NAT_TABLE_SCRIPT_BYTES];
	const char *const argv[] = { "nft", script, NULL };
	const struct command nft = { .argv = argv, .timeout_ms = NFT_TIMEOUT_MS };
	int rc;

	nat_table_print_removal(name, script);
	rc = command_run(&nft);
	return rc > 0 ? -EIO : rc;
}
