#include "firmware/loader/kernel_check.h"

#include "firmware/core/bytes.h"

#define SETUP_MAGIC_AT 0x202
#define SETUP_VERSION_AT 0x206
#define SETUP_KERNEL_VERSION_AT 0x20e /* less 0x200 */
#define SETUP_LOADFLAGS_AT 0x211
#define SETUP_XLOADFLAGS_AT 0x236
#define SETUP_END 0x268
#define LOADED_HIGH 0x01
#define XLF_KERNEL_64 0x0001
#define VERSION_LOADED_HIGH 0x0200
#define VERSION_XLOADFLAGS 0x020c

#define ELF_CLASS_AT 4
#define ELF_MACHINE_AT 18
#define ELF_CLASS_64 2
#define ELF_HEADER_BYTES 20

struct magic {
	uint16_t offset;
	uint8_t len;
	char bytes[6];
	const char *name;
};

static const struct magic foreign[] = {
	{ 0x38, 4, "ARM\x64", "a kernel for arm64" },
	{ 0x38, 4, "RSC\x05", "a kernel for RISC-V" },
	{ 4, 4, "zimg", "a self-unpacking EFI kernel of another architecture" },
	{ 0x24, 4, "\x18\x28\x6f\x01", "a kernel for 32-bit ARM" },
	{ 0, 2, "\x1f\x8b", "a gzip file: perhaps a kernel for arm64, or Xen" },
	{ 0, 2, "MZ", "an EFI program, such as a unified kernel image" },
	{ 0, 2, "#!", "a script" },
};

static const struct {
	uint16_t machine;
	const char *name;
} machines[] = {
	{ 8, "a kernel for MIPS" },	{ 20, "a kernel for PowerPC" },	   { 21, "a kernel for 64-bit PowerPC" },
	{ 22, "a kernel for s390" },	{ 40, "a kernel for 32-bit ARM" }, { 183, "a kernel for arm64" },
	{ 243, "a kernel for RISC-V" }, { 258, "a kernel for LoongArch" },
};

#define MACHINE_386 3
#define MACHINE_X86_64 62

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

/* "6.1.0-49-amd64 (debian-kernel@...) #1 SMP ...": the first word. */
static void read_version(const uint8_t *bytes, size_t len, struct kernel_facts *facts)
{
	size_t at = get16(bytes + SETUP_KERNEL_VERSION_AT) + 0x200u;
	size_t i = 0;

	if (at == 0x200)
		return;
	for (; i < KERNEL_VERSION_BYTES - 1 && at + i < len && bytes[at + i] > ' '; i++)
		facts->version[i] = (char)bytes[at + i];
	facts->version[i] = '\0';
}

static const char *check_bzimage(const uint8_t *bytes, size_t len, struct kernel_facts *facts)
{
	uint16_t version = get16(bytes + SETUP_VERSION_AT);

	if (version < VERSION_LOADED_HIGH || (bytes[SETUP_LOADFLAGS_AT] & LOADED_HIGH) == 0)
		return "a kernel of the old zImage kind";
	facts->is_linux = true;
	facts->is_64bit = version >= VERSION_XLOADFLAGS && (get16(bytes + SETUP_XLOADFLAGS_AT) & XLF_KERNEL_64);
	read_version(bytes, len, facts);
	return NULL;
}

static const char *check_elf(const uint8_t *bytes, struct kernel_facts *facts)
{
	uint16_t machine = get16(bytes + ELF_MACHINE_AT);

	if (machine == MACHINE_386 || machine == MACHINE_X86_64) {
		facts->is_64bit = bytes[ELF_CLASS_AT] == ELF_CLASS_64;
		return NULL;
	}
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		if (machines[i].machine == machine)
			return machines[i].name;
	}
	return "an ELF file for another architecture";
}

const char *kernel_check(const uint8_t *bytes, size_t len, struct kernel_facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	if (len >= SETUP_END && memcmp(bytes + SETUP_MAGIC_AT, "HdrS", 4) == 0)
		return check_bzimage(bytes, len, facts);
	if (len >= ELF_HEADER_BYTES && memcmp(bytes,
					      "\x7f"
					      "ELF",
					      4) == 0)
		return check_elf(bytes, facts);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		const struct magic *magic = &foreign[i];

		if (len >= magic->offset + (size_t)magic->len &&
		    memcmp(bytes + magic->offset, magic->bytes, magic->len) == 0)
			return magic->name;
	}
	return "no kernel";
}
