/* What else mote can use on this host, besides KVM. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/host/setting.h"
#include "vmm/lib/doctor.h"

#define LIBAIO_LOW_REQUESTS 1024
#define MEMORY_LOW_KIB (UINT64_C(512) << 10)

static void find_io_uring_refused(struct doctor *doctor, int error)
{
	static const char subject[] = "io_uring";
	long disabled = setting_read("/proc/sys/kernel/io_uring_disabled", 0);

	if (error == ENOSYS)
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "use a kernel with CONFIG_IO_URING, or let the container's seccomp profile permit it; "
			    "until then "
			    "disks use libaio",
			    "not there");
	else if (disabled != 0)
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "permit it: sysctl kernel.io_uring_disabled=0; until then disks use libaio",
			    "switched off by kernel.io_uring_disabled=%ld", disabled);
	else
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    error == ENOMEM
				    ? "raise the limit: ulimit -l unlimited; until then disks use libaio"
				    : "let the container's seccomp profile permit io_uring_setup; until then disks "
				      "use libaio",
			    "refused: %s", strerror(error));
}

void doctor_check_io_uring(struct doctor *doctor)
{
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 1, &params);

	if (fd < 0) {
		find_io_uring_refused(doctor, errno);
		return;
	}
	fd_close(&fd);
	doctor_find(doctor, MOTE_OK, "io_uring", NULL, "permitted");
}

void doctor_check_libaio(struct doctor *doctor)
{
	static const char subject[] = "libaio";
	static const char raise_limit[] = "raise the limit: sysctl fs.aio-max-nr=1048576";
	long max = setting_read("/proc/sys/fs/aio-max-nr", 0), used = setting_read("/proc/sys/fs/aio-nr", 0);
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 1, &context) < 0) {
		if (errno == EAGAIN)
			doctor_find(doctor, MOTE_DEGRADED, subject, raise_limit,
				    "all of fs.aio-max-nr=%ld requests are taken", max);
		else
			doctor_find(doctor, MOTE_DEGRADED, subject,
				    "use a kernel with CONFIG_AIO; it matters where io_uring is refused", "refused: %s",
				    strerror(errno));
		return;
	}
	syscall(SYS_io_destroy, context);
	if (max - used < LIBAIO_LOW_REQUESTS)
		doctor_find(doctor, MOTE_DEGRADED, subject, raise_limit,
			    "only %ld of fs.aio-max-nr=%ld requests are free", max - used, max);
	else
		doctor_find(doctor, MOTE_OK, subject, NULL, "permitted, %ld of %ld requests free", max - used, max);
}

void doctor_check_userfaultfd(struct doctor *doctor)
{
	static const char subject[] = "userfaultfd";
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	/* Since Linux 6.1 also by device, with the device's permissions. */
	if (fd < 0 && errno == EPERM) {
		int device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);

		if (device >= 0) {
			fd_close(&device);
			doctor_find(doctor, MOTE_OK, subject, NULL, "permitted through /dev/userfaultfd");
			return;
		}
		errno = EPERM;
	}
	if (fd >= 0) {
		fd_close(&fd);
		doctor_find(doctor, MOTE_OK, subject, NULL, "permitted");
	} else if (errno == EPERM) {
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "permit it: sysctl vm.unprivileged_userfaultfd=1, or give access to /dev/userfaultfd",
			    "not permitted to this user");
	} else {
		doctor_find(doctor, MOTE_DEGRADED, subject, "use a kernel with CONFIG_USERFAULTFD", "not there: %s",
			    strerror(errno));
	}
}

void doctor_check_huge_pages(struct doctor *doctor)
{
	static const char subject[] = "huge pages";
	static const char path[] = "/sys/kernel/mm/transparent_hugepage/enabled";
	char choices[128];

	if (fd_read_text(path, choices, sizeof(choices)) < 0) {
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "use a kernel with CONFIG_TRANSPARENT_HUGEPAGE; without, guests take more page faults",
			    "the kernel has no transparent huge pages");
		return;
	}
	choices[strcspn(choices, "\n")] = '\0';
	if (doctor_choice_is(choices, "never"))
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "permit them: echo madvise >/sys/kernel/mm/transparent_hugepage/enabled",
			    "transparent huge pages are off, so guests take more page faults");
	else
		doctor_find(doctor, MOTE_OK, subject, NULL, "transparent: %s", choices);
}

void doctor_check_lvm(struct doctor *doctor)
{
	static const char subject[] = "LVM";
	const char *path = getenv("PATH");
	bool found = true;

	for (unsigned int i = 0; i < 3 && found; i++) {
		static const char *const tools[] = { "lvs", "vgs", "lvcreate" };

		/* Root's folders are often not in a user's PATH. */
		found = (path && doctor_program_exists(path, tools[i])) ||
			doctor_program_exists("/usr/sbin:/sbin", tools[i]);
	}
	if (!found)
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "to keep disks in logical volumes, install its tools: apt-get install lvm2",
			    "lvs, vgs or lvcreate is not installed");
	else if (access("/dev/mapper/control", F_OK) < 0)
		doctor_find(doctor, MOTE_DEGRADED, subject, "load the module: modprobe dm_mod",
			    "the tools are installed, but the kernel has no device-mapper");
	else
		doctor_find(doctor, MOTE_OK, subject, NULL, "tools and device-mapper are there");
}

void doctor_check_memory(struct doctor *doctor)
{
	static const char subject[] = "memory";
	char meminfo[4096];
	uint64_t available, total;

	if (fd_read_text("/proc/meminfo", meminfo, sizeof(meminfo)) < 0) {
		doctor_find(doctor, MOTE_DEGRADED, subject, "mount /proc", "unknown: /proc/meminfo can't be read");
		return;
	}
	available = doctor_meminfo_kib(meminfo, "MemAvailable:");
	total = doctor_meminfo_kib(meminfo, "MemTotal:");
	if (available < MEMORY_LOW_KIB)
		doctor_find(doctor, MOTE_DEGRADED, subject,
			    "end something, or start VMs with less than the default: --memory 128M",
			    "only %" PRIu64 " MiB of %" PRIu64 " MiB are available", available >> 10, total >> 10);
	else
		doctor_find(doctor, MOTE_OK, subject, NULL, "%" PRIu64 " MiB of %" PRIu64 " MiB are available",
			    available >> 10, total >> 10);
}
