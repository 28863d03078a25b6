#include "test/unit/boot_support.h"

#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "vmm/base/fd.h"
#include "vmm/base/log.h"
#include "vmm/boot/kernel.h"
#include "vmm/boot/linux_abi.h"

/* These helpers serve programs without Check too. */
static void must(bool held)
{
	if (!held) {
		fputs("boot_support: the test could not be set up\n", stderr);
		abort();
	}
}

void test_guest_start(struct test_guest *guest)
{
	const struct guest_region ram = { .base = 0, .size_bytes = TEST_RAM_BYTES };

	*guest = (struct test_guest){
		.e820 = {
			{ 0, 0x9fc00, BOOT_E820_RAM },
			{ 0xe0000, 0x20000, BOOT_E820_RESERVED },
			{ 0x100000, TEST_RAM_BYTES - 0x100000, BOOT_E820_RAM },
		},
	};
	must(guest_memory_create(&ram, 1, &guest->memory) == 0);
	guest->request = (struct boot_request){
		.memory = &guest->memory,
		.kernel_path = "the-kernel",
		.kernel_fd = -1,
		.initrd_path = "the-initrd",
		.initrd_fd = -1,
		.command_line = "console=ttyS0",
		.rsdp = 0xe0000,
		.e820 = guest->e820,
		.nr_e820 = 3,
		.low_base = TEST_LOW_BASE,
		.low_size_bytes = BOOT_LOW_BYTES,
	};
	test_log_start();
}

void test_guest_clear(struct test_guest *guest)
{
	(void)madvise(guest->memory.regions[0].host, TEST_RAM_BYTES, MADV_DONTNEED);
}

void test_guest_end(struct test_guest *guest)
{
	fd_close(&guest->request.kernel_fd);
	fd_close(&guest->request.initrd_fd);
	guest_memory_destroy(&guest->memory);
}

