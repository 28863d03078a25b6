#include "vmm/boot/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/checked.h"
#include "vmm/base/endian.h"
#include "vmm/boot/relocs.h"

#define NOTES_MAX_BYTES (64u << 10)

#define XEN_NOTE_GUEST_OS 6
#define XEN_NOTE_PHYS32_ENTRY 18

/* The header's fields that count, in host order. */
struct elf_header {
	uint64_t entry;
	uint64_t phoff;
	unsigned int phnum;
	uint64_t end; /* of all that the file accounts for */
};

struct elf_segment {
	uint32_t type;
	uint64_t offset;
	uint64_t paddr;
	uint64_t filesz;
	uint64_t memsz;
	uint64_t align;
};

static int corrupt(const char **why, const char *what)
{
	*why = what;
	return -EBADMSG;
}

/* Program headers beyond this are not a kernel's; ELF's own limit would let a file cost 64 Ki reads. */
#define PHDRS_MAX 256

static int read_header(const struct source *src, struct elf_header *hdr, const char **why)
{
	Elf64_Ehdr ehdr;
	uint64_t sections_end;
	int ret;

	ret = source_read(src, &ehdr, sizeof(ehdr), 0);
	if (ret)
		return ret == -ENODATA ? corrupt(why, "its ELF header is cut short") : ret;
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0)
		return corrupt(why, "it has no ELF header where one should be");
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
	    le16toh(ehdr.e_machine) != EM_X86_64) {
		*why = "its ELF header is not for x86-64";
		return -ENOEXEC;
	}
	hdr->entry = le64toh(ehdr.e_entry);
	hdr->phoff = le64toh(ehdr.e_phoff);
	hdr->phnum = le16toh(ehdr.e_phnum);
	if (hdr->phnum == 0 || hdr->phnum > PHDRS_MAX || le16toh(ehdr.e_phentsize) != sizeof(Elf64_Phdr))
		return corrupt(why, "its ELF program header table makes no sense");
	if (!range_contains(0, src->size_bytes, hdr->phoff, hdr->phnum * sizeof(Elf64_Phdr)))
		return corrupt(why, "its ELF program headers lie beyond its end");
	hdr->end = hdr->phoff + hdr->phnum * sizeof(Elf64_Phdr);
	if (!checked_add_u64(le64toh(ehdr.e_shoff), (uint64_t)le16toh(ehdr.e_shnum) * le16toh(ehdr.e_shentsize),
			     &sections_end) ||
	    sections_end > src->size_bytes)
		return corrupt(why, "its ELF section headers lie beyond its end, so it was cut short");
	if (ehdr.e_shoff && sections_end > hdr->end)
		hdr->end = sections_end;
	return 0;
}

static int read_segment(const struct source *src, const struct elf_header *hdr, unsigned int i, struct elf_segment *seg,
			const char **why)
{
	Elf64_Phdr phdr;
	int ret;

	ret = source_read(src, &phdr, sizeof(phdr), hdr->phoff + i * sizeof(phdr));
	if (ret)
		return ret;
	*seg = (struct elf_segment){
		.type = le32toh(phdr.p_type),
		.offset = le64toh(phdr.p_offset),
		.paddr = le64toh(phdr.p_paddr),
		.filesz = le64toh(phdr.p_filesz),
		.memsz = le64toh(phdr.p_memsz),
		.align = le64toh(phdr.p_align),
	};
	if (seg->type == PT_INTERP) {
		*why = "it is a program that needs an operating system to load it";
		return -ENOEXEC;
	}
	if (seg->type != PT_LOAD && seg->type != PT_NOTE)
		return 0;
	if (!range_contains(0, src->size_bytes, seg->offset, seg->filesz))
		return corrupt(why, "an ELF segment lies beyond its end, so it was cut short");
	return 0;
}

/* One PT_LOAD more. `end` is the image's end so far, as a physical address; offsets are absolute until all are known.
 */
static int add_segment(struct kernel_image *kernel, const struct elf_segment *seg, uint64_t *end, const char **why)
{
	uint64_t seg_end;
	uint32_t at;

	if (seg->memsz == 0)
		return 0;
	if (seg->filesz > seg->memsz)
		return corrupt(why, "an ELF segment is larger in the file than in memory");
	if (!checked_add_u64(seg->paddr, seg->memsz, &seg_end))
		return corrupt(why, "an ELF segment wraps around the end of memory");
	if (seg->paddr < kernel->link_base)
		kernel->link_base = seg->paddr;
	if (seg_end > *end)
		*end = seg_end;
	if (seg->filesz == 0)
		return 0;
	if (kernel->nr_extents == KERNEL_MAX_EXTENTS)
		return corrupt(why, "it has too many ELF segments");
	for (at = kernel->nr_extents; at > 0 && kernel->extents[at - 1].image_offset > seg->paddr; at--)
		kernel->extents[at] = kernel->extents[at - 1];
	kernel->extents[at] = (struct kernel_extent){ seg->offset, seg->paddr, seg->filesz };
	kernel->nr_extents++;
	return 0;
}

