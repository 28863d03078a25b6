#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/arch/x86_64/layout.h"
#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/machine/address_map.h"
#include "vmm/machine/command_line.h"
#include "vmm/machine/parts.h"

static int open_file(const char *what, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		fd = -errno;
		log_error("cannot open the %s '%s': %s", what, path, strerror(-fd));
	}
	return fd;
}

const char *machine_console_device(enum machine_console console)
{
	switch (console) {
	case MACHINE_CONSOLE_SERIAL:
		return "ttyS0";
	case MACHINE_CONSOLE_HVC:
		return "hvc0";
	case MACHINE_CONSOLE_NONE:
		break;
	}
	return NULL;
}

struct boot_request machine_boot_request(struct machine *machine, gpa_t rsdp, struct boot_e820 map[BOOT_E820_MAX])
{
	return (struct boot_request){
		.memory = &machine->memory,
		.kernel_fd = -1,
		.initrd_fd = -1,
		.rsdp = rsdp,
		.e820 = map,
		.nr_e820 = address_map_fill(&machine->memory, map),
		.low_base = LAYOUT_BOOT_BASE,
		.low_size_bytes = LAYOUT_BOOT_SIZE,
	};
}

int machine_load_kernel(struct machine *machine, const struct machine_config *config, gpa_t rsdp,
			struct boot_entry *entry)
{
	struct boot_e820 map[BOOT_E820_MAX];
	struct boot_request request = machine_boot_request(machine, rsdp, map);
	char *command_line = NULL;
	int rc;

	rc = command_line_build(config->command_line, machine_console_device(config->console), &command_line);
	if (rc < 0)
		return rc;
	request.command_line = command_line;
	request.kernel_path = config->kernel_path;
	request.initrd_path = config->initrd_path;
	request.kaslr = config->kaslr;
	request.use_cache = config->use_cache;
	rc = open_file("kernel", config->kernel_path);
	if (rc < 0)
		goto free_line;
	request.kernel_fd = rc;
	if (config->initrd_path) {
		rc = open_file("initrd", config->initrd_path);
		if (rc < 0)
			goto close_files;
		request.initrd_fd = rc;
	}
	rc = boot_load(&request, entry, &machine->prepare.keep);

close_files:
	fd_close(&request.initrd_fd);
	fd_close(&request.kernel_fd);
free_line:
	free(command_line);
	return rc;
}
