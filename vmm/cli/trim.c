#include "vmm/cli/trim.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096

/* Only segments that nobody can have written to: there the file has the same bytes. */
static int trim_object(struct dl_phdr_info *object, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	for (unsigned int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(uintptr_t)(PAGE_BYTES - 1);
		uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;

		/* A refusal costs memory, no more. */
		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			(void)madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 1; /* the first object is the program */
}

void trim_program(void)
{
	dl_iterate_phdr(trim_object, NULL);
}
