mote_unit_test(firmware_fs_path
	SOURCES firmware_fs_path_test.c firmware_disk.c firmware_said.c ../firmware/unpack.c
	LINKS firmware_fs firmware_core vmm_boot)
foreach(part fs_erofs fs_ext fs_fat fs_squashfs)
	mote_unit_test(firmware_${part}
		SOURCES firmware_${part}_test.c firmware_fs_support.c firmware_disk.c firmware_said.c
			../firmware/unpack.c
		LINKS firmware_fs firmware_core vmm_boot)
endforeach()
foreach(part fs_lz4 fs_lzo)
	mote_unit_test(firmware_${part} SOURCES firmware_${part}_test.c firmware_lz_support.c LINKS firmware_fs)
endforeach()
foreach(part table lvm)
	mote_unit_test(firmware_volume_${part}
		SOURCES firmware_volume_${part}_test.c firmware_disk.c firmware_said.c
		LINKS firmware_volume firmware_core)
endforeach()
