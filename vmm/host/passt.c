#include "vmm/host/passt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/host/command.h"

#define START_TIMEOUT_MS 10000
/* Dozens of the largest frames. */
#define SOCKET_BYTES (4 << 20)
#define RESOLV_CONF "/etc/resolv.conf"

bool passt_resolver_is_local(char *resolv_conf)
{
	char *line, *word;

	while ((line = strsep(&resolv_conf, "\n")) != NULL) {
		word = strsep(&line, " \t");
		if (strcmp(word, "nameserver") != 0 || !line)
			continue;
		line += strspn(line, " \t");
		if (strncmp(line, "127.", 4) == 0 || strncmp(line, "::1", 3) == 0)
			return true;
	}
	return false;
}

void passt_fill_words(const struct nic_request *request, uint32_t mtu, bool gateway_is_host, struct passt_words *words)
{
	bool any_udp = false;
	unsigned int nr = 0;

	words->argv[nr++] = "passt";
	words->argv[nr++] = "--quiet";
	words->argv[nr++] = "--fd";
	words->argv[nr++] = "3";
	words->argv[nr++] = "--mtu";
	words->argv[nr++] = words->mtu;
	snprintf(words->mtu, sizeof(words->mtu), "%u", mtu);
	/* Else a gateway that is the resolver too, as home routers are, could not be reached; and what listens on this
	 * host's loopback is none of the guest's business. */
	if (!gateway_is_host)
		words->argv[nr++] = "--no-map-gw";
	for (unsigned int i = 0; i < request->nr_forwards; i++) {
		const struct nic_forward *forward = &request->forwards[i];
		char host[PORTS_TEXT_BYTES];

		ports_print(forward, '/', host);
		snprintf(words->forwards[i], sizeof(words->forwards[i]), "%s:%u", host, forward->guest_port);
		words->argv[nr++] = forward->udp ? "--udp-ports" : "--tcp-ports";
		words->argv[nr++] = words->forwards[i];
		any_udp |= forward->udp;
	}
	/* Or else the datagrams to each forwarded TCP port would be forwarded too. */
	if (request->nr_forwards > 0 && !any_udp) {
		words->argv[nr++] = "--udp-ports";
		words->argv[nr++] = "none";
	}
	words->argv[nr] = NULL;
}

/* The last line that passt wrote says why it gave up, except for its troubles with the system's log. */
static const char *last_word(char *text)
{
	const char *last = "";
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		if (line[0] != '\0' && strncmp(line, "Failed to send", strlen("Failed to send")) != 0)
			last = line;
	}
	return last;
}

static void explain(int rc, char *err)
{
	const char *word = last_word(err);

	if (rc == -ENOENT)
		log_error("net user: passt is not installed: apt-get install passt");
	else if (rc < 0)
		log_error("net user: cannot run passt: %s", strerror(-rc));
	else if (strstr(word, "External interface not usable"))
		log_error("net user: passt finds no way out for the guest: this host has no default route ('ip route' "
			  "shows "
			  "them)");
	else
		log_error("net user: passt gave up: %.300s", word[0] != '\0' ? word : "it does not say why");
}

/* Frames that find no room on their way to the guest passt throws away, for TCP to notice and to send again: by default
 * there is room for three. The other way mote waits for room, less often with more. Without privilege it becomes what
 * net.core.wmem_max allows, twice as much. */
static void widen(int fd)
{
	static const int bytes = SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

int passt_start(const struct nic_request *request, uint32_t mtu)
{
	struct passt_words words;
	struct command passt = { .argv = words.argv, .timeout_ms = START_TIMEOUT_MS };
	char err[4096] = "", resolv_conf[4096] = "";
	int ends[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		rc = -errno;
		log_error("net user: cannot make a socket for passt: %s", strerror(-rc));
		return rc;
	}
	widen(ends[0]);
	widen(ends[1]);
	/* If it can't be read, passt can't either. */
	if (fd_read_text(RESOLV_CONF, resolv_conf, sizeof(resolv_conf)) < 0)
		resolv_conf[0] = '\0';
	passt_fill_words(request, mtu, passt_resolver_is_local(resolv_conf), &words);
	passt.passed_fd = ends[1];
	passt.err = err;
	passt.err_size = sizeof(err);
	rc = command_run(&passt);
	fd_close(&ends[1]);
	if (rc != 0) {
		explain(rc, err);
		fd_close(&ends[0]);
		return rc < 0 ? rc : -EIO;
	}
	return ends[0];
}
