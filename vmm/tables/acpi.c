#include "vmm/tables/acpi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/base/checked.h"
#include "vmm/tables/acpi_layout.h"
#include "vmm/tables/dsdt.h"

#define TABLE_ALIGN 16
#define ECAM_BYTES_PER_BUS (1u << 20)
#define LAPIC_MAX_ID 254 /* 255 is the broadcast; beyond it only an x2APIC entry can name a processor */
#define NR_ISA_IRQS 16
#define NR_XSDT_ENTRIES 3 /* FADT, MADT, MCFG */
#define ACPI_MAX_CPUS 4096
#define MAX_TABLE_BYTES (256u << 10) /* more than the tables of ACPI_MAX_CPUS processors take */

/* All tables are made here, then copied to the guest at once: nothing is read back from its memory. */
struct table_space {
	uint8_t *bytes;
	size_t capacity;
	size_t size;
	gpa_t base;
};

/* Room for a table of `len` bytes, zeroed; NULL if it does not fit. */
static void *claim(struct table_space *space, size_t len)
{
	size_t start = (space->size + TABLE_ALIGN - 1) / TABLE_ALIGN * TABLE_ALIGN;

	if (start > space->capacity || len > space->capacity - start)
		return NULL;
	space->size = start + len;
	return memset(space->bytes + start, 0, len);
}

static gpa_t address_of(const struct table_space *space, const void *table)
{
	return space->base + (gpa_t)((const uint8_t *)table - space->bytes);
}

static uint8_t checksum(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + p[i]);
	return (uint8_t)-sum;
}

/* Fills the header of a table whose body is complete. */
static void seal(struct acpi_header *header, const char *signature, uint8_t revision, size_t len)
{
	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = le32_make((uint32_t)len);
	header->revision = revision;
	memcpy(header->oem_id, "MOTE  ", sizeof(header->oem_id));
	memcpy(header->oem_table_id, "MICROVM ", sizeof(header->oem_table_id));
	header->oem_revision = le32_make(1);
	memcpy(header->creator_id, "MOTE", sizeof(header->creator_id));
	header->creator_revision = le32_make(1);
	header->checksum = 0;
	header->checksum = checksum(header, len);
}

static struct acpi_address io_byte(uint16_t port)
{
	return (struct acpi_address){
		.space = ACPI_SPACE_IO,
		.bit_width = 8,
		.access_size = ACPI_ACCESS_BYTE,
		.address = le64_make(port),
	};
}

static int build_dsdt(struct table_space *space, const struct acpi_description *d, gpa_t *address)
{
	struct acpi_header *dsdt = claim(space, sizeof(*dsdt));
	int len;

	if (dsdt == NULL)
		return -ENOSPC;
	len = dsdt_write(d, space->bytes + space->size, space->capacity - space->size);
	if (len < 0)
		return len;
	space->size += (size_t)len;
	seal(dsdt, "DSDT", 2, sizeof(*dsdt) + (size_t)len);
	*address = address_of(space, dsdt);
	return 0;
}

static int build_fadt(struct table_space *space, const struct acpi_description *d, gpa_t dsdt, gpa_t *address)
{
	struct acpi_fadt *fadt = claim(space, sizeof(*fadt));

	if (fadt == NULL)
		return -ENOSPC;
	fadt->dsdt = le32_make((uint32_t)dsdt);
	fadt->x_dsdt = le64_make(dsdt);
	fadt->boot_flags = le16_make(ACPI_BOOT_NO_VGA | ACPI_BOOT_NO_ASPM | ACPI_BOOT_NO_CMOS_RTC);
	fadt->flags = le32_make(ACPI_FADT_WBINVD | ACPI_FADT_PROC_C1 | ACPI_FADT_NO_FIXED_POWER_BUTTON |
				ACPI_FADT_NO_FIXED_SLEEP_BUTTON | ACPI_FADT_NO_FIXED_RTC_WAKE |
				ACPI_FADT_RESET_REG_SUP | ACPI_FADT_HW_REDUCED);
	fadt->reset_register = io_byte(d->reset_port);
	fadt->reset_value = d->reset_value;
	fadt->minor_version = 5;
	fadt->sleep_control = io_byte(d->sleep_control_port);
	fadt->sleep_status = io_byte(d->sleep_status_port);
	memcpy(fadt->hypervisor_vendor, "MOTE", 4);
	seal(&fadt->header, "FACP", 6, sizeof(*fadt));
	*address = address_of(space, fadt);
	return 0;
}

