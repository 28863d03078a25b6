#include "vmm/boot/pvh.h"

#include <errno.h>
#include <stddef.h>

#include "vmm/base/endian.h"
#include "vmm/boot/low.h"

#define START_INFO_MAGIC 0x336ec578
#define START_INFO_VERSION 1

struct pvh_start_info {
	le32 magic;
	le32 version;
	le32 flags;
	le32 nr_modules;
	le64 modlist_paddr;
	le64 cmdline_paddr;
	le64 rsdp_paddr;
	le64 memmap_paddr;
	le32 memmap_entries;
	le32 reserved;
};

struct pvh_module {
	le64 paddr;
	le64 size;
	le64 cmdline_paddr;
	le64 reserved;
};

struct pvh_memory {
	le64 addr;
	le64 size;
	le32 type; /* as in E820 */
	le32 reserved;
};

struct pvh_page {
	struct pvh_start_info info;
	struct pvh_module initrd;
	struct pvh_memory memory[BOOT_E820_MAX];
};

_Static_assert(sizeof(struct pvh_start_info) == 56, "start_info.h");
_Static_assert(sizeof(struct pvh_module) == 32, "start_info.h");
_Static_assert(sizeof(struct pvh_memory) == 24, "start_info.h");
_Static_assert(sizeof(struct pvh_page) <= LOW_GDT - LOW_INFO, "fits its page");

int pvh_place(const struct boot_request *request, gpa_t rip, gpa_t command_line, const struct initrd *initrd,
	      struct boot_entry *entry)
{
	gpa_t at = request->low_base + LOW_INFO;
	struct pvh_page page = {
		.info = {
			.magic = le32_make(START_INFO_MAGIC),
			.version = le32_make(START_INFO_VERSION),
			.cmdline_paddr = le64_make(command_line),
			.rsdp_paddr = le64_make(request->rsdp),
			.memmap_paddr = le64_make(at + offsetof(struct pvh_page, memory)),
			.memmap_entries = le32_make(request->nr_e820),
		},
	};

	if (request->nr_e820 > BOOT_E820_MAX)
		return -EINVAL;
	if (initrd->size_bytes) {
		page.info.nr_modules = le32_make(1);
		page.info.modlist_paddr = le64_make(at + offsetof(struct pvh_page, initrd));
		page.initrd.paddr = le64_make(initrd->base);
		page.initrd.size = le64_make(initrd->size_bytes);
	}
	for (unsigned int i = 0; i < request->nr_e820; i++) {
		page.memory[i].addr = le64_make(request->e820[i].base);
		page.memory[i].size = le64_make(request->e820[i].size_bytes);
		page.memory[i].type = le32_make(request->e820[i].type);
	}
	*entry = (struct boot_entry){ .protocol = BOOT_PVH, .rip = rip, .info = at };
	return guest_memory_write(request->memory, at, &page, sizeof(page));
}
