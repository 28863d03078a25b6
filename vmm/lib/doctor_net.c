/* What mote can use of this host's networking. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/host/command.h"
#include "vmm/lib/doctor.h"

void doctor_check_tun(struct doctor *doctor)
{
	static const char subject[] = "/dev/net/tun";
	int fd = open(subject, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		fd_close(&fd);
		doctor_find(doctor, MOTE_OK, subject, NULL, "present and permitted");
		return;
	}
	if (errno == EACCES || errno == EPERM)
		doctor_find(doctor, MOTE_DEGRADED, subject, "permit it: chmod 0666 /dev/net/tun",
			    "not permitted to this user");
	else
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "load the module: modprobe tun (in a container, pass the device in: --device /dev/net/tun)",
			    "can't be opened: %s", strerror(errno));
}

static bool is_installed(const char *program)
{
	char path[4096];

	return command_find(program, path, sizeof(path)) == 0;
}

void doctor_check_passt(struct doctor *doctor)
{
	static const char subject[] = "passt";

	if (is_installed("passt"))
		doctor_find(doctor, MOTE_OK, subject, NULL, "installed, for --net user");
	else
		doctor_find(doctor, MOTE_DEGRADED, subject, "install it, for --net user: apt-get install passt",
			    "not installed");
}

void doctor_check_nat(struct doctor *doctor)
{
	static const char subject[] = "nat";
	bool nft = is_installed("nft"), dnsmasq = is_installed("dnsmasq");

	if (nft && dnsmasq)
		doctor_find(doctor, MOTE_OK, subject, NULL, "nft and dnsmasq are installed, for --net nat");
	else
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "install what is missing, for --net nat: apt-get install nftables dnsmasq-base",
			    "%s not installed",
			    nft	      ? "dnsmasq is"
			    : dnsmasq ? "nft is"
				      : "nft and dnsmasq are");
}

void doctor_check_vhost(struct doctor *doctor)
{
	static const char subject[] = "/dev/vhost-net";

	if (access(subject, R_OK | W_OK) == 0)
		doctor_find(doctor, MOTE_OK, subject, NULL, "present and permitted, for vhost=on");
	else if (errno == EACCES || errno == EPERM)
		doctor_find(doctor, MOTE_OK, subject, NULL, "not permitted to this user, so no vhost=on");
	else
		doctor_find(doctor, MOTE_OK, subject, NULL, "not there, so no vhost=on (modprobe vhost_net)");
}
