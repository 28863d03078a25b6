/* The tables' bytes, as ACPI 6.5 and the PCI Firmware specification lay them out. */
#ifndef VMM_TABLES_ACPI_LAYOUT_H
#define VMM_TABLES_ACPI_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/base/endian.h"

#define ACPI_PACKED __attribute__((packed))

/* 5.2.5.3 */
struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* over the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	le32 rsdt_address;
	le32 length;
	le64 xsdt_address;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.5, 5.2.5.3");
#define ACPI_RSDP_V1_BYTES 20

/* 5.2.6 */
struct acpi_header {
	char signature[4];
	le32 length;
	uint8_t revision;
	uint8_t checksum; /* the bytes of the table sum to zero */
	char oem_id[6];
	char oem_table_id[8];
	le32 oem_revision;
	char creator_id[4];
	le32 creator_revision;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_header) == 36, "ACPI 6.5, 5.2.6");

/* 5.2.3.2 */
struct acpi_address {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access_size;
	le64 address;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_address) == 12, "ACPI 6.5, 5.2.3.2");
#define ACPI_SPACE_IO 1
#define ACPI_ACCESS_BYTE 1

/* 5.2.9 */
struct acpi_fadt {
	struct acpi_header header;
	le32 firmware_ctrl;
	le32 dsdt;
	uint8_t reserved;
	uint8_t preferred_pm_profile;
	/* sci_int to century: the fixed hardware that a hardware-reduced machine does not have. */
	uint8_t fixed_hardware[63];
	le16 boot_flags;
	uint8_t reserved2;
	le32 flags;
	struct acpi_address reset_register;
	uint8_t reset_value;
	le16 arm_boot_flags;
	uint8_t minor_version;
	le64 x_firmware_ctrl;
	le64 x_dsdt;
	struct acpi_address x_fixed_hardware[8];
	struct acpi_address sleep_control;
	struct acpi_address sleep_status;
	char hypervisor_vendor[8];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_fadt) == 276, "ACPI 6.5, 5.2.9");
_Static_assert(offsetof(struct acpi_fadt, boot_flags) == 109, "ACPI 6.5, 5.2.9");
_Static_assert(offsetof(struct acpi_fadt, x_dsdt) == 140, "ACPI 6.5, 5.2.9");
_Static_assert(offsetof(struct acpi_fadt, sleep_control) == 244, "ACPI 6.5, 5.2.9");

#define ACPI_FADT_WBINVD (1u << 0)
#define ACPI_FADT_PROC_C1 (1u << 2)
#define ACPI_FADT_NO_FIXED_POWER_BUTTON (1u << 4)
#define ACPI_FADT_NO_FIXED_SLEEP_BUTTON (1u << 5)
#define ACPI_FADT_NO_FIXED_RTC_WAKE (1u << 6)
#define ACPI_FADT_RESET_REG_SUP (1u << 10)
#define ACPI_FADT_HW_REDUCED (1u << 20)

/* 5.2.9.3, IA-PC boot architecture. The bits for legacy devices and for an 8042 are clear: there are none. */
#define ACPI_BOOT_NO_VGA (1u << 2)
#define ACPI_BOOT_NO_ASPM (1u << 4)
#define ACPI_BOOT_NO_CMOS_RTC (1u << 5)

/* 5.2.12 */
struct acpi_madt {
	struct acpi_header header;
	le32 lapic_address;
	le32 flags; /* PCAT_COMPAT clear: no 8259 */
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt) == 44, "ACPI 6.5, 5.2.12");

#define ACPI_MADT_LAPIC 0
#define ACPI_MADT_IOAPIC 1
#define ACPI_MADT_OVERRIDE 2
#define ACPI_MADT_LAPIC_NMI 4
#define ACPI_MADT_X2APIC 9

#define ACPI_MADT_ENABLED 1
#define ACPI_MADT_ALL_PROCESSORS 0xff
#define ACPI_MADT_EDGE_HIGH 0x5 /* MPS INTI flags: polarity and trigger mode, both explicit */

struct acpi_madt_lapic {
	uint8_t type;
	uint8_t length;
	uint8_t processor_uid;
	uint8_t apic_id;
	le32 flags;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_lapic) == 8, "ACPI 6.5, 5.2.12.2");

struct acpi_madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t ioapic_id;
	uint8_t reserved;
	le32 address;
	le32 gsi_base;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_ioapic) == 12, "ACPI 6.5, 5.2.12.3");

struct acpi_madt_override {
	uint8_t type;
	uint8_t length;
	uint8_t bus; /* 0: ISA */
	uint8_t source;
	le32 gsi;
	le16 flags;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_override) == 10, "ACPI 6.5, 5.2.12.5");

struct acpi_madt_lapic_nmi {
	uint8_t type;
	uint8_t length;
	uint8_t processor_uid; /* 0xff: all */
	le16 flags;
	uint8_t lint;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_lapic_nmi) == 6, "ACPI 6.5, 5.2.12.7");

struct acpi_madt_x2apic {
	uint8_t type;
	uint8_t length;
	le16 reserved;
	le32 x2apic_id;
	le32 flags;
	le32 processor_uid;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_madt_x2apic) == 16, "ACPI 6.5, 5.2.12.12");

/* PCI Firmware specification 3.3, 4.1.2: one segment, whose allocation follows the header. */
struct acpi_mcfg {
	struct acpi_header header;
	le64 reserved;
	le64 base;
	le16 segment;
	uint8_t first_bus;
	uint8_t last_bus;
	le32 reserved2;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_mcfg) == 60, "PCI Firmware 3.3, 4.1.2");

#endif
