# Debian on disks as installers lay them out: what would be started. Sourced by run.sh.
# shellcheck shell=bash

V11=(5.10.0-28-amd64 5.10.0-9-amd64)
V12=(6.1.0-18-amd64 6.1.0-9-amd64)
V13=(6.12.43+deb13-amd64 6.12.9+deb13-amd64)
DEBIAN=initrd.img-%s
in_lv=/dev/mapper/vg--0-root

# Debian's GRUB, in ways to divide disks.
case_boot_gpt_ext4() {
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	esp_stub debian grub
	format esp vfat
	format root ext4
	on_gpt esp root
	boots
}
case_boot_gpt_by_parted() {
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	esp_stub debian grub
	format esp vfat
	format root ext4
	on_gpt_by_parted esp root
	boots
}
case_boot_mbr_ext4() {
	make_system $DEBIAN "${V11[@]}"
	debian_grub 0 "${V11[@]}"
	format root ext4
	on_mbr root
	boots
}
case_boot_mbr_logical_ext3_and_ext2() {
	boot_apart
	make_system $DEBIAN "${V11[@]}"
	debian_grub 0 "${V11[@]}"
	format root ext3
	format boot ext2
	on_mbr_logical boot root
	boots
}
case_boot_bare_ext4() {
	make_system $DEBIAN "${V13[@]}"
	debian_grub 0 "${V13[@]}"
	format root ext4
	on_bare_disk root
	boots
}
case_boot_two_bare_disks() {
	boot_apart
	make_system $DEBIAN "${V13[@]}"
	debian_grub 0 "${V13[@]}"
	format root xfs
	format boot ext4
	on_two_bare_disks root boot
	boots
}
case_boot_lvm_beside_boot() {
	boot_apart
	root=$in_lv
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	esp_stub debian grub
	format esp vfat
	format boot ext2
	format root ext4
	make_pv root
	on_gpt esp boot pv
	found_in_group root
	boots
}
case_boot_lvm_with_boot() {
	root=$in_lv
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	format root ext4
	make_pv root
	on_mbr pv
	found_in_group root
	boots
}
case_boot_lvm_bare() {
	boot_apart
	root=$in_lv
	make_system $DEBIAN "${V13[@]}"
	debian_grub 0 "${V13[@]}"
	format boot ext4
	format root xfs
	make_pv root boot
	on_bare_disk pv
	found_in_group root boot
	boots
}
case_boot_lvm_striped() {
	root=$in_lv
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	format root ext4
	on_two_disks_striped root
	boots
}

# Debian's GRUB on other file systems.
case_boot_ext4_of_today() {
	make_system $DEBIAN "${V13[@]}"
	debian_grub 0 "${V13[@]}"
	format root ext4 -O metadata_csum_seed,orphan_file,inline_data,sparse_super2,^resize_inode -I 256
	on_gpt root
	boots
}
case_boot_xfs() {
	make_system $DEBIAN "${V13[@]}"
	debian_grub 0 "${V13[@]}"
	esp_stub debian grub
	format esp vfat
	format root xfs -m bigtime=1,inobtcount=1,reflink=1,rmapbt=1 -i nrext64=1
	on_gpt esp root
	boots
}
case_boot_btrfs() {
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	format root btrfs
	on_gpt root
	boots
}
on_subvolume() { # on_subvolume NAME [MOUNT_OPTIONS]: its path is part of what GRUB is told
	prefix=/$1/boot root_flags=rootflags=subvol=$1
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	esp_stub debian grub
	format esp vfat
	format_subvolume root "$@"
	on_gpt esp root
	boots
}
case_boot_btrfs_debian() { on_subvolume @rootfs; }
case_boot_btrfs_ubuntu() { on_subvolume @; }
case_boot_btrfs_zstd() { on_subvolume @rootfs ,compress-force=zstd; }
case_boot_btrfs_zlib() { on_subvolume @ ,compress-force=zlib; }
# The root is the default subvolume, and paths begin there.
case_boot_btrfs_default_subvolume() {
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	mkdir -p empty
	make_btrfs root.img 112M empty -U "${uuid[root]}"
	mounted root.img "" subvolume @ root
	mounted root.img "" bash -c 'btrfs subvolume set-default "$(btrfs subvolume list . | cut -d " " -f 2)" .'
	is[root]="btrfs, UUID ${uuid[root]}"
	on_mbr root
	boots
}
