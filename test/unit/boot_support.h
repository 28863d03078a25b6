/* What the boot tests share: a small guest, kernels made on the spot, and what was logged. */
#ifndef TEST_UNIT_BOOT_SUPPORT_H
#define TEST_UNIT_BOOT_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/boot/boot.h"

#define TEST_RAM_BYTES (64ull << 20)
#define TEST_LOW_BASE 0x10000

/* A guest of TEST_RAM_BYTES from 0, with the usual hole below 1 MiB; request->kernel_fd and initrd_fd are -1, KASLR and
 * the cache are off. */
struct test_guest {
	struct guest_memory memory;
	struct boot_e820 e820[3];
	struct boot_request request;
};
void test_guest_start(struct test_guest *guest);
void test_guest_clear(struct test_guest *guest); /* makes its memory zero again */
void test_guest_end(struct test_guest *guest); /* closes the request's descriptors too */

/* Growing bytes. */
struct bytes {
	uint8_t *data;
	size_t len;
};
void bytes_add(struct bytes *bytes, const void *data, size_t len);
void bytes_add_zeros(struct bytes *bytes, size_t len);
void bytes_add_u32(struct bytes *bytes, uint32_t value);
void bytes_free(struct bytes *bytes);

/* An unlinked temporary file with these bytes. */
int test_file(const void *data, size_t len);

/* A vmlinux linked for 16 MiB: text (one page and a bit), data, .bss; its notes name Linux. Bytes of text and data are
 * test_kernel_byte(offset in the image), but for the places that are relocated. */
#define TEST_LINK_BASE 0x1000000ull
#define TEST_TEXT_BYTES 0x1800
#define TEST_DATA_OFFSET 0x200000 /* in the image */
#define TEST_DATA_BYTES 0x40000
#define TEST_BSS_BYTES 0x3000
#define TEST_IMAGE_BYTES (TEST_DATA_OFFSET + TEST_DATA_BYTES + TEST_BSS_BYTES)
#define TEST_ENTRY_OFFSET 0x123
uint8_t test_kernel_byte(uint64_t image_offset);

enum test_notes {
	NOTES_NONE,
	NOTES_LINUX,
	NOTES_PVH,
	NOTES_LINUX_PVH
};
struct bytes test_vmlinux(enum test_notes notes);
#define TEST_PVH_ENTRY (TEST_LINK_BASE + 0x40)

/* Appends a table of relocations: one of each kind, with or without the inverse list. */
#define TEST_PLACE_ADD64 0x200100
#define TEST_PLACE_SUB32 0x200200
#define TEST_PLACE_ADD32 0x0400
void test_add_relocs(struct bytes *vmlinux, bool with_inverse);

enum test_packing {
	PACK_GZIP,
	PACK_LZ4,
	PACK_XZ,
	PACK_ZSTD,
	NR_PACKINGS
};
/* The payload of a bzImage, size word included. */
struct bytes test_pack(enum test_packing packing, const void *data, size_t len);

/* A bzImage of protocol 2.15 around a payload. */
struct bytes test_bzimage(const struct bytes *payload);
/* All of that: vmlinux with notes and relocations, packed, wrapped. */
struct bytes test_kernel(enum test_packing packing);

/* Sends the log to a buffer; test_log() is all lines since. */
void test_log_start(void);
const char *test_log(void);

#endif
