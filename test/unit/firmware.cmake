mote_unit_test(firmware_core
	SOURCES firmware_core_test.c firmware_said.c ../../firmware/core/bytes.c
	LINKS firmware_core)
foreach(module kernel menu root)
	mote_unit_test(firmware_${module}
		SOURCES firmware_${module}_test.c firmware_fake_call.c firmware_said.c
		LINKS firmware_loader)
endforeach()
# The firmware's own copies of what the C library has, under other names.
if(TARGET test-firmware_core)
	set(names memcpy memmove memset memcmp strlen strcmp strncmp strchr)
	list(TRANSFORM names REPLACE "(.+)" "\\1=fw_\\1")
	set_source_files_properties(${PROJECT_SOURCE_DIR}/test/unit/../../firmware/core/bytes.c
		TARGET_DIRECTORY test-firmware_core PROPERTIES COMPILE_DEFINITIONS "${names}")
endif()
