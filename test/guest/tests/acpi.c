/* The ACPI tables as the guest's memory holds them. What they say in detail is the unit tests' part. */
#include "test/guest/acpi.h"

#include "test/guest/boot_info.h"
#include "test/guest/tests/tests.h"
#include "test/guest/text.h"

static void rsdp_leads_to_intact_tables(const char *command_line)
{
	static const char *const signatures[] = { "FACP", "APIC", "MCFG" };
	const uint8_t *rsdp = (const void *)boot_info.rsdp;

	(void)command_line;
	expect(memcmp(rsdp, "RSD PTR ", 8) == 0);
	expect_equal(acpi_sum(rsdp, 20), 0);
	expect_equal(acpi_sum(rsdp, 36), 0);
	for (unsigned int i = 0; i < 3; i++) {
		const struct acpi_header *table = acpi_find(signatures[i]);

		expect(table != NULL);
		if (table != NULL)
			expect_equal(acpi_sum(table, table->length), 0);
	}
}

/* Kernels without a boot protocol's word look for it at 16-byte steps in the BIOS area. */
static void rsdp_is_found_by_a_search(const char *command_line)
{
	uint64_t at = 0xe0000;

	(void)command_line;
	while (at < 0x100000 && memcmp((const void *)at, "RSD PTR ", 8) != 0)
		at += 16;
	expect_equal(at, boot_info.rsdp);
}

static void fadt_leads_to_the_dsdt(const char *command_line)
{
	const struct acpi_fadt *fadt = acpi_find("FACP");
	const struct acpi_header *dsdt;

	(void)command_line;
	if (fadt == NULL || fadt->x_dsdt == 0) {
		expect(!"a FADT with a DSDT");
		return;
	}
	dsdt = (const void *)fadt->x_dsdt;
	expect(memcmp(dsdt->signature, "DSDT", 4) == 0);
	expect_equal(acpi_sum(dsdt, dsdt->length), 0);
	expect(fadt->flags & UINT32_C(1) << 20);
}

const struct test tests_acpi[] = {
	{ "rsdp_leads_to_intact_tables", rsdp_leads_to_intact_tables },
	{ "rsdp_is_found_by_a_search", rsdp_is_found_by_a_search },
	{ "fadt_leads_to_the_dsdt", fadt_leads_to_the_dsdt },
	TEST_END,
};
