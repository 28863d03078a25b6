mote_fuzz_target(boot_kernel SOURCES fuzz_boot_kernel.c LINKS vmm_boot)

if(MOTE_FUZZ AND MOTE_TESTS)
	add_executable(fuzz-boot-seeds ${PROJECT_SOURCE_DIR}/test/fuzz/boot_seeds.c
		${PROJECT_SOURCE_DIR}/test/unit/boot_support.c)
	target_link_libraries(fuzz-boot-seeds PRIVATE mote_options vmm_boot)
endif()
