mote_unit_test(aml_builder SOURCES aml_builder_test.c LINKS vmm_tables)
mote_unit_test(acpi_tables SOURCES acpi_tables_test.c LINKS vmm_tables)
mote_unit_test(acpi_dsdt SOURCES acpi_dsdt_test.c LINKS vmm_tables)
