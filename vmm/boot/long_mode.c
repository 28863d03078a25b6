#include "vmm/boot/long_mode.h"

#include <errno.h>
#include <string.h>

#include "vmm/base/endian.h"
#include "vmm/boot/low.h"

#define TABLE_BYTES 4096
#define TABLE_ENTRIES 512
#define NR_DIRECTORIES 4 /* 1 GiB each */

#define PTE_PRESENT 0x01
#define PTE_WRITABLE 0x02
#define PTE_USER 0x04
#define PTE_LARGE 0x80 /* 2 MiB; 1 GiB pages would need less, but not every CPU has them */

#define SEGMENT_CODE64 0x00af9b000000ffffull /* present, ring 0, execute/read, accessed, 64-bit */
#define SEGMENT_CODE32 0x00cf9b000000ffffull /* the same, 32-bit, 4 GiB */
#define SEGMENT_DATA 0x00cf93000000ffffull /* present, ring 0, read/write, accessed, 4 GiB */

static int place_page_tables(const struct guest_memory *mem, gpa_t at, uint64_t flags)
{
	gpa_t pdpt = at + TABLE_BYTES;
	gpa_t directories = pdpt + TABLE_BYTES;
	le64 *entries = guest_memory_at(mem, at, (2 + NR_DIRECTORIES) * TABLE_BYTES);

	if (!entries)
		return -EFAULT;
	entries[0] = le64_make(pdpt | flags);
	entries += TABLE_ENTRIES;
	for (unsigned int i = 0; i < NR_DIRECTORIES; i++)
		entries[i] = le64_make((directories + i * TABLE_BYTES) | flags);
	entries += TABLE_ENTRIES;
	for (uint64_t i = 0; i < NR_DIRECTORIES * TABLE_ENTRIES; i++)
		entries[i] = le64_make(i << 21 | flags | PTE_LARGE);
	return 0;
}

static int place_gdt(const struct boot_request *request, uint64_t code, struct boot_entry *entry)
{
	le64 gdt[BOOT_GDT_BYTES / sizeof(le64)] = {
		[BOOT_GDT_CS / sizeof(le64)] = le64_make(code),
		[BOOT_GDT_DS / sizeof(le64)] = le64_make(SEGMENT_DATA),
	};

	entry->gdt = request->low_base + LOW_GDT;
	return guest_memory_write(request->memory, entry->gdt, gdt, sizeof(gdt));
}

int long_mode_place(const struct boot_request *request, struct boot_entry *entry, bool for_user)
{
	int ret = place_gdt(request, SEGMENT_CODE64, entry);

	if (ret)
		return ret;
	entry->page_tables = request->low_base + LOW_PAGE_TABLES;
	return place_page_tables(request->memory, entry->page_tables,
				 PTE_PRESENT | PTE_WRITABLE | (for_user ? PTE_USER : 0));
}

int protected_mode_place(const struct boot_request *request, struct boot_entry *entry)
{
	return place_gdt(request, SEGMENT_CODE32, entry);
}
