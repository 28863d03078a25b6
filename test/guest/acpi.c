#include "test/guest/acpi.h"

#include "test/guest/boot_info.h"
#include "test/guest/text.h"

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
} __attribute__((packed));

const void *acpi_find(const char *signature)
{
	const struct rsdp *rsdp = (const void *)boot_info.rsdp;
	const struct acpi_header *root;
	size_t entry_bytes, nr;

	if (rsdp == NULL)
		return NULL;
	entry_bytes = rsdp->revision >= 2 ? 8 : 4;
	root = (const void *)(rsdp->revision >= 2 ? rsdp->xsdt : rsdp->rsdt);
	nr = (root->length - sizeof(*root)) / entry_bytes;
	for (size_t i = 0; i < nr; i++) {
		const struct acpi_header *table;
		uint64_t address = 0;

		memcpy(&address, (const uint8_t *)(root + 1) + entry_bytes * i, entry_bytes);
		table = (const void *)address;
		if (memcmp(table->signature, signature, 4) == 0)
			return table;
	}
	return NULL;
}

uint8_t acpi_sum(const void *table, size_t length)
{
	const uint8_t *bytes = table;
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum;
}