void bytes_add(struct bytes *bytes, const void *data, size_t len)
{
	if (len == 0)
		return;
	bytes->data = realloc(bytes->data, bytes->len + len);
	must(bytes->data != NULL);
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

void bytes_add_zeros(struct bytes *bytes, size_t len)
{
	uint8_t *zeros = calloc(1, len + 1);

	must(zeros != NULL);
	bytes_add(bytes, zeros, len);
	free(zeros);
}

void bytes_add_u32(struct bytes *bytes, uint32_t value)
{
	le32 word = le32_make(value);

	bytes_add(bytes, &word, sizeof(word));
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

int test_file(const void *data, size_t len)
{
	FILE *file = tmpfile();
	int fd;

	must(file != NULL);
	must(fwrite(data, 1, len, file) == len);
	must(fflush(file) == 0);
	fd = dup(fileno(file));
	must(fd >= 0);
	fclose(file);
	return fd;
}

uint8_t test_kernel_byte(uint64_t image_offset)
{
	return (uint8_t)(image_offset * 7 + (image_offset >> 8) + 1);
}

static void add_note(struct bytes *notes, const char *name, uint32_t type, const void *desc, uint32_t desc_len)
{
	size_t name_len = strlen(name) + 1;

	bytes_add_u32(notes, (uint32_t)name_len);
	bytes_add_u32(notes, desc_len);
	bytes_add_u32(notes, type);
	bytes_add(notes, name, name_len);
	bytes_add_zeros(notes, -name_len & 3);
	bytes_add(notes, desc, desc_len);
	bytes_add_zeros(notes, -desc_len & 3);
}

static struct bytes make_notes(enum test_notes which)
{
	struct bytes notes = { 0 };
	le32 entry = le32_make(TEST_PVH_ENTRY);

	add_note(&notes, "GNU", 3, "build-id", 8);
	if (which == NOTES_LINUX || which == NOTES_LINUX_PVH)
		add_note(&notes, "Linux", 0x101, "\0\0\0", 4);
	if (which == NOTES_PVH || which == NOTES_LINUX_PVH)
		add_note(&notes, "Xen", 18, &entry, sizeof(entry));
	return notes;
}

static void add_image(struct bytes *file, uint64_t image_offset, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = test_kernel_byte(image_offset + i);

		file->data[file->len + i] = byte;
	}
	file->len += len;
}

struct bytes test_vmlinux(enum test_notes which)
{
	struct bytes notes = make_notes(which);
	struct bytes file = { 0 };
	uint64_t text = 0x1000;
	uint64_t data = text + 0x2000;
	uint64_t sections = data + TEST_DATA_BYTES;
	Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = TEST_LINK_BASE + TEST_ENTRY_OFFSET,
		.e_phoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
		.e_shoff = sections,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 2,
	};
	Elf64_Phdr phdrs[3] = {
		{ .p_type = PT_LOAD,
		  .p_offset = text,
		  .p_vaddr = KERNEL_MAP_BASE + TEST_LINK_BASE,
		  .p_paddr = TEST_LINK_BASE,
		  .p_filesz = TEST_TEXT_BYTES,
		  .p_memsz = TEST_TEXT_BYTES,
		  .p_align = 0x1000 },
		{ .p_type = PT_LOAD,
		  .p_offset = data,
		  .p_paddr = TEST_LINK_BASE + TEST_DATA_OFFSET,
		  .p_filesz = TEST_DATA_BYTES,
		  .p_memsz = TEST_DATA_BYTES + TEST_BSS_BYTES,
		  .p_align = 0x1000 },
		{ .p_type = PT_NOTE, .p_offset = 0x200, .p_filesz = notes.len, .p_memsz = notes.len, .p_align = 4 },
	};

	bytes_add(&file, &ehdr, sizeof(ehdr));
	bytes_add(&file, phdrs, sizeof(phdrs));
	bytes_add_zeros(&file, sections + 2 * sizeof(Elf64_Shdr) - file.len);
	memcpy(file.data + 0x200, notes.data, notes.len);
	file.len = text;
	add_image(&file, 0, TEST_TEXT_BYTES);
	file.len = data;
	add_image(&file, TEST_DATA_OFFSET, TEST_DATA_BYTES);
	/* Most of the data is zero, as a kernel's is. */
	memset(file.data + data + 0x1000, 0, TEST_DATA_BYTES - 0x2000);
	file.len = sections + 2 * sizeof(Elf64_Shdr);
	bytes_free(&notes);
	return file;
}

static void add_place(struct bytes *vmlinux, uint64_t image_offset)
{
	bytes_add_u32(vmlinux, (uint32_t)(KERNEL_MAP_BASE + TEST_LINK_BASE + image_offset));
}

void test_add_relocs(struct bytes *vmlinux, bool with_inverse)
{
	bytes_add_u32(vmlinux, 0);
	add_place(vmlinux, TEST_PLACE_ADD64);
	bytes_add_u32(vmlinux, 0);
	if (with_inverse) {
		add_place(vmlinux, TEST_PLACE_SUB32);
		bytes_add_u32(vmlinux, 0);
	}
	add_place(vmlinux, TEST_PLACE_ADD32);
}

static void pack_lz4(struct bytes *out, const uint8_t *data, size_t len)
{
	const size_t block = 8u << 20;

	bytes_add_u32(out, 0x184c2102);
	while (len > 0) {
		size_t part = len < block ? len : block;
		int bound = LZ4_compressBound((int)part);
		char *packed = malloc((size_t)bound);
		int got = LZ4_compress_default((const char *)data, packed, (int)part, bound);

		must(got > 0);
		bytes_add_u32(out, (uint32_t)got);
		bytes_add(out, packed, (size_t)got);
		free(packed);
		data += part;
		len -= part;
	}
}

static void pack_xz(struct bytes *out, const uint8_t *data, size_t len)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ .id = LZMA_FILTER_X86 },
		{ .id = LZMA_FILTER_LZMA2, .options = &options },
		{ .id = LZMA_VLI_UNKNOWN },
	};
	size_t bound = lzma_stream_buffer_bound(len);
	uint8_t *packed = malloc(bound);
	size_t pos = 0;

	must(!lzma_lzma_preset(&options, 1));
	must(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, data, len, packed, &pos, bound) == LZMA_OK);
	bytes_add(out, packed, pos);
	free(packed);
}

