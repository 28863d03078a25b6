mote_fuzz_target(boot_kernel SOURCES fuzz_boot_kernel.c LINKS vmm_boot)

if(MOTE_FUZZ)
	add_executable(seeds-boot_kernel ${PROJECT_SOURCE_DIR}/test/fuzz/boot_seeds.c
		${PROJECT_SOURCE_DIR}/test/unit/boot_support.c)
	target_include_directories(seeds-boot_kernel PRIVATE ${PROJECT_SOURCE_DIR})
	target_link_libraries(seeds-boot_kernel PRIVATE mote_options vmm_boot)
endif()
