foreach(part text grub bls extlinux entries)
	mote_unit_test(firmware_${part}
		SOURCES firmware_${part}_test.c firmware_fake_fs.c firmware_said.c
		LINKS firmware_config)
endforeach()
