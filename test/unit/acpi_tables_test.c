/* The ACPI tables as a guest finds them: by the RSDP, through checksums, to what each says of the machine. */
#include "vmm/tables/acpi.h"

#include <errno.h>
#include <string.h>

#include "test/unit/acpi_machine.h"
#include "test/unit/unit.h"
#include "vmm/tables/acpi_layout.h"

#define BASE 0xe0000
#define SPACE_BYTES 0x20000

static struct guest_memory memory;

static void make_memory(void)
{
	struct guest_region low = { .base = 0, .size_bytes = 1 << 20 };

	ck_assert_int_eq(guest_memory_create(&low, 1, &memory), 0);
}

static void drop_memory(void)
{
	guest_memory_destroy(&memory);
}

static uint8_t sum(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint8_t total = 0;

	while (len-- > 0)
		total = (uint8_t)(total + *p++);
	return total;
}

/* A table inside the space that was given to it, whose bytes sum to zero. */
static const struct acpi_header *table_at(uint64_t address)
{
	const struct acpi_header *header;

	ck_assert_uint_ge(address, BASE);
	ck_assert_uint_eq(address % 16, 0);
	header = guest_memory_at(&memory, address, sizeof(*header));
	ck_assert_ptr_nonnull(header);
	ck_assert_uint_ge(le32_get(header->length), sizeof(*header));
	ck_assert_uint_le(le32_get(header->length), BASE + SPACE_BYTES - address);
	ck_assert_uint_eq(sum(header, le32_get(header->length)), 0);
	return header;
}

/* The RSDP leads to the XSDT, which lists `signature` once. */
static const void *find(const char *signature)
{
	const struct acpi_rsdp *rsdp = guest_memory_at(&memory, BASE, sizeof(*rsdp));
	const struct acpi_header *xsdt = table_at(le64_get(rsdp->xsdt_address));
	const struct acpi_header *found = NULL;
	size_t nr = (le32_get(xsdt->length) - sizeof(*xsdt)) / sizeof(le64);

	ck_assert_mem_eq(xsdt->signature, "XSDT", 4);
	ck_assert_uint_eq((le32_get(xsdt->length) - sizeof(*xsdt)) % sizeof(le64), 0);
	for (size_t i = 0; i < nr; i++) {
		const struct acpi_header *table;
		le64 entry;

		memcpy(&entry, (const uint8_t *)(xsdt + 1) + i * sizeof(entry), sizeof(entry));
		table = table_at(le64_get(entry));
		if (memcmp(table->signature, signature, 4) == 0) {
			ck_assert_ptr_null(found);
			found = table;
		}
	}
	ck_assert_ptr_nonnull(found);
	return found;
}

static void write_tables(const struct acpi_description *description)
{
	gpa_t rsdp = 0;

	ck_assert_int_eq(acpi_write_tables(&memory, BASE, SPACE_BYTES, description, &rsdp), 0);
	ck_assert_uint_eq(rsdp, BASE);
}

START_TEST(rsdp_has_both_checksums)
{
	const struct acpi_rsdp *rsdp;

	write_tables(&machine);
	rsdp = guest_memory_at(&memory, BASE, sizeof(*rsdp));
	ck_assert_mem_eq(rsdp->signature, "RSD PTR ", 8);
	ck_assert_uint_eq(rsdp->revision, 2);
	ck_assert_uint_eq(sum(rsdp, 20), 0);
	ck_assert_uint_eq(sum(rsdp, 36), 0);
	ck_assert_uint_eq(le32_get(rsdp->length), 36);
}
END_TEST

START_TEST(fadt_declares_reduced_hardware_and_no_legacy)
{
	const struct acpi_fadt *fadt;
	uint32_t flags;

	write_tables(&machine);
	fadt = find("FACP");
	flags = le32_get(fadt->flags);
	ck_assert_uint_eq(fadt->header.revision, 6);
	ck_assert_uint_eq(le32_get(fadt->header.length), 276);
	ck_assert_uint_ne(flags & (1u << 20), 0); /* HW_REDUCED_ACPI */
	ck_assert_uint_ne(flags & (1u << 10), 0); /* RESET_REG_SUP */
	ck_assert_uint_eq(le16_get(fadt->boot_flags), 0x34); /* no VGA, no ASPM, no RTC; no 8042; MSI allowed */
	for (size_t i = 0; i < sizeof(fadt->fixed_hardware); i++)
		ck_assert_uint_eq(fadt->fixed_hardware[i], 0);
}
END_TEST

static void expect_io_byte(const struct acpi_address *address, uint64_t port)
{
	ck_assert_uint_eq(address->space, 1);
	ck_assert_uint_eq(address->bit_width, 8);
	ck_assert_uint_eq(address->bit_offset, 0);
	ck_assert_uint_eq(address->access_size, 1);
	ck_assert_uint_eq(le64_get(address->address), port);
}

