foreach(module image payload elf relocs place cache load ranges)
	mote_unit_test(boot_${module} SOURCES boot_${module}_test.c boot_support.c LINKS vmm_boot)
endforeach()
