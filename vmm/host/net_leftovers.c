#include "vmm/host/net_leftovers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/host/command.h"
#include "vmm/host/link.h"
#include "vmm/host/nat.h"
#include "vmm/host/nat_dnsmasq.h"
#include "vmm/host/nat_forwarding.h"
#include "vmm/host/nat_table.h"
#include "vmm/host/owner.h"
#include "vmm/host/process.h"

#define NFT_TIMEOUT_MS 10000
#define TABLES_BYTES 16384
#define DNSMASQ "dnsmasq"
#define END_MS 2000
#define END_PAUSE_MS 5

struct search {
	net_leftover_found found;
	void *arg;
	bool any_guest; /* behind the host, and alive */
};

/* Whether a tap of this name can be one of ours, and is gone. */
static bool is_left(const char *tap)
{
	return strncmp(tap, NAT_NAME, strlen(NAT_NAME)) == 0 && strlen(tap) < IFNAMSIZ && if_nametoindex(tap) == 0;
}

static void look_at_process(void *arg, pid_t pid)
{
	const struct search *search = arg;
	struct net_leftover leftover = { .kind = NET_LEFTOVER_DNSMASQ, .pid = pid };

	if (process_argument(pid, DNSMASQ, NAT_DNSMASQ_INTERFACE, leftover.interface, sizeof(leftover.interface)) &&
	    is_left(leftover.interface))
		search->found(search->arg, &leftover);
}

static void look_at_table(const struct search *search, const char *name)
{
	struct net_leftover leftover = { .kind = NET_LEFTOVER_TABLE };

	if (strncmp(name, NAT_FORWARDING_MARK, strlen(NAT_FORWARDING_MARK)) == 0 && !search->any_guest) {
		leftover.kind = NET_LEFTOVER_FORWARDING;
		name += strlen(NAT_FORWARDING_MARK);
		if (strlen(name) >= IFNAMSIZ)
			return;
	} else if (!is_left(name)) {
		return;
	}
	snprintf(leftover.interface, sizeof(leftover.interface), "%s", name);
	search->found(search->arg, &leftover);
}

/* The lines are "table inet NAME". */
static void look_at_tables(const struct search *search, char *tables)
{
	static const char start[] = "table inet ";
	char *line;

	while ((line = strsep(&tables, "\n")) != NULL) {
		if (strncmp(line, start, strlen(start)) == 0)
			look_at_table(search, line + strlen(start));
	}
}

static void look_at_link(void *arg, const struct link *link)
{
	struct search *search = arg;
	struct net_leftover leftover = { .kind = NET_LEFTOVER_MACVTAP };

	if (strncmp(link->name, NAT_NAME, strlen(NAT_NAME)) == 0)
		search->any_guest = true;
	if (strcmp(link->kind, "macvtap") != 0 || owner_state(link->alias) != OWNER_GONE)
		return;
	memcpy(leftover.interface, link->name, sizeof(leftover.interface));
	search->found(search->arg, &leftover);
}

static int look_for_tables(const struct search *search)
{
	static const char *const list[] = { "nft", "list", "tables", "inet", NULL };
	char tables[TABLES_BYTES];
	const struct command nft = {
		.argv = list, .timeout_ms = NFT_TIMEOUT_MS, .out = tables, .out_size = sizeof(tables)
	};
	int rc = command_run(&nft);

	if (rc == 0)
		look_at_tables(search, tables);
	if (rc == -ENOENT)
		return 0;
	return rc > 0 ? -EIO : rc;
}

int net_leftovers_each(net_leftover_found found, void *arg)
{
	struct search search = { .found = found, .arg = arg };
	int rc;

	if (geteuid() != 0)
		return -EPERM;
	rc = process_each(look_at_process, &search);
	if (rc == 0)
		rc = link_each(look_at_link, &search);
	if (rc == 0)
		rc = look_for_tables(&search);
	return rc;
}

/* It gives its address free as it ends, which somebody may be waiting for. */
static int end_dnsmasq(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = END_PAUSE_MS * 1000000L };
	char tap[IFNAMSIZ];

	if (kill(pid, SIGTERM) < 0)
		return errno == ESRCH ? 0 : -errno;
	for (unsigned int ms = 0; ms < END_MS; ms += END_PAUSE_MS) {
		if (!process_argument(pid, DNSMASQ, NAT_DNSMASQ_INTERFACE, tap, sizeof(tap)))
			return 0;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

int net_leftover_remove(const struct net_leftover *leftover)
{
	switch (leftover->kind) {
	case NET_LEFTOVER_DNSMASQ:
		return end_dnsmasq(leftover->pid);
	case NET_LEFTOVER_TABLE:
		return nat_table_remove(leftover->interface);
	case NET_LEFTOVER_FORWARDING:
		return nat_forwarding_forget(leftover->interface);
	case NET_LEFTOVER_MACVTAP:
		return link_remove((int)if_nametoindex(leftover->interface));
	}
	return -EINVAL;
}

void net_leftover_print(const struct net_leftover *leftover, char text[NET_LEFTOVER_TEXT_BYTES])
{
	static const char *const what[] = {
		[NET_LEFTOVER_DNSMASQ] = "the dnsmasq of",
		[NET_LEFTOVER_TABLE] = "the nftables table inet",
		[NET_LEFTOVER_FORWARDING] = "the IPv4 forwarding of",
		[NET_LEFTOVER_MACVTAP] = "the macvtap interface",
	};

	snprintf(text, NET_LEFTOVER_TEXT_BYTES, "%s %s", what[leftover->kind], leftover->interface);
}

static void clear(void *arg, const struct net_leftover *leftover)
{
	char text[NET_LEFTOVER_TEXT_BYTES];
	int rc = net_leftover_remove(leftover);

	(void)arg;
	net_leftover_print(leftover, text);
	if (rc == 0)
		log_info("removed %s, which a killed VM had left", text);
	else
		log_warn("cannot remove %s, which a killed VM has left: %s", text, strerror(-rc));
}

void net_leftovers_clear(void)
{
	int rc = net_leftovers_each(clear, NULL);

	if (rc < 0)
		log_debug("cannot look for what killed VMs have left: %s", strerror(-rc));
}
