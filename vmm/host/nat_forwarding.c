#include "vmm/host/nat_forwarding.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "vmm/base/log.h"
#include "vmm/host/janitor.h"
#include "vmm/host/link.h"
#include "vmm/host/nat.h"
#include "vmm/host/nat_table.h"
#include "vmm/host/route.h"
#include "vmm/host/setting.h"

#define MAX_LINKS 16

#define MARK_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* In the words of sh(1): for the interfaces, and with the tap as $0. One VM at a time, for another's tap that is seen
 * here, or not, has to be there, or not, until this is done. */
#define LOCK "exec 9</proc/sys/net/ipv4/ip_forward && flock 9 || exit\n"
static const char switch_on[] = LOCK "for i; do\n"
				     "f=/proc/sys/net/ipv4/conf/$i/forwarding\n"
				     "[ \"$(cat \"$f\")\" = 0 ] || continue\n"
				     "nft \"add table inet " NAT_FORWARDING_MARK "$i\" || exit\n"
				     "echo 1 >\"$f\" || exit\n"
				     "done";
static const char switch_off[] = LOCK "for t in /proc/sys/net/ipv4/conf/" NAT_NAME "*; do\n"
				      "[ ! -e \"$t\" ] || [ \"${t##*/}\" = \"$0\" ] || exit 0\n"
				      "done\n"
				      "nft list tables inet | while read -r _ _ t; do\n"
				      "[ \"${t#" NAT_FORWARDING_MARK "}\" != \"$t\" ] || continue\n"
				      "f=/proc/sys/net/ipv4/conf/${t#" NAT_FORWARDING_MARK "}/forwarding\n"
				      "[ ! -e \"$f\" ] || echo 0 >\"$f\" || exit\n"
				      "nft \"delete table inet $t\" || exit\n"
				      "done";

struct uplinks {
	unsigned int nr;
	char names[MAX_LINKS][IFNAMSIZ];
};

static bool has(const struct uplinks *uplinks, const char *name)
{
	for (unsigned int i = 0; i < uplinks->nr; i++) {
		if (strcmp(uplinks->names[i], name) == 0)
			return true;
	}
	return false;
}

static void take_link(void *arg, const struct route *route)
{
	struct uplinks *uplinks = arg;
	char name[IFNAMSIZ], path[SETTING_PATH_BYTES];
	bool is_off;

	/* The taps of guests forward in any case. */
	if (route->is_local || route->link == 0 || !if_indextoname((unsigned int)route->link, name) ||
	    strncmp(name, NAT_NAME, strlen(NAT_NAME)) == 0 || strcmp(name, "lo") == 0 || has(uplinks, name) ||
	    setting_path("ipv4", name, "forwarding", path) < 0)
		return;
	is_off = setting_read(path, 1) == 0;
	if (strspn(name, MARK_CHARACTERS) != strlen(name) || uplinks->nr == MAX_LINKS) {
		if (is_off)
			log_warn("net nat: %s does not forward IPv4, so no answers come from there: sysctl "
				 "net.ipv4.ip_forward=1",
				 name);
		return;
	}
	if (is_off)
		log_info("net nat: %s forwards IPv4 from now on, for the answers to the guest", name);
	memcpy(uplinks->names[uplinks->nr++], name, IFNAMSIZ);
}

static int judge(int rc, const char *complaint)
{
	if (rc == 0)
		return 0;
	log_error("net nat: cannot make this host forward IPv4: %.200s; do it by hand: sysctl net.ipv4.ip_forward=1",
		  rc < 0 ? strerror(-rc) : complaint);
	return rc < 0 ? rc : -EIO;
}

int nat_forwarding_prepare(struct host_janitor *janitor, const char *tap)
{
	static const char *const make[] = { "true", NULL };
	const char *const undo[] = { "sh", "-c", switch_off, tap, NULL };
	char complaint[HOST_JANITOR_COMPLAINT_BYTES];

	return judge(host_janitor_make(janitor, make, undo, complaint), complaint);
}

int nat_forwarding_switch_on(struct host_janitor *janitor)
{
	const char *make[4 + MAX_LINKS + 1] = { "sh", "-c", switch_on, "sh" };
	static const char *const undo[] = { "true", NULL };
	char complaint[HOST_JANITOR_COMPLAINT_BYTES] = "";
	struct uplinks uplinks = { .nr = 0 };
	int rc;

	rc = route_each(take_link, &uplinks);
	for (unsigned int i = 0; i < uplinks.nr; i++)
		make[4 + i] = uplinks.names[i];
	if (rc == 0)
		rc = host_janitor_make(janitor, make, undo, complaint);
	return judge(rc, complaint);
}

static void take_default(void *arg, const struct route *route)
{
	int *link = arg;

	if (route->prefix_len == 0 && !route->is_local && route->link > 0 && *link == 0)
		*link = route->link;
}

int nat_forwarding_forget(const char *interface)
{
	char path[SETTING_PATH_BYTES], table[sizeof(NAT_FORWARDING_MARK) + IFNAMSIZ];
	int rc = setting_path("ipv4", interface, "forwarding", path);

	if (rc == 0)
		rc = setting_write(path, "0");
	/* An interface that is gone forwards nothing. */
	if (rc < 0 && rc != -ENOENT)
		return rc;
	snprintf(table, sizeof(table), NAT_FORWARDING_MARK "%s", interface);
	return nat_table_remove(table);
}

uint32_t nat_uplink_mtu(uint32_t missing)
{
	struct link link;
	int index = 0;

	if (route_each(take_default, &index) < 0 || index == 0 || link_find_by_index(index, &link) < 0)
		return missing;
	return link.mtu;
}
