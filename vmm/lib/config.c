#include "vmm/lib/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/base/log.h"
#include "vmm/lib/config_disk.h"
#include "vmm/lib/config_net.h"

_Static_assert(MOTE_MAX_DISKS == MACHINE_MAX_DISKS, "the outer and the inner limit are one");
_Static_assert(MOTE_MAX_NETS == MACHINE_MAX_NETS, "the outer and the inner limit are one");
_Static_assert(MOTE_MAX_CPUS == MACHINE_MAX_CPUS, "the outer and the inner limit are one");

void mote_config_init(struct mote_config *config)
{
	*config = (struct mote_config){
		.memory_bytes = UINT64_C(512) << 20,
		.cpus = 1,
		.console = MOTE_CONSOLE_SERIAL,
		.console_in_fd = -1,
		.console_out_fd = -1,
	};
}

static int check_name(const struct mote_config *config, struct checked_config *out)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len;

	out->machine.name = out->name;
	if (!config->name) {
		snprintf(out->name, sizeof(out->name), "mote-%ld", (long)getpid());
		return 0;
	}
	len = strlen(config->name);
	/* The name will be a folder's name: no slash, no "..", nothing that looks like an option. */
	if (len < 1 || len > CONFIG_MAX_NAME_BYTES || strspn(config->name, allowed) != len || config->name[0] == '.' ||
	    config->name[0] == '-') {
		log_error("name '%.80s' is not possible: use 1 to %d letters, digits, '.', '_' and '-', and begin with "
			  "a letter, a digit or '_'",
			  config->name, CONFIG_MAX_NAME_BYTES);
		return -EINVAL;
	}
	memcpy(out->name, config->name, len + 1);
	return 0;
}

/* No kernel is named: the loader in the guest finds one. */
static int check_loader(const struct mote_config *config)
{
	if (config->nr_disks == 0) {
		log_error("no kernel is given and no disk to find one on: name a disk that holds a system, or the "
			  "kernel to start (a bzImage such as /boot/vmlinuz-*, or an ELF vmlinux)");
		return -EINVAL;
	}
	if (config->initrd) {
		log_error("an initrd is of no use without a kernel: the disk brings its own");
		return -EINVAL;
	}
	if (config->boot_menu && (config->console == MOTE_CONSOLE_NONE || config->console_in_fd < 0)) {
		log_error("a boot menu needs a console with input");
		return -EINVAL;
	}
	return 0;
}

static int check_kernel(const struct mote_config *config, struct checked_config *out)
{
	int rc = config->kernel ? 0 : check_loader(config);

	if (rc < 0)
		return rc;
	if (config->kernel && config->kernel[0] == '\0') {
		log_error("the kernel's name is empty: name a file, or leave it out and the disk's own is started");
		return -EINVAL;
	}
	if (config->initrd && config->initrd[0] == '\0') {
		log_error("the initrd's name is empty: name a file, or leave it out");
		return -EINVAL;
	}
	if (config->kernel && (config->boot_menu || config->boot_entry || config->inspect)) {
		log_error("boot entries are the disk's: they are of no use with a kernel that is named");
		return -EINVAL;
	}
	out->machine.kernel_path = config->kernel;
	out->machine.boot_entry = config->boot_entry;
	out->machine.boot_menu = config->boot_menu;
	out->machine.inspect = config->inspect;
	out->machine.initrd_path = config->initrd;
	out->machine.command_line = config->command_line ? config->command_line : "";
	out->machine.kaslr = !config->no_kaslr;
	out->machine.use_cache = !config->no_cache;
	return 0;
}

