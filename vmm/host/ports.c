#include "vmm/host/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"

void ports_print(const struct nic_forward *forward, char separator, char text[PORTS_TEXT_BYTES])
{
	char address[INET6_ADDRSTRLEN] = "";

	if (forward->family != 0)
		inet_ntop(forward->family, forward->address, address, sizeof(address));
	if (address[0] == '\0')
		snprintf(text, PORTS_TEXT_BYTES, "%u", forward->host_port);
	else
		snprintf(text, PORTS_TEXT_BYTES, "%s%c%u", address, separator, forward->host_port);
}

static int bind_to(int fd, const struct nic_forward *forward)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = { .in = { .sin_family = AF_INET, .sin_port = htons(forward->host_port) } };
	socklen_t len = sizeof(address.in);

	if (forward->family == AF_INET6) {
		address.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(forward->host_port) };
		memcpy(&address.in6.sin6_addr, forward->address, 16);
		len = sizeof(address.in6);
	} else if (forward->family == AF_INET) {
		memcpy(&address.in.sin_addr, forward->address, 4);
	}
	return bind(fd, &address.any, len) < 0 ? -errno : 0;
}

static void explain(const char *what, const struct nic_forward *forward, int rc)
{
	const char *protocol = forward->udp ? "UDP" : "TCP";
	char text[PORTS_TEXT_BYTES];

	ports_print(forward, ' ', text);
	switch (rc) {
	case -EADDRINUSE:
		log_error("%s: %s port %s of this host is in use: 'ss -lntup' shows by what; forward another one", what,
			  protocol, text);
		return;
	case -EADDRNOTAVAIL:
		log_error(
			"%s: cannot forward %s port %s: this host has no such address; 'ip address' shows those it has",
			what, protocol, text);
		return;
	case -EACCES:
		log_error("%s: no permission for %s port %s: forward one from %s on, or, as root, set "
			  "net.ipv4.ip_unprivileged_port_start",
			  what, protocol, text, "1024");
		return;
	default:
		log_error("%s: cannot forward %s port %s of this host: %s", what, protocol, text, strerror(-rc));
	}
}

int ports_claim(const char *what, const struct nic_forward *forward)
{
	int family = forward->family == AF_INET6 ? AF_INET6 : AF_INET;
	int fd, rc, on = 1;

	fd = socket(family, (forward->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	rc = fd < 0 ? -errno : 0;
	/* Connections of a former owner that are about to end don't count. For UDP this would let in others. */
	if (rc == 0 && !forward->udp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		rc = -errno;
	if (rc == 0)
		rc = bind_to(fd, forward);
	/* With SO_REUSEADDR others could bind too, until it listens; nobody gets so far as to be accepted. */
	if (rc == 0 && !forward->udp && listen(fd, 0) < 0)
		rc = -errno;
	if (rc < 0) {
		explain(what, forward, rc);
		fd_close(&fd);
		return rc;
	}
	return fd;
}

int ports_claim_all(const char *what, const struct nic_request *request, struct nic *nic)
{
	for (unsigned int i = 0; i < request->nr_forwards; i++) {
		int rc = ports_claim(what, &request->forwards[i]);

		if (rc < 0)
			return rc;
		nic->held[nic->nr_held++] = rc;
	}
	return 0;
}
