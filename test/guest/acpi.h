/* Finds ACPI tables as an operating system does. */
#ifndef TEST_GUEST_ACPI_H
#define TEST_GUEST_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char ids[26];
} __attribute__((packed));

struct acpi_register {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	uint64_t address;
} __attribute__((packed));
#define ACPI_SPACE_IO 1

struct acpi_fadt {
	struct acpi_header header;
	uint8_t fixed[73];
	uint16_t boot_flags;
	uint8_t reserved;
	uint32_t flags;
	struct acpi_register reset_register;
	uint8_t reset_value;
	uint16_t arm_boot_flags;
	uint8_t minor_version;
	uint64_t x_firmware_ctrl;
	uint64_t x_dsdt;
	struct acpi_register x_fixed[8];
	struct acpi_register sleep_control;
	struct acpi_register sleep_status;
	uint8_t hypervisor[8];
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 6.5, 5.2.9");

struct acpi_mcfg {
	struct acpi_header header;
	uint64_t reserved;
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus;
	uint8_t last_bus;
	uint32_t reserved2;
} __attribute__((packed));

/* A table that the XSDT (or an old RSDT) lists, or NULL. Checksums are not looked at: see acpi_sum(). */
const void *acpi_find(const char *signature);
/* 0 for an intact table. */
uint8_t acpi_sum(const void *table, size_t length);

#endif