START_TEST(fadt_points_at_sleep_and_reset_registers)
{
	const struct acpi_fadt *fadt;

	write_tables(&machine);
	fadt = find("FACP");
	expect_io_byte(&fadt->sleep_control, 0x600);
	expect_io_byte(&fadt->sleep_status, 0x601);
	expect_io_byte(&fadt->reset_register, 0x602);
	ck_assert_uint_eq(fadt->reset_value, 0x42);
}
END_TEST

START_TEST(fadt_points_at_the_dsdt_both_ways)
{
	const struct acpi_fadt *fadt;

	write_tables(&machine);
	fadt = find("FACP");
	ck_assert_mem_eq(table_at(le64_get(fadt->x_dsdt))->signature, "DSDT", 4);
	ck_assert_uint_eq(le32_get(fadt->dsdt), le64_get(fadt->x_dsdt));
	ck_assert_uint_eq(table_at(le32_get(fadt->dsdt))->revision, 2); /* 64-bit integers */
}
END_TEST

struct madt_view {
	unsigned int nr_cpus; /* each APIC ID in its place */
	unsigned int nr_x2apic;
	unsigned int nr_ioapics;
	unsigned int nr_nmi;
	uint32_t overrides; /* by GSI */
};

static void walk_madt(struct madt_view *view)
{
	const struct acpi_madt *madt = find("APIC");
	const uint8_t *at = (const uint8_t *)(madt + 1);
	const uint8_t *end = (const uint8_t *)madt + le32_get(madt->header.length);

	*view = (struct madt_view){ 0 };
	ck_assert_uint_eq(le32_get(madt->lapic_address), 0xfee00000);
	ck_assert_uint_eq(le32_get(madt->flags), 0);
	while (at < end) {
		const struct acpi_madt_override *override = (const void *)at;

		ck_assert_int_ge(end - at, 2);
		ck_assert_uint_ge(at[1], 2);
		ck_assert_int_le(at[1], end - at);
		switch (at[0]) {
		case ACPI_MADT_LAPIC:
			ck_assert_uint_eq(((const struct acpi_madt_lapic *)at)->apic_id, view->nr_cpus);
			ck_assert_uint_eq(((const struct acpi_madt_lapic *)at)->processor_uid, view->nr_cpus);
			ck_assert_uint_eq(le32_get(((const struct acpi_madt_lapic *)at)->flags), 1);
			view->nr_cpus++;
			break;
		case ACPI_MADT_X2APIC:
			ck_assert_uint_eq(le32_get(((const struct acpi_madt_x2apic *)at)->x2apic_id), view->nr_cpus);
			ck_assert_uint_eq(le32_get(((const struct acpi_madt_x2apic *)at)->flags), 1);
			view->nr_cpus++;
			view->nr_x2apic++;
			break;
		case ACPI_MADT_IOAPIC:
			ck_assert_uint_eq(le32_get(((const struct acpi_madt_ioapic *)at)->address), 0xfec00000);
			ck_assert_uint_eq(le32_get(((const struct acpi_madt_ioapic *)at)->gsi_base), 0);
			view->nr_ioapics++;
			break;
		case ACPI_MADT_OVERRIDE:
			ck_assert_uint_eq(override->source, le32_get(override->gsi));
			ck_assert_uint_eq(le16_get(override->flags), 5); /* edge, active high */
			view->overrides |= 1u << override->source;
			break;
		case ACPI_MADT_LAPIC_NMI:
			ck_assert_uint_eq(((const struct acpi_madt_lapic_nmi *)at)->lint, 1);
			view->nr_nmi++;
			break;
		default:
			ck_abort_msg("unknown MADT entry %u", at[0]);
		}
		at += at[1];
	}
	ck_assert_ptr_eq(at, end);
}

static const unsigned int cpu_counts[] = { 1, 2, 64, 254, 255, 256, 1000 };

START_TEST(madt_lists_every_cpu)
{
	struct acpi_description description = machine;
	struct madt_view view;

	description.nr_cpus = cpu_counts[_i];
	write_tables(&description);
	walk_madt(&view);
	ck_assert_uint_eq(view.nr_cpus, description.nr_cpus);
	ck_assert_uint_eq(view.nr_x2apic, description.nr_cpus > 255 ? description.nr_cpus - 255 : 0);
	ck_assert_uint_eq(view.nr_ioapics, 1);
	ck_assert_uint_eq(view.nr_nmi, 1);
}
END_TEST

