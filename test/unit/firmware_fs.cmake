foreach(part fs_path fs_ext fs_fat)
	mote_unit_test(firmware_${part}
		SOURCES firmware_${part}_test.c firmware_disk.c firmware_said.c ../firmware/unpack.c
		LINKS firmware_fs firmware_core vmm_boot)
endforeach()
mote_unit_test(firmware_fs_lzo SOURCES firmware_fs_lzo_test.c LINKS firmware_fs)
foreach(part table lvm)
	mote_unit_test(firmware_volume_${part}
		SOURCES firmware_volume_${part}_test.c firmware_disk.c firmware_said.c
		LINKS firmware_volume firmware_core)
endforeach()
