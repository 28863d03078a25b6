#include "vmm/boot/image.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "vmm/base/endian.h"
#include "vmm/boot/linux_abi.h"

#define HEAD_BYTES 1024

static const char advice_x86[] = "give an x86-64 bzImage or vmlinux, such as a distribution's /boot/vmlinuz";
static const char advice_copy[] = "copy it again from where it came from";

/* Files that users give by mistake, told apart by bytes at a fixed place. The order matters only for prefixes. */
static const struct signature {
	uint32_t offset;
	uint8_t len;
	char bytes[8];
	const char *found;
	const char *advice;
} signatures[] = {
	{ 0x38, 4, "ARM\x64", "an arm64 kernel Image, and this machine is x86-64", advice_x86 },
	{ 0x38, 4, "RSC\x05", "a RISC-V kernel Image, and this machine is x86-64", advice_x86 },
	{ 0x24, 4, "\x18\x28\x6f\x01", "a 32-bit ARM zImage, and this machine is x86-64", advice_x86 },
	{ 0, 4, "\x27\x05\x19\x56", "a U-Boot image", advice_x86 },
	{ 0, 6, "070701", "a cpio archive, as an initrd is", "give it with --initrd" },
	{ 0, 6, "070702", "a cpio archive, as an initrd is", "give it with --initrd" },
	{ 0, 2, "\x1f\x8b", "gzip data", "an initrd goes with --initrd; a compressed vmlinux must be unpacked first" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ",
	  "xz data", "an initrd goes with --initrd; a compressed vmlinux must be unpacked first" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd data",
	  "an initrd goes with --initrd; a compressed vmlinux must be unpacked first" },
	{ 0, 4, "\x02\x21\x4c\x18", "lz4 data",
	  "an initrd goes with --initrd; a compressed vmlinux must be unpacked first" },
	{ 0, 4, "\x04\x22\x4d\x18", "lz4 data",
	  "an initrd goes with --initrd; a compressed vmlinux must be unpacked first" },
	{ 0, 3, "BZh", "bzip2 data", "an initrd goes with --initrd; a compressed vmlinux must be unpacked first" },
	{ 0, 4, "QFI\xfb", "a qcow2 disk image",
	  "a disk goes with --disk, as a raw image; --kernel takes a kernel file" },
	{ 0, 4, "hsqs", "a squashfs file system", "a disk goes with --disk; --kernel takes a kernel file" },
	{ 0x438, 2, "\x53\xef", "an ext2/3/4 file system", "a disk goes with --disk; --kernel takes a kernel file" },
	{ 0x8001, 5, "CD001", "an ISO 9660 image", "take the kernel out of it and give that" },
	{ 0, 7, "!<arch>", "an ar archive, as a Debian package is", "take the kernel out of it and give that" },
	{ 0, 2, "MZ", "an EFI program without a Linux setup header", advice_x86 },
	{ 0x1fe, 2, "\x55\xaa", "a disk with a boot sector", "a disk goes with --disk; --kernel takes a kernel file" },
};

static void other(struct image_verdict *verdict, const char *found, const char *advice)
{
	*verdict = (struct image_verdict){ IMAGE_OTHER, found, advice };
}

static bool is_bzimage(const uint8_t *head, size_t len)
{
	struct linux_setup_header hdr;

	if (len < LINUX_SETUP_OFFSET + sizeof(hdr))
		return false;
	memcpy(&hdr, head + LINUX_SETUP_OFFSET, sizeof(hdr));
	return le16_get(hdr.boot_flag) == LINUX_BOOT_FLAG && le32_get(hdr.header) == LINUX_HEADER_MAGIC;
}

static void judge_elf(const uint8_t *head, size_t len, struct image_verdict *verdict)
{
	Elf64_Ehdr ehdr;

	if (len < EI_NIDENT + 4)
		return other(verdict, "an ELF file cut short", advice_copy);
	/* e_type and e_machine lie at the same place in both classes; judge them before the size of a 64-bit header. */
	memset(&ehdr, 0, sizeof(ehdr));
	memcpy(&ehdr, head, len < sizeof(ehdr) ? len : sizeof(ehdr));
	if (ehdr.e_ident[EI_DATA] == ELFDATA2LSB && le16toh(ehdr.e_machine) == EM_AARCH64)
		return other(verdict, "an arm64 ELF file, and this machine is x86-64", advice_x86);
	if (ehdr.e_ident[EI_CLASS] == ELFCLASS32)
		return other(verdict, "a 32-bit ELF file, and mote starts 64-bit kernels", advice_x86);
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
	    le16toh(ehdr.e_machine) != EM_X86_64)
		return other(verdict, "an ELF file for another architecture, and this machine is x86-64", advice_x86);
	if (len < sizeof(ehdr))
		return other(verdict, "an ELF file cut short", advice_copy);
	if (le16toh(ehdr.e_type) == ET_REL)
		return other(verdict, "an object file or a kernel module", advice_x86);
	if (le16toh(ehdr.e_type) != ET_EXEC && le16toh(ehdr.e_type) != ET_DYN)
		return other(verdict, "an ELF file that is no executable", advice_x86);
	verdict->kind = IMAGE_ELF64;
}

static bool is_text(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (head[i] < ' ' && !strchr("\t\n\r\f", head[i]))
			return false;
		if (head[i] == 0 || head[i] == 0x7f)
			return false;
	}
	return true;
}

static bool is_zero(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (head[i])
			return false;
	}
	return true;
}

static int guess_other(const struct source *src, const uint8_t *head, size_t len, struct image_verdict *verdict)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		const struct signature *sig = &signatures[i];
		char at[sizeof(sig->bytes)];
		int ret;

		if (!range_contains(0, src->size_bytes, sig->offset, sig->len))
			continue;
		ret = source_read(src, at, sig->len, sig->offset);
		if (ret)
			return ret;
		if (memcmp(at, sig->bytes, sig->len) == 0) {
			other(verdict, sig->found, sig->advice);
			return 0;
		}
	}
	if (is_zero(head, len))
		other(verdict, "a file of zeros", advice_copy);
	else if (is_text(head, len))
		other(verdict, "a text file", advice_x86);
	else
		other(verdict, "no kernel that mote knows", advice_x86);
	return 0;
}

int image_recognise(const struct source *src, struct image_verdict *verdict)
{
	uint8_t head[HEAD_BYTES];
	size_t len = src->size_bytes < sizeof(head) ? (size_t)src->size_bytes : sizeof(head);
	int ret;

	*verdict = (struct image_verdict){ .kind = IMAGE_OTHER };
	if (len == 0) {
		other(verdict, "empty", advice_copy);
		return 0;
	}
	ret = source_read(src, head, len, 0);
	if (ret)
		return ret;
	if (is_bzimage(head, len))
		verdict->kind = IMAGE_BZIMAGE;
	else if (len >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
		judge_elf(head, len, verdict);
	else
		return guess_other(src, head, len, verdict);
	return 0;
}
