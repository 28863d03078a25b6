/* What a guest's network interface is made of on the host: descriptors that carry its frames, and whatever had to be
 * set up for them.
 *
 * Theory of operation. A request names one of the kinds below; nic_open() makes what is needed and hands out the
 * descriptors. What the kernel takes away by itself when they are closed (a tap that is not persistent, with its
 * addresses, routes and its place in a bridge) needs no more; what would outlive the process is made by the VM's
 * janitor, which removes it however the VM ends. So nic_close() closes descriptors, and nothing else. */
#ifndef VMM_HOST_NIC_H
#define VMM_HOST_NIC_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/host/mac.h"

#define NIC_MAX_PAIRS 16
#define NIC_MAX_FORWARDS 16

enum nic_kind {
	NIC_TAP, /* an interface of this name, existing or made for the run */
	NIC_TAP_FDS, /* descriptors that somebody else has opened */
	NIC_BRIDGE, /* a tap that is made a port of the bridge */
	NIC_MACVTAP, /* a macvtap interface, or one that is made on an ordinary interface */
	NIC_NAT, /* a network of its own behind the host */
	NIC_USER, /* the same by passt(1), without root */
};

/* A port of the host whose connections or datagrams go to the guest. */
struct nic_forward {
	bool udp;
	uint8_t family; /* of the address: AF_INET, AF_INET6; 0: every address of the host */
	uint8_t address[16];
	uint16_t host_port;
	uint16_t guest_port;
};

struct host_janitor;

/* The strings stay the caller's. */
struct nic_request {
	enum nic_kind kind;
	const char *name; /* of the tap, bridge or lower interface */
	const int *fds; /* TAP_FDS: nr_pairs of them, which are copied */
	unsigned int nr_pairs; /* 1 to NIC_MAX_PAIRS */
	uint32_t mtu; /* 0: what the interface has, or fits */
	uint8_t mac[MAC_BYTES]; /* the guest's */
	bool mac_is_derived; /* and not asked for: a macvtap interface that exists keeps its own */
	unsigned int nr_forwards;
	struct nic_forward forwards[NIC_MAX_FORWARDS];
	const char *vm_name;
	unsigned int index; /* of the NIC in its VM */
	struct host_janitor *janitor; /* NAT, MACVTAP */
};

struct nic {
	enum nic_kind kind;
	int fds[NIC_MAX_PAIRS]; /* one a pair: of a tap or macvtap; USER: one stream socket. The first nr_fds */
	unsigned int nr_fds;
	char interface[IFNAMSIZ]; /* on the host; "" if it is not known or there is none */
	uint32_t mtu; /* that the guest should keep to; 0: not known */
	uint8_t mac[MAC_BYTES]; /* the guest's */
	int held[NIC_MAX_FORWARDS]; /* sockets that keep the forwarded ports from others */
	unsigned int nr_held;
};

/* Whether a NIC of this kind needs a janitor. */
bool nic_needs_janitor(enum nic_kind kind);

/* Makes it. 0, or a negative errno after one line that says what to do, with nothing left behind but what the janitor
 * knows of. Blocks for as long as the programs run that NAT and USER need. Control thread. */
__attribute__((warn_unused_result)) int nic_open(const struct nic_request *request, struct nic *out);

/* Closes what descriptors are left; those that were handed on are to be set to -1. Takes a zeroed one. */
void nic_close(struct nic *nic);

#endif