static void pack_zstd(struct bytes *out, const uint8_t *data, size_t len)
{
	size_t bound = ZSTD_compressBound(len);
	uint8_t *packed = malloc(bound);
	size_t got = ZSTD_compress(packed, bound, data, len, 3);

	must(!ZSTD_isError(got));
	bytes_add(out, packed, got);
	free(packed);
}

static void pack_gzip(struct bytes *out, const uint8_t *data, size_t len)
{
	z_stream stream = { .next_in = (uint8_t *)data, .avail_in = (unsigned int)len };
	uint8_t *packed;
	size_t bound;

	must(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	bound = deflateBound(&stream, len);
	packed = malloc(bound);
	stream.next_out = packed;
	stream.avail_out = (unsigned int)bound;
	must(deflate(&stream, Z_FINISH) == Z_STREAM_END);
	bytes_add(out, packed, stream.total_out);
	deflateEnd(&stream);
	free(packed);
}

struct bytes test_pack(enum test_packing packing, const void *data, size_t len)
{
	struct bytes out = { 0 };

	switch (packing) {
	case PACK_GZIP: /* ends in its size by itself */
		pack_gzip(&out, data, len);
		return out;
	case PACK_LZ4:
		pack_lz4(&out, data, len);
		break;
	case PACK_XZ:
		pack_xz(&out, data, len);
		break;
	default:
		pack_zstd(&out, data, len);
		break;
	}
	bytes_add_u32(&out, (uint32_t)len);
	return out;
}

struct bytes test_bzimage(const struct bytes *payload)
{
	const uint32_t payload_offset = 0x300;
	size_t kernel_bytes = (payload_offset + payload->len + 15) & ~(size_t)15;
	struct linux_setup_header hdr = {
		.setup_sects = 1,
		.syssize = le32_make((uint32_t)(kernel_bytes / 16)),
		.boot_flag = le16_make(LINUX_BOOT_FLAG),
		.jump = le16_make(0x6aeb),
		.header = le32_make(LINUX_HEADER_MAGIC),
		.version = le16_make(0x020f),
		.loadflags = LINUX_LOADFLAG_LOADED_HIGH,
		.initrd_addr_max = le32_make(0x7fffffff),
		.kernel_alignment = le32_make(0x200000),
		.relocatable_kernel = 1,
		.xloadflags = le16_make(LINUX_XLF_KERNEL_64),
		.cmdline_size = le32_make(2047),
		.payload_offset = le32_make(payload_offset),
		.payload_length = le32_make((uint32_t)payload->len),
		.pref_address = le64_make(TEST_LINK_BASE),
		.init_size = le32_make(TEST_IMAGE_BYTES),
	};
	struct bytes file = { 0 };

	bytes_add_zeros(&file, 1024 + kernel_bytes);
	memcpy(file.data + LINUX_SETUP_OFFSET, &hdr, sizeof(hdr));
	memset(file.data + 1024, 0x90, payload_offset);
	memcpy(file.data + 1024 + payload_offset, payload->data, payload->len);
	return file;
}

struct bytes test_kernel(enum test_packing packing)
{
	struct bytes vmlinux = test_vmlinux(NOTES_LINUX_PVH);
	struct bytes payload, file;

	test_add_relocs(&vmlinux, true);
	payload = test_pack(packing, vmlinux.data, vmlinux.len);
	file = test_bzimage(&payload);
	bytes_free(&vmlinux);
	bytes_free(&payload);
	return file;
}

static char log_lines[4096];

static void keep_line(void *arg, enum log_level level, const char *line)
{
	size_t used = strlen(log_lines);

	(void)arg;
	(void)level;
	snprintf(log_lines + used, sizeof(log_lines) - used, "%s\n", line);
}

void test_log_start(void)
{
	log_lines[0] = '\0';
	log_set_sink(keep_line, NULL);
	log_set_level(LOG_DEBUG);
}

const char *test_log(void)
{
	return log_lines;
}
