mote_unit_test(core_memory SOURCES core_memory_test.c LINKS vmm_core)
mote_unit_test(core_bus SOURCES core_bus_test.c LINKS vmm_core)
mote_unit_test(arch_cpuid SOURCES arch_cpuid_test.c LINKS vmm_arch)
mote_unit_test(machine_map SOURCES machine_map_test.c LINKS vmm_machine)