static void take_note(const Elf64_Nhdr *note, const char *name, const uint8_t *desc, struct kernel_image *kernel)
{
	if (note->n_namesz == sizeof("Linux") && memcmp(name, "Linux", sizeof("Linux")) == 0) {
		kernel->is_linux = 1;
		return;
	}
	if (note->n_namesz != sizeof("Xen") || memcmp(name, "Xen", sizeof("Xen")) != 0)
		return;
	if (note->n_type == XEN_NOTE_GUEST_OS && note->n_descsz >= 5 && memcmp(desc, "linux", 5) == 0)
		kernel->is_linux = 1;
	/* Some systems write the 32-bit address as a 64-bit word. */
	if (note->n_type == XEN_NOTE_PHYS32_ENTRY && note->n_descsz >= sizeof(le32)) {
		le32 entry;

		memcpy(&entry, desc, sizeof(entry));
		kernel->pvh_entry = le32_get(entry);
		kernel->has_pvh = 1;
	}
}

/* Notes are hints: a malformed one ends the list, it does not condemn the kernel. */
static void take_notes(const uint8_t *at, uint64_t len, uint64_t align, struct kernel_image *kernel)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		uint64_t name_end, desc_offset, desc_end;

		memcpy(&note, at, sizeof(note));
		name_end = sizeof(note) + (uint64_t)note.n_namesz;
		if (!checked_align_up(name_end, align, &desc_offset) || desc_offset > len ||
		    note.n_descsz > len - desc_offset)
			return;
		take_note(&note, (const char *)at + sizeof(note), at + desc_offset, kernel);
		if (!checked_align_up(desc_offset + note.n_descsz, align, &desc_end) || desc_end > len)
			return;
		at += desc_end;
		len -= desc_end;
	}
}

static int read_notes(const struct source *src, const struct elf_segment *seg, struct kernel_image *kernel)
{
	uint64_t len = seg->filesz < NOTES_MAX_BYTES ? seg->filesz : NOTES_MAX_BYTES;
	uint8_t *notes;
	int ret;

	if (len == 0)
		return 0;
	notes = malloc(len);
	if (!notes)
		return -ENOMEM;
	ret = source_read(src, notes, len, seg->offset);
	if (!ret)
		take_notes(notes, len, seg->align == 8 ? 8 : 4, kernel);
	free(notes);
	return ret;
}

/* Turns physical addresses into offsets from the first byte, and checks what only the whole can show. */
static int finish(const struct source *src, const struct elf_header *hdr, uint64_t end, struct kernel_image *kernel,
		  const char **why)
{
	uint64_t entry = hdr->entry;

	if (end == 0) {
		*why = "it has nothing to load";
		return -ENOEXEC;
	}
	kernel->size_bytes = end - kernel->link_base;
	for (uint32_t i = 0; i < kernel->nr_extents; i++)
		kernel->extents[i].image_offset -= kernel->link_base;
	if (entry >= KERNEL_MAP_BASE) /* a virtual address, as some links leave it */
		entry -= KERNEL_MAP_BASE;
	if (kernel->has_pvh && !range_contains(kernel->link_base, kernel->size_bytes, kernel->pvh_entry, 1))
		return corrupt(why, "its PVH entry point lies outside of what it loads");
	if (!range_contains(kernel->link_base, kernel->size_bytes, entry, 1)) {
		if (!kernel->has_pvh || kernel->is_linux)
			return corrupt(why, "its entry point lies outside of what it loads");
		entry = kernel->link_base; /* unused */
	}
	kernel->entry_offset = entry - kernel->link_base;
	if (!kernel_image_is_sane(kernel, src->size_bytes))
		return corrupt(why, "its ELF segments overlap or lie too far apart");
	return 0;
}

int elf_read(const struct source *src, struct kernel_image *kernel, const char **why)
{
	struct elf_header hdr;
	uint64_t end = 0;
	int ret;

	*why = NULL;
	*kernel = (struct kernel_image){ .link_base = UINT64_MAX };
	ret = read_header(src, &hdr, why);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < hdr.phnum; i++) {
		struct elf_segment seg;

		ret = read_segment(src, &hdr, i, &seg, why);
		if (!ret && seg.type == PT_LOAD)
			ret = add_segment(kernel, &seg, &end, why);
		if (!ret && seg.type == PT_NOTE)
			ret = read_notes(src, &seg, kernel);
		if (ret)
			return ret;
		if ((seg.type == PT_LOAD || seg.type == PT_NOTE) && seg.offset + seg.filesz > hdr.end)
			hdr.end = seg.offset + seg.filesz;
	}
	ret = finish(src, &hdr, end, kernel, why);
	if (ret)
		return ret;
	return relocs_find(src, hdr.end, kernel, why);
}