static int check_memory(const struct mote_config *config, struct checked_config *out)
{
	uint64_t asked = config->memory_bytes;

	if (asked < CONFIG_MIN_MEMORY_BYTES) {
		log_error("memory of %" PRIu64 " bytes is too little: at least %" PRIu64
			  " MiB are needed (sizes take K, M or G, as in 512M)",
			  asked, CONFIG_MIN_MEMORY_BYTES >> 20);
		return -EINVAL;
	}
	if (asked > CONFIG_MAX_MEMORY_BYTES) {
		log_error("memory of %" PRIu64 " MiB is too much: at most %" PRIu64 " GiB are possible", asked >> 20,
			  CONFIG_MAX_MEMORY_BYTES >> 30);
		return -EINVAL;
	}
	if (asked % CONFIG_MEMORY_STEP_BYTES != 0) {
		log_error("memory of %" PRIu64 " bytes is not a multiple of 1 MiB: the next smaller size is %" PRIu64
			  "M",
			  asked, asked >> 20);
		return -EINVAL;
	}
	out->machine.memory_bytes = asked;
	return 0;
}

static int check_cpus(const struct mote_config *config, struct checked_config *out)
{
	if (config->cpus < 1 || config->cpus > MOTE_MAX_CPUS) {
		log_error("%u CPUs are not possible: ask for 1 to %d", config->cpus, MOTE_MAX_CPUS);
		return -EINVAL;
	}
	out->machine.nr_cpus = config->cpus;
	return 0;
}

static int check_console_fd(int fd, const char *what)
{
	if (fd < -1 || (fd >= 0 && fcntl(fd, F_GETFD) < 0)) {
		log_error("the console's %s is descriptor %d, which is not open: give an open one, or -1 for none",
			  what, fd);
		return -EBADF;
	}
	return 0;
}

static int check_console(const struct mote_config *config, struct checked_config *out)
{
	static const enum machine_console inner[] = {
		[MOTE_CONSOLE_SERIAL] = MACHINE_CONSOLE_SERIAL,
		[MOTE_CONSOLE_HVC] = MACHINE_CONSOLE_HVC,
		[MOTE_CONSOLE_NONE] = MACHINE_CONSOLE_NONE,
	};
	int rc;

	if ((unsigned int)config->console >= sizeof(inner) / sizeof(inner[0])) {
		log_error("console kind %d does not exist: there are serial, hvc and none", (int)config->console);
		return -EINVAL;
	}
	rc = check_console_fd(config->console_in_fd, "input");
	if (rc < 0)
		return rc;
	rc = check_console_fd(config->console_out_fd, "output");
	if (rc < 0)
		return rc;
	out->machine.console = inner[config->console];
	out->machine.console_in_fd = config->console_in_fd;
	out->machine.console_out_fd = config->console_out_fd;
	out->machine.console_escape = config->console_escape;
	return 0;
}

static int check_disks(const struct mote_config *config, struct checked_config *out)
{
	if (config->nr_disks > MOTE_MAX_DISKS) {
		log_error("%u disks are too many: at most %d are possible", config->nr_disks, MOTE_MAX_DISKS);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < config->nr_disks; i++) {
		int rc = config_disk_build(config, i, &out->machine.disks[i]);

		if (rc < 0)
			return rc;
	}
	out->machine.nr_disks = config->nr_disks;
	return 0;
}

static int check_nets(const struct mote_config *config, struct checked_config *out)
{
	if (config->nr_nets > MOTE_MAX_NETS) {
		log_error("%u network interfaces are too many: at most %d are possible", config->nr_nets,
			  MOTE_MAX_NETS);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < config->nr_nets; i++) {
		int rc = config_net_build(config, out->name, i, &out->machine.nets[i]);

		if (rc < 0)
			return rc;
	}
	out->machine.nr_nets = config->nr_nets;
	return config_net_compare(&out->machine);
}

int config_build(const struct mote_config *config, struct checked_config *out)
{
	static int (*const checks[])(const struct mote_config *, struct checked_config *) = {
		check_name, check_kernel, check_memory, check_cpus, check_console, check_disks, check_nets,
	};

	*out = (struct checked_config){ 0 };
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int rc = checks[i](config, out);

		if (rc < 0)
			return rc;
	}
	return 0;
}
