#include "vmm/host/subnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define SHORTEST_PREFIX 8

/* The ranges of RFC 1918, without the parts of 10.0.0.0/8 and 192.168.0.0/16 that every other router is set up with,
 * and how many candidates each gives. */
static const struct range {
	uint32_t first, last; /* /24 networks: an address without its last byte */
	unsigned int nr;
} ranges[] = {
	{ 0x0a4000, 0x0affff, 48 }, /* 10.64.0.0 to 10.255.255.0 */
	{ 0xac1000, 0xac1fff, 8 }, /* 172.16.0.0/12 */
	{ 0xc0a864, 0xc0a8fe, 8 }, /* 192.168.100.0 to 192.168.254.0 */
};

/* The next number of a sequence that goes through all 2^32 of them. */
static uint32_t next(uint32_t *state)
{
	*state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
	/* The low bits repeat themselves soon. */
	return *state >> 8;
}

void subnet_make_up(const uint8_t identity[IDENTITY_BYTES], struct subnet_candidates *candidates)
{
	unsigned int nr = 0;
	uint32_t state;

	memcpy(&state, identity, sizeof(state));
	*candidates = (struct subnet_candidates){ .taken = { false } };
	for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		uint32_t size = ranges[r].last - ranges[r].first + 1;

		for (unsigned int i = 0; i < ranges[r].nr; i++)
			candidates->bases[nr++] = (ranges[r].first + next(&state) % size) << 8;
	}
}

static bool overlap(uint32_t base, const struct route *route)
{
	unsigned int common = route->prefix_len < SUBNET_PREFIX_LEN ? route->prefix_len : SUBNET_PREFIX_LEN;

	return (base ^ route->base) >> (32 - common) == 0;
}

void subnet_strike_out(struct subnet_candidates *candidates, const struct route *route)
{
	if (route->prefix_len < SHORTEST_PREFIX)
		return;
	for (unsigned int i = 0; i < SUBNET_CANDIDATES; i++)
		candidates->taken[i] |= overlap(candidates->bases[i], route);
}

static void look_at(void *arg, const struct route *route)
{
	subnet_strike_out(arg, route);
}

int subnet_choose(const char *vm_name, unsigned int index, struct subnet *out)
{
	struct subnet_candidates candidates;
	uint8_t identity[IDENTITY_BYTES];
	int rc;

	identity_of_nic("network", vm_name, index, identity);
	subnet_make_up(identity, &candidates);
	rc = route_each(look_at, &candidates);
	if (rc < 0)
		return rc;
	/* RFC 4193, 3.1: fd, 40 bits that are made up, and a subnet's 16. */
	*out = (struct subnet){ .base6 = { 0xfd } };
	memcpy(out->base6 + 1, identity + sizeof(uint32_t), 7);
	for (unsigned int i = 0; i < SUBNET_CANDIDATES; i++) {
		if (!candidates.taken[i]) {
			out->base = candidates.bases[i];
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

void subnet_address(const struct subnet *subnet, unsigned int host, uint8_t address[4])
{
	uint32_t wire = htonl(subnet->base | host);

	memcpy(address, &wire, sizeof(wire));
}

void subnet_print(const struct subnet *subnet, unsigned int host, char text[SUBNET_TEXT_BYTES])
{
	uint8_t address[4];

	subnet_address(subnet, host, address);
	inet_ntop(AF_INET, address, text, SUBNET_TEXT_BYTES);
}

void subnet_address6(const struct subnet *subnet, unsigned int host, uint8_t address[16])
{
	memcpy(address, subnet->base6, 16);
	address[15] = (uint8_t)host;
}

void subnet_print6(const struct subnet *subnet, unsigned int host, char text[SUBNET_TEXT_BYTES])
{
	uint8_t address[16];

	subnet_address6(subnet, host, address);
	inet_ntop(AF_INET6, address, text, SUBNET_TEXT_BYTES);
}