/* Writes processor `id` at `at`; returns what follows. */
static uint8_t *put_processor(uint8_t *at, unsigned int id)
{
	if (id <= LAPIC_MAX_ID) {
		struct acpi_madt_lapic *lapic = (void *)at;

		*lapic = (struct acpi_madt_lapic){
			.type = ACPI_MADT_LAPIC,
			.length = sizeof(*lapic),
			.processor_uid = (uint8_t)id,
			.apic_id = (uint8_t)id,
			.flags = le32_make(ACPI_MADT_ENABLED),
		};
		return at + sizeof(*lapic);
	} else {
		struct acpi_madt_x2apic *x2apic = (void *)at;

		*x2apic = (struct acpi_madt_x2apic){
			.type = ACPI_MADT_X2APIC,
			.length = sizeof(*x2apic),
			.x2apic_id = le32_make(id),
			.flags = le32_make(ACPI_MADT_ENABLED),
			.processor_uid = le32_make(id),
		};
		return at + sizeof(*x2apic);
	}
}

/* ISA interrupt `gsi` is the IOAPIC's pin `gsi`, edge and active high. Returns what follows. */
static uint8_t *put_override(uint8_t *at, uint8_t gsi)
{
	struct acpi_madt_override *override = (void *)at;

	*override = (struct acpi_madt_override){
		.type = ACPI_MADT_OVERRIDE,
		.length = sizeof(*override),
		.source = gsi,
		.gsi = le32_make(gsi),
		.flags = le16_make(ACPI_MADT_EDGE_HIGH),
	};
	return at + sizeof(*override);
}

static size_t madt_size(const struct acpi_description *d, bool serial_override, bool event_override)
{
	unsigned int nr_lapic = d->nr_cpus <= LAPIC_MAX_ID ? d->nr_cpus : LAPIC_MAX_ID + 1;

	return sizeof(struct acpi_madt) + nr_lapic * sizeof(struct acpi_madt_lapic) +
	       (d->nr_cpus - nr_lapic) * sizeof(struct acpi_madt_x2apic) + sizeof(struct acpi_madt_ioapic) +
	       ((size_t)serial_override + event_override) * sizeof(struct acpi_madt_override) +
	       sizeof(struct acpi_madt_lapic_nmi);
}

static int build_madt(struct table_space *space, const struct acpi_description *d, gpa_t *address)
{
	/* The rest of the GSIs are described where they are used, in the DSDT. */
	bool serial_override = d->serial && d->serial_gsi < NR_ISA_IRQS;
	bool event_override = d->event_gsi < NR_ISA_IRQS;
	size_t len = madt_size(d, serial_override, event_override);
	struct acpi_madt *madt = claim(space, len);
	uint8_t *at;

	if (madt == NULL)
		return -ENOSPC;
	madt->lapic_address = le32_make(d->lapic_address);
	at = (uint8_t *)(madt + 1);
	for (unsigned int id = 0; id < d->nr_cpus; id++)
		at = put_processor(at, id);
	*(struct acpi_madt_ioapic *)at = (struct acpi_madt_ioapic){
		.type = ACPI_MADT_IOAPIC,
		.length = sizeof(struct acpi_madt_ioapic),
		.address = le32_make(d->ioapic_address),
	};
	at += sizeof(struct acpi_madt_ioapic);
	if (serial_override)
		at = put_override(at, d->serial_gsi);
	if (event_override)
		at = put_override(at, d->event_gsi);
	*(struct acpi_madt_lapic_nmi *)at = (struct acpi_madt_lapic_nmi){
		.type = ACPI_MADT_LAPIC_NMI,
		.length = sizeof(struct acpi_madt_lapic_nmi),
		.processor_uid = ACPI_MADT_ALL_PROCESSORS,
		.lint = 1,
	};
	seal(&madt->header, "APIC", 5, len);
	*address = address_of(space, madt);
	return 0;
}

