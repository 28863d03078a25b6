/* Any file as --kernel: boot_load() must refuse it or load it, within a small guest's memory and a short time. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/boot/boot.h"

#define RAM_BYTES (32ull << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void ignore_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static struct guest_memory *memory_once(void)
{
	static struct guest_memory memory;
	const struct guest_region ram = { .base = 0, .size_bytes = RAM_BYTES };

	if (memory.nr_regions == 0 && guest_memory_create(&ram, 1, &memory))
		abort();
	(void)madvise(memory.regions[0].host, RAM_BYTES, MADV_DONTNEED);
	log_set_sink(ignore_line, NULL);
	return &memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct boot_e820 e820[] = {
		{ 0, 0x9fc00, BOOT_E820_RAM },
		{ 0x100000, RAM_BYTES - 0x100000, BOOT_E820_RAM },
	};
	struct boot_request request = {
		.memory = memory_once(),
		.kernel_path = "kernel",
		.kernel_fd = memfd_create("kernel", MFD_CLOEXEC),
		.initrd_fd = -1,
		.command_line = "quiet",
		.kaslr = len % 2,
		.e820 = e820,
		.nr_e820 = 2,
		.low_base = 0x10000,
		.low_size_bytes = BOOT_LOW_BYTES,
	};
	struct boot_keep *keep;
	struct boot_entry entry;

	if (request.kernel_fd < 0 || fd_pwrite_full(request.kernel_fd, data, len, 0))
		abort();
	/* What it accepts, it must have placed inside of memory. */
	if (boot_load(&request, &entry, &keep) == 0 && !guest_memory_at(request.memory, entry.rip, 1))
		abort();
	boot_keep_finish(keep);
	fd_close(&request.kernel_fd);
	return 0;
}
