#include "test/guest/boot_info.h"

#include <stddef.h>

#include "test/guest/power.h"
#include "test/guest/text.h"

struct boot_info boot_info;

/* Left by start.S. */
extern uint32_t boot_info_address;
extern uint32_t boot_info_protocol;

/* Xen's "x86/HVM direct boot ABI", version 1. */
#define PVH_MAGIC 0x336ec578
struct pvh_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modules;
	uint64_t command_line;
	uint64_t rsdp;
	uint64_t memory_map;
	uint32_t nr_memory_map;
	uint32_t reserved;
};
_Static_assert(sizeof(struct pvh_start_info) == 56, "hvm_start_info");

struct pvh_module {
	uint64_t address;
	uint64_t size_bytes;
	uint64_t command_line;
	uint64_t reserved;
};

struct pvh_range {
	uint64_t base;
	uint64_t size_bytes;
	uint32_t type;
	uint32_t reserved;
};

/* Linux boot protocol 2.15: offsets in boot_params. */
#define LINUX_RSDP 0x070
#define LINUX_NR_E820 0x1e8
#define LINUX_HEADER_MAGIC 0x202
#define LINUX_INITRD 0x218
#define LINUX_INITRD_BYTES 0x21c
#define LINUX_COMMAND_LINE 0x228
#define LINUX_E820 0x2d0

static void add_range(uint64_t base, uint64_t size_bytes, uint32_t type)
{
	if (boot_info.nr_ranges == BOOT_INFO_MAX_RANGES)
		power_panic("more than 32 memory ranges");
	boot_info.ranges[boot_info.nr_ranges++] = (struct boot_range){ base, size_bytes, type };
}

static void read_pvh(const struct pvh_start_info *info)
{
	const struct pvh_range *ranges = (const void *)info->memory_map;

	if (info->magic != PVH_MAGIC)
		power_panic("bad hvm_start_info magic");
	if (info->version < 1)
		power_panic("hvm_start_info without a memory map");
	boot_info.command_line = (const char *)info->command_line;
	boot_info.rsdp = info->rsdp;
	if (info->nr_modules > 0) {
		const struct pvh_module *module = (const void *)info->modules;

		boot_info.initrd = module->address;
		boot_info.initrd_bytes = module->size_bytes;
	}
	for (uint32_t i = 0; i < info->nr_memory_map; i++)
		add_range(ranges[i].base, ranges[i].size_bytes, ranges[i].type);
}

static uint64_t field(const uint8_t *params, size_t offset, size_t len)
{
	uint64_t value = 0;

	memcpy(&value, params + offset, len);
	return value;
}

static void read_linux(const uint8_t *params)
{
	if (field(params, LINUX_HEADER_MAGIC, 4) != 0x53726448) /* "HdrS" */
		power_panic("boot_params without a setup header");
	boot_info.command_line = (const char *)field(params, LINUX_COMMAND_LINE, 4);
	boot_info.rsdp = field(params, LINUX_RSDP, 8);
	boot_info.initrd = field(params, LINUX_INITRD, 4);
	boot_info.initrd_bytes = field(params, LINUX_INITRD_BYTES, 4);
	for (size_t i = 0; i < params[LINUX_NR_E820]; i++) {
		const uint8_t *entry = params + LINUX_E820 + 20 * i;

		add_range(field(entry, 0, 8), field(entry, 8, 8), (uint32_t)field(entry, 16, 4));
	}
}

void boot_info_read(void)
{
	boot_info.protocol = boot_info_protocol;
	if (boot_info_protocol == BOOT_INFO_PVH)
		read_pvh((const void *)(uint64_t)boot_info_address);
	else
		read_linux((const void *)(uint64_t)boot_info_address);
	if (boot_info.command_line == NULL)
		boot_info.command_line = "";
}
