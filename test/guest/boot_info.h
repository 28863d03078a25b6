/* What the boot protocol handed over, the same for PVH and for Linux's 64-bit entry. */
#ifndef TEST_GUEST_BOOT_INFO_H
#define TEST_GUEST_BOOT_INFO_H

#include <stdint.h>

#define BOOT_INFO_PVH 0
#define BOOT_INFO_LINUX 1

#define BOOT_INFO_MAX_RANGES 32
#define BOOT_INFO_RAM 1

struct boot_range {
	uint64_t base;
	uint64_t size_bytes;
	uint32_t type; /* as E820: 1 is RAM */
};

struct boot_info {
	unsigned int protocol;
	const char *command_line;
	uint64_t rsdp; /* 0: not told */
	uint64_t initrd;
	uint64_t initrd_bytes; /* 0: none */
	unsigned int nr_ranges;
	struct boot_range ranges[BOOT_INFO_MAX_RANGES];
};

/* Valid from guest_main() on. */
extern struct boot_info boot_info;

/* Reads the structure that the loader left; panics if it is not what the protocol promises. */
void boot_info_read(void);

#endif
