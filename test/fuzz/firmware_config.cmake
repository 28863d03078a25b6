mote_fuzz_target(fw_config
	SOURCES fuzz_fw_config.c ../unit/firmware_fake_fs.c ../unit/firmware_said.c
	LINKS firmware_config)

if(MOTE_FUZZ)
	add_executable(fuzz-fw-config-seeds ${PROJECT_SOURCE_DIR}/test/fuzz/fw_config_seeds.c)
	target_link_libraries(fuzz-fw-config-seeds PRIVATE mote_options)
	target_include_directories(fuzz-fw-config-seeds PRIVATE ${PROJECT_SOURCE_DIR})
endif()
