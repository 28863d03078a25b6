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
#define PTE_LARGE 0x80 /* 2 MiB; 1 GiB pages would need less, but not every CPU has them */

#define SEGMENT_CODE64 0x00af9b000000ffffull /* present, ring 0, execute/read, accessed, 64-bit */
#define SEGMENT_DATA 0x00cf93000000ffffull /* present, ring 0, read/write, accessed, 4 GiB */

static int place_page_tables(const struct guest_memory *mem, gpa_t at)
{
	gpa_t pdpt = at + TABLE_BYTES;
	gpa_t directories = pdpt + TABLE_BYTES;
	le64 *entries = guest_memory_at(mem, at, (2 + NR_DIRECTORIES) * TABLE_BYTES);

	if (!entries)
		return -EFAULT;
	entries[0] = le64_make(pdpt | PTE_PRESENT | PTE_WRITABLE);
	entries += TABLE_ENTRIES;
	for (unsigned int i = 0; i < NR_DIRECTORIES; i++)
		entries[i] = le64_make((directories + i * TABLE_BYTES) | PTE_PRESENT | PTE_WRITABLE);
	entries += TABLE_ENTRIES;
	for (uint64_t i = 0; i < NR_DIRECTORIES * TABLE_ENTRIES; i++)
		entries[i] = le64_make(i << 21 | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE);
	return 0;
}

int long_mode_place(const struct boot_request *request, struct boot_entry *entry)
{
	le64 gdt[BOOT_GDT_BYTES / sizeof(le64)] = {
		[BOOT_GDT_CS / sizeof(le64)] = le64_make(SEGMENT_CODE64),
		[BOOT_GDT_DS / sizeof(le64)] = le64_make(SEGMENT_DATA),
	};

	entry->gdt = request->low_base + LOW_GDT;
	entry->page_tables = request->low_base + LOW_PAGE_TABLES;
	if (guest_memory_write(request->memory, entry->gdt, gdt, sizeof(gdt)))
		return -EFAULT;
	return place_page_tables(request->memory, entry->page_tables);
}
