mote_fuzz_target(fw_config
	SOURCES fuzz_fw_config.c ../unit/firmware_fake_fs.c ../unit/firmware_said.c
	LINKS firmware_config)

if(MOTE_FUZZ)
	add_executable(seeds-fw_config ${PROJECT_SOURCE_DIR}/test/fuzz/fw_config_seeds.c)
	target_link_libraries(seeds-fw_config PRIVATE mote_options)
	target_include_directories(seeds-fw_config PRIVATE ${PROJECT_SOURCE_DIR})
endif()