static int build_mcfg(struct table_space *space, const struct acpi_description *d, gpa_t *address)
{
	struct acpi_mcfg *mcfg = claim(space, sizeof(*mcfg));

	if (mcfg == NULL)
		return -ENOSPC;
	mcfg->base = le64_make(d->ecam_base);
	mcfg->last_bus = (uint8_t)(d->ecam_size_bytes / ECAM_BYTES_PER_BUS - 1);
	seal(&mcfg->header, "MCFG", 1, sizeof(*mcfg));
	*address = address_of(space, mcfg);
	return 0;
}

static int build_xsdt(struct table_space *space, const gpa_t tables[NR_XSDT_ENTRIES], gpa_t *address)
{
	size_t len = sizeof(struct acpi_header) + NR_XSDT_ENTRIES * sizeof(le64);
	struct acpi_header *xsdt = claim(space, len);

	if (xsdt == NULL)
		return -ENOSPC;
	for (unsigned int i = 0; i < NR_XSDT_ENTRIES; i++) {
		le64 entry = le64_make(tables[i]);

		memcpy((uint8_t *)(xsdt + 1) + i * sizeof(entry), &entry, sizeof(entry));
	}
	seal(xsdt, "XSDT", 1, len);
	*address = address_of(space, xsdt);
	return 0;
}

static void fill_rsdp(struct acpi_rsdp *rsdp, gpa_t xsdt)
{
	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem_id, "MOTE  ", sizeof(rsdp->oem_id));
	rsdp->revision = 2;
	rsdp->length = le32_make(sizeof(*rsdp));
	rsdp->xsdt_address = le64_make(xsdt);
	rsdp->checksum = checksum(rsdp, ACPI_RSDP_V1_BYTES);
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

static int build_all(struct table_space *space, const struct acpi_description *d)
{
	struct acpi_rsdp *rsdp = claim(space, sizeof(*rsdp));
	gpa_t tables[NR_XSDT_ENTRIES];
	gpa_t dsdt, xsdt;
	int r;

	if (rsdp == NULL)
		return -ENOSPC;
	r = build_dsdt(space, d, &dsdt);
	if (r == 0)
		r = build_fadt(space, d, dsdt, &tables[0]);
	if (r == 0)
		r = build_madt(space, d, &tables[1]);
	if (r == 0)
		r = build_mcfg(space, d, &tables[2]);
	if (r == 0)
		r = build_xsdt(space, tables, &xsdt);
	if (r == 0)
		fill_rsdp(rsdp, xsdt);
	return r;
}

static bool is_describable(const struct acpi_description *d)
{
	return d->nr_cpus >= 1 && d->nr_cpus <= ACPI_MAX_CPUS && d->ecam_size_bytes >= ECAM_BYTES_PER_BUS &&
	       d->ecam_size_bytes <= 256 * (uint64_t)ECAM_BYTES_PER_BUS &&
	       d->ecam_size_bytes % ECAM_BYTES_PER_BUS == 0 &&
	       range_contains(0, UINT64_C(1) << 32, d->ecam_base, d->ecam_size_bytes) &&
	       d->pci_window_size_bytes != 0 && d->pci_window_size_bytes <= UINT64_MAX - d->pci_window_base;
}

int acpi_write_tables(const struct guest_memory *memory, gpa_t base, uint64_t size_bytes,
		      const struct acpi_description *description, gpa_t *rsdp)
{
	struct table_space space = { .base = base };
	int r;

	if (!is_describable(description) || base % TABLE_ALIGN != 0 ||
	    !range_contains(0, UINT64_C(1) << 32, base, size_bytes))
		return -EINVAL;
	if (guest_memory_at(memory, base, size_bytes) == NULL)
		return -EFAULT;
	space.capacity = size_bytes < MAX_TABLE_BYTES ? size_bytes : MAX_TABLE_BYTES;
	space.bytes = malloc(space.capacity);
	if (space.bytes == NULL)
		return -ENOMEM;
	r = build_all(&space, description);
	if (r == 0)
		r = guest_memory_write(memory, base, space.bytes, space.size);
	if (r == 0)
		*rsdp = base;
	free(space.bytes);
	return r;
}