START_TEST(madt_overrides_only_pins_in_use)
{
	struct acpi_description description = machine;
	struct madt_view view;

	write_tables(&description);
	walk_madt(&view);
	ck_assert_uint_eq(view.overrides, 1u << 4 | 1u << 5);
	description.serial = false;
	description.event_gsi = 16; /* not an ISA interrupt: nothing to override */
	write_tables(&description);
	walk_madt(&view);
	ck_assert_uint_eq(view.overrides, 0);
}
END_TEST

START_TEST(mcfg_allocates_the_window)
{
	struct acpi_description description = machine;
	const struct acpi_mcfg *mcfg;

	write_tables(&description);
	mcfg = find("MCFG");
	ck_assert_uint_eq(le32_get(mcfg->header.length), 60);
	ck_assert_uint_eq(le64_get(mcfg->base), 0xe0000000);
	ck_assert_uint_eq(mcfg->first_bus, 0);
	ck_assert_uint_eq(mcfg->last_bus, 0);
	description.ecam_size_bytes = 256 << 20;
	write_tables(&description);
	mcfg = find("MCFG");
	ck_assert_uint_eq(mcfg->last_bus, 255);
}
END_TEST

static size_t bytes_used(void)
{
	const uint8_t *bytes = guest_memory_at(&memory, BASE, SPACE_BYTES);
	size_t used = SPACE_BYTES;

	while (used > 0 && bytes[used - 1] == 0)
		used--;
	return used;
}

START_TEST(too_little_room_is_refused_and_nothing_is_written)
{
	size_t needed;
	gpa_t rsdp = 42;

	write_tables(&machine);
	needed = bytes_used();
	memset(guest_memory_at(&memory, BASE, SPACE_BYTES), 0, SPACE_BYTES);
	for (size_t size = 0; size < needed; size++) {
		ck_assert_int_eq(acpi_write_tables(&memory, BASE, size, &machine, &rsdp), -ENOSPC);
		ck_assert_uint_eq(bytes_used(), 0);
	}
	ck_assert_uint_eq(rsdp, 42);
	/* The last table may end in zeros, which bytes_used() can't see. */
	ck_assert_int_eq(acpi_write_tables(&memory, BASE, needed + 8, &machine, &rsdp), 0);
}
END_TEST

START_TEST(no_guest_memory_is_refused)
{
	gpa_t rsdp = 42;

	ck_assert_int_eq(acpi_write_tables(&memory, 0x200000, SPACE_BYTES, &machine, &rsdp), -EFAULT);
	ck_assert_int_eq(acpi_write_tables(&memory, (1 << 20) - 4096, 8192, &machine, &rsdp), -EFAULT);
	ck_assert_uint_eq(rsdp, 42);
}
END_TEST

START_TEST(absurd_descriptions_are_refused)
{
	struct acpi_description bad[] = { machine, machine, machine, machine, machine, machine, machine, machine };
	gpa_t rsdp = 42;

	bad[0].nr_cpus = 0;
	bad[1].nr_cpus = 1u << 30;
	bad[2].ecam_size_bytes = 0;
	bad[3].ecam_size_bytes = 4096;
	bad[4].ecam_size_bytes = UINT64_C(1) << 40;
	bad[5].ecam_base = UINT64_C(1) << 32;
	bad[6].pci_window_size_bytes = 0;
	bad[7].pci_window_base = UINT64_MAX - 4096;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(acpi_write_tables(&memory, BASE, SPACE_BYTES, &bad[i], &rsdp), -EINVAL);
	ck_assert_int_eq(acpi_write_tables(&memory, BASE + 1, SPACE_BYTES, &machine, &rsdp), -EINVAL);
	ck_assert_int_eq(acpi_write_tables(&memory, UINT64_C(1) << 32, SPACE_BYTES, &machine, &rsdp), -EINVAL);
	ck_assert_uint_eq(rsdp, 42);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acpi tables");
	TCase *tc = tcase_create("tables");

	tcase_add_checked_fixture(tc, make_memory, drop_memory);
	tcase_add_test(tc, rsdp_has_both_checksums);
	tcase_add_test(tc, fadt_declares_reduced_hardware_and_no_legacy);
	tcase_add_test(tc, fadt_points_at_sleep_and_reset_registers);
	tcase_add_test(tc, fadt_points_at_the_dsdt_both_ways);
	tcase_add_loop_test(tc, madt_lists_every_cpu, 0, sizeof(cpu_counts) / sizeof(cpu_counts[0]));
	tcase_add_test(tc, madt_overrides_only_pins_in_use);
	tcase_add_test(tc, mcfg_allocates_the_window);
	tcase_add_test(tc, too_little_room_is_refused_and_nothing_is_written);
	tcase_add_test(tc, no_guest_memory_is_refused);
	tcase_add_test(tc, absurd_descriptions_are_refused);
	suite_add_tcase(suite, tc);
	return unit_main(suite);
}
