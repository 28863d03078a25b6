# What GRUB's configurations of several distributions would start. Sourced by run.sh.
# shellcheck shell=bash

# Which of GRUB's entries is the default.
saved() { # saved WORD...: with GRUB_DEFAULT=saved
	make_system $DEBIAN "${V12[@]}"
	debian_grub '${saved_entry}' "${V12[@]}"
	write_grubenv root/boot/grub "$@"
	format root ext4
	on_bare_disk root
	boots
}
case_boot_saved_entry() {
	chosen=3
	saved "saved_entry=gnulinux-advanced-${uuid[root]}>gnulinux-${V12[1]}-advanced-${uuid[root]}"
}
case_boot_saved_title() {
	chosen=4
	saved "saved_entry=Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux ${V12[1]} (recovery mode)"
}
case_boot_next_entry() {
	chosen=3
	saved saved_entry=0 'next_entry=1>2'
}
case_boot_saved_for_once() {
	chosen=2
	saved 'saved_entry=1>1' prev_saved_entry=0
}
case_boot_nothing_saved() { saved; }
case_boot_saved_kernel_is_gone() { saved 'saved_entry=1>9'; }
case_boot_default_number() {
	chosen=2
	make_system $DEBIAN "${V12[@]}"
	debian_grub '1>1' "${V12[@]}"
	format root ext4
	on_gpt root
	boots
}
case_boot_options() {
	make_system $DEBIAN "${V12[@]}"
	debian_grub 0 "${V12[@]}"
	format root ext4
	on_gpt root
	chosen=3 arguments[3]+=' systemd.unit=rescue.target'
	boots --entry "gnulinux-${V12[1]}-advanced-${uuid[root]}" --append systemd.unit=rescue.target
	boots --entry 3 --append systemd.unit=rescue.target
	inspect --entry 7
	grep -qxF "failed: there is no boot entry '7'" answer
}
# What an administrator adds.
case_boot_custom_cfg() {
	make_system $DEBIAN "${V12[@]}"
	debian_grub mine "${V12[@]}"
	cat >root/boot/grub/custom.cfg <<-END
		menuentry "Mine" --id mine {
			search --set=root --file /boot/vmlinuz-${V12[1]}
			linux (\$root)/boot/vmlinuz-${V12[1]} root=UUID=${uuid[root]} "dyndbg=file a.c +p"
			initrd /boot/initrd.img-${V12[1]}
		}
	END
	entry Mine "${V12[1]}" "/boot/vmlinuz-${V12[1]} on root" "/boot/initrd.img-${V12[1]} on root" \
		"root=UUID=${uuid[root]} \"dyndbg=file a.c +p\""
	chosen=5
	format root ext4
	on_gpt root
	boots
}
# More than one initrd: a microcode's goes before the system's.
case_boot_microcode() {
	local names='intel-ucode.img amd-ucode.img initramfs-%s.img'
	mkdir -p root/boot/grub
	initrd <<<kernel/x86/microcode/GenuineIntel.bin >root/boot/intel-ucode.img
	initrd <<<kernel/x86/microcode/AuthenticAMD.bin >root/boot/amd-ucode.img
	make_system initramfs-%s.img linux linux-lts
	{ grub_header 0 && grub_menu "$names" linux linux-lts && grub_footer; } >root/boot/grub/grub.cfg
	grub_entries "$names" linux linux-lts
	format root ext4
	on_gpt root
	boots
}

# Fedora's and Red Hat's GRUB, which reads Boot Loader Specification entries.
F39=(6.5.6-300.fc39.x86_64 6.5.10-300.fc39.x86_64)
fedora() { # fedora OPTIONS EXPECTED_OPTIONS GRUBENV...: newer kernels come first
	boot_apart
	make_system initramfs-%s.img "${F39[@]}"
	fedora_entry "${F39[1]}" "$1" "$2"
	fedora_entry "${F39[0]}" "$1" "$2"
	fedora_grub "${@:3}"
	format esp vfat
}
case_boot_fedora() {
	fedora "root=$root ro rootflags=subvol=root rhgb quiet" "root=$root ro rootflags=subvol=root rhgb quiet " \
		"saved_entry=$machine-${F39[1]}" menu_auto_hide=1
	format boot ext4
	format_subvolume root root ,compress-force=zstd:1
	on_gpt esp boot root
	boots
}
case_boot_fedora_saved() {
	chosen=1
	fedora "root=$root ro" "root=$root ro " "saved_entry=$machine-${F39[0]}"
	format boot xfs
	format root xfs
	on_gpt esp boot root
	boots
}
case_boot_red_hat_8() {
	root=$in_lv
	fedora '$kernelopts' "root=$in_lv ro rd.lvm.lv=vg-0/root rhgb quiet  " "saved_entry=$machine-${F39[1]}" \
		"kernelopts=root=$in_lv ro rd.lvm.lv=vg-0/root rhgb quiet "
	format boot xfs
	format root xfs
	make_pv root
	on_gpt esp boot pv
	found_in_group root
	boots
}
case_boot_red_hat_without_environment() {
	fedora '$kernelopts' "root=$root ro fallback  " ''
	rm boot/grub2/grubenv
	format boot ext4
	format root xfs
	on_mbr boot root
	boots
}
