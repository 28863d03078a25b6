/* A kernel ready to be placed: which bytes of a source go where in its memory image, and what must be relocated.
 * elf.c and cache.c make these; load.c puts them into guest memory. */
#ifndef VMM_BOOT_KERNEL_H
#define VMM_BOOT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_MAX_EXTENTS 64

/* `size_bytes` of the source at `source_offset` go to `image_offset`. What no extent covers is zero. */
struct kernel_extent {
	uint64_t source_offset;
	uint64_t image_offset;
	uint64_t size_bytes;
};

/* How a relocated place takes the difference between the link address and the chosen virtual address. In the order in
 * which the kernel's build writes the lists. */
enum reloc_kind {
	RELOC_ADD64,
	RELOC_SUB32, /* per-CPU accesses relative to the instruction pointer; gone with Linux 6.15 */
	RELOC_ADD32,
	RELOC_KINDS,
};

/* Entries are 32-bit words: the low half of the place's virtual address as linked. */
struct reloc_list {
	uint64_t source_offset;
	uint64_t nr_entries;
};

struct kernel_image {
	uint64_t link_base; /* physical address that the first byte is linked for */
	uint64_t size_bytes; /* in memory, from the first byte to the end of .bss and .brk */
	uint64_t entry_offset; /* of the ELF entry point, from the first byte */
	uint64_t pvh_entry; /* physical; meaningful if has_pvh */
	uint32_t has_pvh;
	uint32_t is_linux;
	uint32_t is_relocatable; /* the lists below are there, though some may be empty */
	uint32_t nr_extents;
	struct kernel_extent extents[KERNEL_MAX_EXTENTS];
	struct reloc_list relocs[RELOC_KINDS];
};

/* The kernel's view of its own image: virtual address = physical address as linked + this (__START_KERNEL_map). */
#define KERNEL_MAP_BASE 0xffffffff80000000ull
/* How much address space the kernel gives its image where its addresses can be randomised (KERNEL_IMAGE_SIZE). */
#define KERNEL_MAP_BYTES (1ull << 30)

/* Whether every offset in `kernel` stays inside a source of `source_bytes` and inside its own image. Extents ascend and
 * do not overlap. */
bool kernel_image_is_sane(const struct kernel_image *kernel, uint64_t source_bytes);

#endif
