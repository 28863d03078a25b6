/* The definition block of the machine: its devices in ACPI's namespace. */
#ifndef VMM_TABLES_DSDT_H
#define VMM_TABLES_DSDT_H

#include <stddef.h>

#include "vmm/tables/acpi.h"

/* Writes the AML of the DSDT, without the table header. The number of bytes, or -ENOSPC. */
__attribute__((warn_unused_result)) int dsdt_write(const struct acpi_description *description, void *buffer,
						   size_t capacity);

#endif
