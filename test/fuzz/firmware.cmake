mote_fuzz_target(fw_fs
	SOURCES fuzz_fw_fs.c ../firmware/explore.c ../firmware/sparse_disk.c ../firmware/unpack.c
	LINKS firmware_volume firmware_fs firmware_core vmm_boot)
mote_fuzz_target(fw_volume
	SOURCES fuzz_fw_volume.c ../firmware/explore.c ../firmware/sparse_disk.c ../firmware/unpack.c
	LINKS firmware_volume firmware_fs firmware_core vmm_boot)
