#include "vmm/boot/linux.h"

#include <errno.h>
#include <string.h>

#include "vmm/boot/cmdline.h"
#include "vmm/boot/entropy.h"
#include "vmm/boot/linux_abi.h"
#include "vmm/boot/long_mode.h"
#include "vmm/boot/low.h"

#define VERSION_INITRD_MAX 0x0203
#define VERSION_CMDLINE_SIZE 0x0206
#define VERSION_2_15 0x020f

#define OLD_INITRD_MAX 0x37ffffff /* boot protocol 2.02 and older */
#define OLD_CMDLINE_SIZE 255

#define SEED_BYTES 32

struct rng_seed {
	struct linux_setup_data head;
	uint8_t seed[SEED_BYTES];
};

uint64_t linux_cmdline_limit(const struct bzimage *bz)
{
	if (!bz)
		return CMDLINE_DEFAULT_LIMIT;
	if (bz->version < VERSION_CMDLINE_SIZE || le32_get(bz->hdr.cmdline_size) == 0)
		return OLD_CMDLINE_SIZE;
	return le32_get(bz->hdr.cmdline_size);
}

gpa_t linux_initrd_limit(const struct bzimage *bz)
{
	if (!bz)
		return PLACE_LIMIT;
	if (bz->version < VERSION_INITRD_MAX)
		return OLD_INITRD_MAX + 1ull;
	return (gpa_t)le32_get(bz->hdr.initrd_addr_max) + 1;
}

/* What a loader would have found in the bzImage that this vmlinux was never wrapped in. */
static struct linux_setup_header plain_header(void)
{
	return (struct linux_setup_header){
		.boot_flag = le16_make(LINUX_BOOT_FLAG),
		.header = le32_make(LINUX_HEADER_MAGIC),
		.version = le16_make(VERSION_2_15),
		.loadflags = LINUX_LOADFLAG_LOADED_HIGH,
		.cmdline_size = le32_make(CMDLINE_DEFAULT_LIMIT),
	};
}

static int fill_e820(const struct boot_request *request, struct linux_boot_params *params)
{
	if (request->nr_e820 > LINUX_E820_ENTRIES)
		return -EINVAL;
	for (unsigned int i = 0; i < request->nr_e820; i++) {
		const struct boot_e820 *e = &request->e820[i];

		params->e820_table[i] = (struct linux_e820_entry){
			.addr = le64_make(e->base),
			.size = le64_make(e->size_bytes),
			.type = le32_make(e->type),
		};
	}
	params->e820_entries = (uint8_t)request->nr_e820;
	return 0;
}

/* With a seed from the host the guest's random numbers are good before any device is. Kernels before 6.0 skip it. */
static int place_seed(const struct boot_request *request, gpa_t *at)
{
	struct rng_seed data = {
		.head = { .type = le32_make(LINUX_SETUP_RNG_SEED), .len = le32_make(SEED_BYTES) },
	};
	int ret;

	ret = entropy_fill(data.seed, sizeof(data.seed));
	if (ret)
		return ret;
	*at = request->low_base + LOW_SETUP_DATA;
	ret = guest_memory_write(request->memory, *at, &data, sizeof(data));
	explicit_bzero(&data, sizeof(data));
	return ret;
}

int linux_place(const struct boot_request *request, const struct linux_start *start, struct boot_entry *entry)
{
	struct linux_boot_params params = { 0 };
	struct linux_setup_header *hdr = &params.hdr;
	bool is_32bit = start->bz && start->bz->is_32bit;
	gpa_t seed;
	int ret;

	ret = fill_e820(request, &params);
	if (ret)
		return ret;
	ret = place_seed(request, &seed);
	if (ret)
		return ret;

	*hdr = start->bz ? start->bz->hdr : plain_header();
	hdr->type_of_loader = LINUX_LOADER_UNREGISTERED;
	hdr->loadflags &= (uint8_t)~LINUX_LOADFLAG_KASLR;
	if (start->is_randomised)
		hdr->loadflags |= LINUX_LOADFLAG_KASLR;
	hdr->code32_start = le32_make((uint32_t)start->rip);
	hdr->setup_data = le64_make(seed);
	hdr->cmd_line_ptr = le32_make((uint32_t)start->command_line);
	params.ext_cmd_line_ptr = le32_make((uint32_t)(start->command_line >> 32));
	hdr->ramdisk_image = le32_make((uint32_t)start->initrd.base);
	params.ext_ramdisk_image = le32_make((uint32_t)(start->initrd.base >> 32));
	hdr->ramdisk_size = le32_make((uint32_t)start->initrd.size_bytes);
	params.ext_ramdisk_size = le32_make((uint32_t)(start->initrd.size_bytes >> 32));
	params.acpi_rsdp_addr = le64_make(request->rsdp);

	*entry = (struct boot_entry){
		.protocol = is_32bit ? BOOT_LINUX32 : BOOT_LINUX64,
		.rip = start->rip,
		.info = request->low_base + LOW_INFO,
	};
	ret = guest_memory_write(request->memory, entry->info, &params, sizeof(params));
	if (ret)
		return ret;
	return is_32bit ? protected_mode_place(request, entry) : long_mode_place(request, entry, false);
}
