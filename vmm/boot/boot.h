/* Places a kernel, its initrd and its command line in guest memory and says where the first vCPU starts.
 *
 * Runs before any vCPU does; or, when the loader in the guest has found the kernel, on the thread of the only vCPU that
 * does. It opens nothing but the cache: the caller passes descriptors, or says where in guest memory the bytes are. */
#ifndef VMM_BOOT_BOOT_H
#define VMM_BOOT_BOOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/core/memory.h"

/* How the first instruction expects to find the CPU. */
enum boot_protocol {
	BOOT_LINUX64, /* long mode, identity map, rsi = boot_params (Linux boot protocol 2.15, "64-bit boot protocol")
		       */
	BOOT_LINUX32, /* 32-bit protected mode, paging off, esi = boot_params ("32-bit boot protocol") */
	BOOT_PVH, /* 32-bit protected mode, paging off, ebx = hvm_start_info (Xen "x86/HVM direct boot ABI") */
};

/* Selectors in the GDT that boot_load() builds for Linux: the protocol's __BOOT_CS and __BOOT_DS. */
#define BOOT_GDT_CS 0x10 /* 64-bit or flat 32-bit code, execute/read */
#define BOOT_GDT_DS 0x18 /* flat 4 GiB data, read/write */
#define BOOT_GDT_BYTES 32

struct boot_entry {
	enum boot_protocol protocol;
	gpa_t rip;
	gpa_t info; /* boot_params or hvm_start_info */
	gpa_t gdt; /* BOOT_GDT_BYTES; not BOOT_PVH, which has 0 */
	/* BOOT_LINUX64 only, else 0. */
	gpa_t page_tables; /* for CR3: four levels, the first 4 GiB mapped to themselves in 2 MiB pages, writable */
};

/* One E820 entry; the machine knows what it put where. */
struct boot_e820 {
	uint64_t base;
	uint64_t size_bytes;
	uint32_t type; /* BOOT_E820_* */
};
#define BOOT_E820_RAM 1
#define BOOT_E820_RESERVED 2
#define BOOT_E820_MAX 32

#define BOOT_LOW_BYTES 0x10000

/* A kernel that was taken out of guest memory, by boot_take(). */
struct boot_kernel;

/* What the loader has read into guest memory. The guest may change it at any time, and may have made it up. */
struct boot_loaded {
	/* For boot_take(). */
	gpa_t kernel;
	uint64_t kernel_bytes;
	const atomic_bool *cancel; /* see sandbox_run() */
	/* For boot_load(). */
	struct boot_kernel *taken; /* which keeps it */
	gpa_t initrd;
	uint64_t initrd_bytes; /* 0: none */
	bool memory_is_lost; /* set by boot_load(): of guest memory, only what it placed is still there */
};

struct boot_request {
	/* Fresh: all zero, so that only a kernel's non-zero bytes need loading; `loaded`: as the loader leaves it. */
	const struct guest_memory *memory;
	struct boot_loaded *loaded; /* NULL: kernel and initrd are files */
	const char *kernel_path; /* for messages */
	int kernel_fd; /* a regular file */
	const char *initrd_path; /* NULL: none */
	int initrd_fd; /* a regular file; -1: none */
	const char *command_line;
	bool kaslr; /* randomise a Linux kernel's addresses; kept from kernels that carry no relocations, with a note */
	bool use_cache; /* keep and use unpacked kernels under $XDG_CACHE_HOME/mote */
	gpa_t rsdp; /* ACPI root pointer, already placed by the machine */
	const struct boot_e820 *e820; /* ascending; RAM entries leave out what the machine keeps for itself */
	unsigned int nr_e820;
	/* A free, page-aligned range of low memory (below 1 MiB) for boot_params, start info, GDT, page tables and the
	 * command line. At least BOOT_LOW_BYTES. Listed as RAM in e820 so that the kernel gets it back. */
	gpa_t low_base;
	uint64_t low_size_bytes;
};

/* What goes on behind a started guest: an unpacked kernel is kept for the next start. */
struct boot_keep;

/* Recognises the kernel in guest memory that request->loaded names, and finds it unpacked in the cache or unpacks it.
 * Guest memory is only read, each byte that matters once, and not again by boot_load(): what the loader then has in
 * flight from a disk does no harm. Errors, logged, as boot_load(). A vCPU thread. */
__attribute__((warn_unused_result)) int boot_take(const struct boot_request *request, struct boot_kernel **taken);

/* Gives it back, before or after it was loaded. NULL is fine. */
void boot_kernel_free(struct boot_kernel *taken);

/* Loads everything: kernel, initrd, command line and what the entry protocol needs. On failure it has logged one line
 * that says what was asked, what was found and what to do, guest memory is unspecified, and it returns -ENOEXEC (not a
 * kernel that can start here), -EBADMSG (corrupt or truncated), -E2BIG (does not fit), -EINVAL (the request itself),
 * -ENOMEM, or an I/O errno. On success *keep is NULL or must be given to boot_keep_finish(). Control thread. */
__attribute__((warn_unused_result)) int boot_load(const struct boot_request *request, struct boot_entry *entry,
						  struct boot_keep **keep);

/* Waits until what boot_load() left going is done. NULL is fine. Control thread. */
void boot_keep_finish(struct boot_keep *keep);

#endif
